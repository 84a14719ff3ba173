using System.Text;

namespace Dicom.Migration.DataSets;

/// <summary>One graphic set of ISO 2022: 94 or 96 characters, or 94 times 94, designated to G0 or G1 by an escape (PS3.3 §C.12.1.1.2).</summary>
/// <remarks>Codes are without their high bits: 0x20 to 0x7F, or two of 0x21 to 0x7E. Tables are made of the framework's code pages when first used.</remarks>
internal sealed class CodedCharacterSet
{
    private readonly Lazy<(char[] Decode, Dictionary<char, ushort> Encode)> _tables;

    /// <param name="registration">Number in the ISO registry, as in ISO_IR 100.</param>
    /// <param name="escape">What follows ESC.</param>
    /// <param name="isG1">Used with the high bit.</param>
    /// <param name="bytes">Bytes a character: 1 or 2.</param>
    /// <param name="decode">The character of a code, or U+FFFD.</param>
    /// <param name="isExtension">A vendor's addition, read but never written.</param>
    internal CodedCharacterSet(int registration, string escape, bool isG1, int bytes, Func<int, char> decode, Func<int, bool>? isExtension = null)
    {
        (Registration, Escape, IsG1, IsDoubleByte) = (registration, Encoding.ASCII.GetBytes(escape), isG1, bytes == 2);
        _tables = new(() => Build(bytes, decode, isExtension));
    }

    internal int Registration { get; }
    internal byte[] Escape { get; }
    internal bool IsG1 { get; }
    internal bool IsDoubleByte { get; }

    /// <summary>The character of a code, or U+FFFD.</summary>
    internal char Decode(int first, int second = 0x20)
    {
        var table = _tables.Value.Decode;
        var index = IsDoubleByte ? ((first - 0x20) * 96) + second - 0x20 : first - 0x20;
        return (uint)index < (uint)table.Length ? table[index] : '\uFFFD';
    }

    internal bool TryEncode(char character, out ushort code) => _tables.Value.Encode.TryGetValue(character, out code);

    private static (char[], Dictionary<char, ushort>) Build(int bytes, Func<int, char> decode, Func<int, bool>? isExtension)
    {
        var table = new char[bytes == 2 ? 96 * 96 : 96];
        var reverse = new Dictionary<char, ushort>();
        for (var index = 0; index < table.Length; index++)
        {
            var code = bytes == 2 ? ((0x20 + (index / 96)) << 8) | (0x20 + (index % 96)) : 0x20 + index;
            var outside = bytes == 2 && (code >> 8 is 0x20 or 0x7F || (code & 0xFF) is 0x20 or 0x7F);
            table[index] = outside ? '\uFFFD' : decode(code);
            if (table[index] != '\uFFFD' && isExtension?.Invoke(code) != true) reverse.TryAdd(table[index], (ushort)code);
        }

        return (table, reverse);
    }
}
