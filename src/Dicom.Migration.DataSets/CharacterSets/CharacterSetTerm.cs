using System.Globalization;

namespace Dicom.Migration.DataSets;

/// <summary>A term of (0008,0005), understood.</summary>
/// <param name="Registration">ISO registration number; 6 for an empty or unknown term.</param>
/// <param name="HasExtensions">Of the form ISO 2022 IR n.</param>
/// <param name="CodePage">Not 0 for UTF-8, GB18030 and GBK, which stand alone.</param>
/// <param name="Finding">What is wrong with it, if anything.</param>
internal readonly record struct CharacterSetTerm(int Registration, bool HasExtensions, int CodePage, CharacterSetFindingKind? Finding)
{
    /// <param name="term">As it stands in the data set, padding and all.</param>
    internal static CharacterSetTerm Parse(string term)
    {
        var exact = term.Trim(' ', '\0');
        if (exact.Length == 0) return new(6, HasExtensions: false, 0, Finding: null);
        var letters = string.Concat(exact.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();
        var (codePage, canonical) = letters switch
        {
            "ISOIR192" or "ISO2022IR192" or "UTF8" => (65001, "ISO_IR 192"),
            "GB18030" => (54936, "GB18030"),
            "GBK" => (936, "GBK"),
            _ => (0, ""),
        };
        if (codePage != 0) return new(0, HasExtensions: false, codePage, Misspelt(exact, canonical));

        var extensions = letters.StartsWith("ISO2022IR", StringComparison.Ordinal);
        var digits = extensions ? letters[9..] : letters.StartsWith("ISOIR", StringComparison.Ordinal) ? letters[5..] : LatinName(letters);
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || CodedCharacterSets.Find(number) is not { } set)
            return new(6, extensions, 0, CharacterSetFindingKind.UnknownTerm);
        var finding = Misspelt(exact, string.Create(CultureInfo.InvariantCulture, $"{(extensions ? "ISO 2022 IR" : "ISO_IR")} {number}"));
        if (!extensions && (set.IsDoubleByte || number is 6 or 14)) finding ??= CharacterSetFindingKind.TermWithoutCodeExtensions;
        return new(number, extensions || set.IsDoubleByte, 0, finding);
    }

    private static CharacterSetFindingKind? Misspelt(string term, string canonical) =>
        string.Equals(term, canonical, StringComparison.Ordinal) ? null : CharacterSetFindingKind.MisspeltTerm;

    /// <summary>ISO 8859-1 is half of ISO_IR 100, and some write the one for the other.</summary>
    private static string LatinName(string letters) => letters switch
    {
        "ISO88591" or "LATIN1" => "100",
        "ISO88592" or "LATIN2" => "101",
        "ISO88593" or "LATIN3" => "109",
        "ISO88594" or "LATIN4" => "110",
        "ISO88595" => "144",
        "ISO88596" => "127",
        "ISO88597" => "126",
        "ISO88598" => "138",
        "ISO88599" or "LATIN5" => "148",
        "ISO885915" or "LATIN9" => "203",
        _ => "",
    };
}
