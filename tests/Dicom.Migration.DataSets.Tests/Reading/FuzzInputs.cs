using System.Buffers.Binary;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Makes an input of a number, the same each time, in one buffer: random bytes, random headers, or a sample with mutations.</summary>
/// <param name="samples">What is mutated.</param>
/// <param name="tags">Of random headers, or <see langword="null"/> for those of data sets.</param>
internal sealed class FuzzInputs((TransferSyntax Syntax, byte[] Bytes)[] samples, uint[]? tags = null)
{
    private static readonly uint[] DataSetTags = [0x00080000, 0x00080016, 0x00081115, 0x00081140, 0x00290010, 0x00291001, 0x00400275, 0x7FE00010, 0xFFFCFFFC,
        0xFFFEE000, 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD];
    private static readonly uint[] Lengths = [0, 0, 1, 2, 4, 8, 10, 12, 20, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF];
    private static readonly TransferSyntax[] Syntaxes = [TransferSyntax.ExplicitVrLittleEndian, TransferSyntax.ExplicitVrBigEndian, TransferSyntax.ImplicitVrLittleEndian];
    private static readonly DicomVr[] Vrs = [DicomVr.UI, DicomVr.SQ, DicomVr.SQ, DicomVr.OB, DicomVr.OW, DicomVr.UN, DicomVr.UT, DicomVr.LO, DicomVr.US, new(0x5A5A)];
    private readonly uint[] _tags = tags ?? DataSetTags;
    private readonly byte[] _buffer = new byte[samples.Max(s => s.Bytes.Length) + 256];
    private ulong _state;
    private int _end;

    /// <summary>A number from 0 to below the limit (SplitMix64: a good one in three lines, started anew by any number).</summary>
    internal int Number(int below)
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)(((z >> 33) * (ulong)below) >> 31);
    }

    /// <summary>The input of this number, valid until the next, and the encoding to read it in: most times the one it is made of.</summary>
    internal ReadOnlySpan<byte> Make(long number, out TransferSyntax syntax)
    {
        _state = (ulong)number * 0xD1B54A32D192ED03;
        syntax = Syntaxes[Number(3)];
        return _buffer.AsSpan(0, Number(8) switch { 0 => Random(), 1 or 2 => Headers(syntax), _ => Mutated(ref syntax) });
    }

    private int Random()
    {
        var length = Number(200);
        for (var i = 0; i < length; i++) _buffer[i] = (byte)Number(256);
        return length;
    }

    private int Headers(TransferSyntax syntax)
    {
        _end = 0;
        for (var i = Number(16); i >= 0 && _end < _buffer.Length - 48; i--)
        {
            var (tag, vr, length) = (_tags[Number(_tags.Length)], Vrs[Number(Vrs.Length)], Lengths[Number(Lengths.Length)]);
            Put16((ushort)(tag >> 16), syntax);
            Put16((ushort)tag, syntax);
            var isLong = true;
            if (syntax.IsExplicitVr && tag >> 16 != 0xFFFE)
            {
                (_buffer[_end++], _buffer[_end++]) = ((byte)(vr.Code >> 8), (byte)vr.Code);
                Put16((ushort)length, syntax); // reserved, where 32 bits follow
                isLong = vr.HasLongLength;
            }
            if (isLong)
            {
                Put16((ushort)(syntax.IsBigEndian ? length >> 16 : length), syntax);
                Put16((ushort)(syntax.IsBigEndian ? length : length >> 16), syntax);
            }
            // Items of a length have elements in them, and these are of the right length most times.
            if (length <= 20 && tag >> 16 != 0xFFFE) _end += Number(16) == 0 ? Number(24) : (int)length;
        }
        return _end;
    }

    private void Put16(ushort value, TransferSyntax syntax)
    {
        if (syntax.IsBigEndian) BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(_end), value);
        else BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(_end), value);
        _end += 2;
    }

    private int Mutated(ref TransferSyntax syntax)
    {
        var (own, sample) = samples[Number(samples.Length)];
        if (Number(8) != 0) syntax = own;
        sample.CopyTo(_buffer, 0);
        var length = sample.Length;
        for (var i = Number(6); i > 0 && length > 16; i--)
        {
            var (at, count) = (Number(length - 4), Number(12) + 1);
            switch (Number(6))
            {
                case 0: _buffer[at] = (byte)Number(256); break;
                case 1: _buffer[at] = Number(2) == 0 ? (byte)0xFF : (byte)0; break;
                case 2: BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(at), Lengths[Number(Lengths.Length)]); break;
                case 3 when at + count < length: // a slice is missing
                    _buffer.AsSpan(at + count, length - at - count).CopyTo(_buffer.AsSpan(at));
                    length -= count;
                    break;
                case 4 when length + count <= _buffer.Length && at + count <= length: // a slice is there twice
                    _buffer.AsSpan(at, length - at).CopyTo(_buffer.AsSpan(at + count));
                    length += count;
                    break;
                case 5 when Number(3) == 0: length = at; break;
            }
        }
        return length;
    }
}
