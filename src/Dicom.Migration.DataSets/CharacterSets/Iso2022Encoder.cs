namespace Dicom.Migration.DataSets;

/// <summary>Writes text with code extensions, with as few escapes as a writer needs that looks at one character at a time.</summary>
internal sealed class Iso2022Encoder(CodedCharacterSet g0, CodedCharacterSet? g1, CodedCharacterSet[] declared, bool hasExtensions)
{
    /// <returns><see langword="null"/> if a character is in none of the sets.</returns>
    internal byte[]? Encode(ReadOnlySpan<char> text, DicomVr vr)
    {
        var bytes = new List<byte>(text.Length + 8);
        var (low, high) = (g0, g1);
        foreach (var character in text)
        {
            if (character == 0x1B) return null;
            if (TextRules.IsDelimiter(character, vr))
            {
                Reset(bytes, ref low, ref high);
                bytes.Add((byte)character);
                continue;
            }

            var set = Choose(character, low, high, vr, out var code);
            if (set is null) return null;
            if (set != (set.IsG1 ? high : low))
            {
                Designate(bytes, set);
                if (set.IsG1) high = set;
                else low = set;
            }

            var bit = set.IsG1 ? 0x80 : 0;
            if (set.IsDoubleByte) bytes.Add((byte)((code >> 8) | bit));
            bytes.Add((byte)((code & 0xFF) | bit));
        }

        Reset(bytes, ref low, ref high);
        return [.. bytes];
    }

    private CodedCharacterSet? Choose(char character, CodedCharacterSet low, CodedCharacterSet? high, DicomVr vr, out ushort code)
    {
        if (Holds(low, character, vr, out code)) return low;
        if (high is not null && Holds(high, character, vr, out code)) return high;
        if (Holds(g0, character, vr, out code)) return g0;
        if (g1 is not null && Holds(g1, character, vr, out code)) return g1;
        if (!hasExtensions) return null;
        foreach (var set in declared)
            if (Holds(set, character, vr, out code)) return set;
        return null;
    }

    // A yen sign would be read as a delimiter where its code is one.
    private static bool Holds(CodedCharacterSet set, char character, DicomVr vr, out ushort code) =>
        set.TryEncode(character, out code) && (set.IsDoubleByte || set.IsG1 || !TextRules.IsDelimiter(code, vr));

    private void Reset(List<byte> bytes, ref CodedCharacterSet low, ref CodedCharacterSet? high)
    {
        if (low != g0) Designate(bytes, g0);
        if (high != g1 && g1 is not null) Designate(bytes, g1);
        (low, high) = (g0, g1);
    }

    private static void Designate(List<byte> bytes, CodedCharacterSet set)
    {
        bytes.Add(0x1B);
        bytes.AddRange(set.Escape);
    }
}
