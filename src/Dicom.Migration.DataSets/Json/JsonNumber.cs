using System.Globalization;

namespace Dicom.Migration.DataSets;

/// <summary>Numbers that are text: IS and DS (PS3.5 §6.2), and what JSON takes for a number (RFC 8259 §6).</summary>
internal static class JsonNumber
{
    /// <summary>Whole numbers from -(2^53-1) to it are the same in every JSON reader (RFC 8259 §6).</summary>
    internal const long LargestExact = 9_007_199_254_740_991;

    /// <summary>Whether the text, digit by digit, is a JSON number that a double can hold.</summary>
    internal static bool IsJson(ReadOnlySpan<char> text)
    {
        var at = text is ['-', ..] ? 1 : 0;
        var whole = Digits(text, ref at);
        if (whole == 0 || (whole > 1 && text[at - whole] == '0')) return false;
        if (at < text.Length && text[at] == '.')
        {
            at++;
            if (Digits(text, ref at) == 0) return false;
        }
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            at++;
            if (at < text.Length && text[at] is '+' or '-') at++;
            if (Digits(text, ref at) == 0) return false;
        }
        return at == text.Length && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number);
    }

    /// <summary>Whether the text is a number as its VR has them: 32 bits of IS, any finite DS. Length is not looked at.</summary>
    internal static bool IsOf(DicomVr vr, ReadOnlySpan<char> text) => vr == DicomVr.IS
        ? int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
        : double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number);

    private static int Digits(ReadOnlySpan<char> text, ref int at)
    {
        var from = at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return at - from;
    }
}
