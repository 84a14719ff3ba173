namespace Dicom.Migration.Testing;

/// <summary>A deflate stream (RFC 1951) of fixed codes, whose only matches are runs of one byte: the same bytes on every
/// machine, which the runtime's own compressor does not promise.</summary>
internal sealed class RawDeflate
{
    private readonly List<byte> _out = [];
    private uint _bits;
    private int _count;

    /// <param name="input">What to deflate.</param>
    /// <param name="zerosAfter">How many zeros follow it, at 2 bits for 258 of them.</param>
    public static byte[] Deflate(ReadOnlySpan<byte> input, int zerosAfter = 0)
    {
        var writer = new RawDeflate();
        writer.Put(zerosAfter == 0 ? 1u : 0, 1); // whether it is the last block
        writer.Put(1, 2); // of fixed codes
        for (var i = 0; i < input.Length;)
        {
            writer.Symbol(input[i]);
            var run = 0;
            while (i + 1 + run < input.Length && input[i + 1 + run] == input[i]) run++;
            i++;
            for (; run >= 258; run -= 258, i += 258)
            {
                writer.Symbol(285); // length 258, no extra bits
                writer.Code(0, 5);  // distance 1
            }
            for (; run > 0; run--, i++) writer.Symbol(input[i]);
        }
        writer.Symbol(256);
        if (zerosAfter > 0) writer.Zeros(zerosAfter);
        if (writer._count > 0) writer._out.Add((byte)writer._bits);
        return [.. writer._out];
    }

    /// <summary>The last block, of dynamic codes (RFC 1951 §3.2.7): 285 (length 258) is 0, literal 0 is 10, 256 (end) is 11; the only distance, 1, is 0.</summary>
    private void Zeros(int count)
    {
        Put(1, 1);
        Put(2, 2);
        Put(286 - 257, 5);
        Put(0, 5);      // one distance code
        Put(18 - 4, 4); // code lengths of the code length alphabet, in the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1
        foreach (var length in (ReadOnlySpan<byte>)[0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2]) Put(length, 3);
        Code(0b11, 2); // symbol 0 has 2 bits
        Skip(138);
        Skip(255 - 138);
        Code(0b11, 2); // symbol 256 has 2 bits
        Skip(28);
        Code(0b10, 2); // symbol 285 has 1 bit
        Code(0b10, 2); // distance 1 has 1 bit
        Code(0b10, 2); // a first zero, which the runs repeat
        for (count--; count >= 258; count -= 258) Put(0, 2);
        for (; count > 0; count--) Code(0b10, 2);
        Code(0b11, 2);

        void Skip(int unused)
        {
            Code(0, 1); // 18: repeat 0, 11 to 138 times
            Put((uint)unused - 11, 7);
        }
    }

    /// <summary>RFC 1951 §3.2.6.</summary>
    private void Symbol(int symbol)
    {
        if (symbol <= 143) Code(0x30 + symbol, 8);
        else if (symbol <= 255) Code(0x190 + symbol - 144, 9);
        else if (symbol <= 279) Code(symbol - 256, 7);
        else Code(0xC0 + symbol - 280, 8);
    }

    /// <summary>Huffman codes are packed from their most significant bit, everything else from its least (RFC 1951 §3.1.1).</summary>
    private void Code(int code, int bits)
    {
        for (var i = bits - 1; i >= 0; i--) Put((uint)(code >> i) & 1, 1);
    }

    private void Put(uint value, int bits)
    {
        _bits |= value << _count;
        for (_count += bits; _count >= 8; _count -= 8, _bits >>= 8) _out.Add((byte)_bits);
    }
}
