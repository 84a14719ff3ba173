using System.Text;

namespace Dicom.Migration.DataSets;

/// <summary>The sets of PS3.3 §C.12.1.1.2, Tables C.12-2 to C.12-4, and the code pages that hold their characters.</summary>
internal static class CodedCharacterSets
{
    internal static CodedCharacterSet Ir6 { get; } = new(6, "(B", isG1: false, 1, static code => (char)code);
    /// <summary>JIS X 0201 Roman: yen at 5C, overline at 7E.</summary>
    internal static CodedCharacterSet Ir14 { get; } = new(14, "(J", isG1: false, 1, static code => code switch { 0x5C => '\u00A5', 0x7E => '\u203E', _ => (char)code });
    /// <summary>JIS X 0201 Katakana.</summary>
    internal static CodedCharacterSet Ir13 { get; } = new(13, ")I", isG1: true, 1, static code => code is >= 0x21 and <= 0x5F ? (char)(0xFF40 + code) : '\uFFFD', null);

    internal static CodedCharacterSet[] All { get; } =
    [
        Ir6, Ir14, Ir13,
        Single(100, "-A", 28591), Single(101, "-B", 28592), Single(109, "-C", 28593), Single(110, "-D", 28594), Single(148, "-M", 28599),
        Single(203, "-b", 28605), Single(144, "-L", 28595), Single(127, "-G", 28596), Single(126, "-F", 28597), Single(138, "-H", 28598),
        Single(166, "-T", 874),
        // JIS X 0208 and 0212. Row 13 of the one and what follows row 77 of the other are vendors' additions.
        new(87, "$B", isG1: false, 2, static code => Pair(20932, code | 0x8080), static code => code >> 8 == 0x2D),
        new(159, "$(D", isG1: false, 2, static code => Pair(20932, code | 0x8000), static code => code >> 8 > 0x6D),
        new(149, "$)C", isG1: true, 2, static code => Pair(20949, code | 0x8080)),
        new(58, "$)A", isG1: true, 2, static code => Pair(20936, code | 0x8080)),
    ];

    internal static CodedCharacterSet? Find(int registration) => Array.Find(All, set => set.Registration == registration);

    /// <summary>A code page of the framework, without registering it for the whole process.</summary>
    internal static Encoding CodePage(int number, bool strict = false)
    {
        EncoderFallback encoder = strict ? EncoderFallback.ExceptionFallback : EncoderFallback.ReplacementFallback;
        var decoder = new DecoderReplacementFallback("\uFFFD");
        return number is 65001 or 28591 ? Encoding.GetEncoding(number, encoder, decoder) : CodePagesEncodingProvider.Instance.GetEncoding(number, encoder, decoder)!;
    }

    /// <summary>The character of two bytes of a code page, or U+FFFD.</summary>
    internal static char Pair(int codePage, int bytes) => One(CodePage(codePage), [(byte)(bytes >> 8), (byte)bytes]);

    private static CodedCharacterSet Single(int registration, string escape, int codePage) =>
        new(registration, escape, isG1: true, 1, code => One(CodePage(codePage), [(byte)(code | 0x80)]));

    // Code pages fill their holes with private use characters and with C1 controls; to us they are holes.
    private static char One(Encoding encoding, ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[4];
        return encoding.GetChars(bytes, text) == 1 && text[0] is >= '\u00A0' and not (>= '\uE000' and <= '\uF8FF') ? text[0] : '\uFFFD';
    }
}
