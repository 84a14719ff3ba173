using System.Globalization;

namespace Dicom.Migration.DataSets;

/// <summary>How a value in JSON stands to the one of a data set; the worse, the higher.</summary>
internal enum JsonMatch { Same, NotCompared, Different }

/// <summary>Compares two values by what they mean.</summary>
internal static class JsonValueComparison
{
    public static JsonMatch Compare(DataElement ours, SpecificCharacterSet ourSet, DataElement theirs, SpecificCharacterSet theirSet)
    {
        // Without a VR of its own it is read as the other side says. What a server has as UN it passes on in the character set that it came in.
        if (IsRaw(ours.Vr)) return Compare(new DicomValue(theirs.Vr, ours.Value, false, ourSet), new DicomValue(theirs.Vr, theirs.Value, false, theirSet));
        var own = new DicomValue(ours.Vr, LittleEndian(ours), false, ourSet);
        return Compare(own, IsRaw(theirs.Vr) ? new DicomValue(ours.Vr, theirs.Value, false, ourSet) : new DicomValue(theirs.Vr, theirs.Value, false, theirSet));
    }

    public static bool IsRaw(DicomVr vr) => vr == DicomVr.UN || !vr.IsKnown;

    private static JsonMatch Compare(DicomValue ours, DicomValue theirs)
    {
        if (ours.Vr.IsText != theirs.Vr.IsText) return JsonMatch.Different;
        if (ours.Vr.IsText) return CompareText(ours, theirs);
        return Unpadded(ours, theirs.Bytes.Length).SequenceEqual(Unpadded(theirs, ours.Bytes.Length)) || AreSameNumbers(ours, theirs) ? JsonMatch.Same : JsonMatch.Different;
    }

    /// <summary>Without the zero that makes an odd length even wherever it is written (PS3.5 §7.1.1).</summary>
    private static ReadOnlySpan<byte> Unpadded(DicomValue value, int other) =>
        (other & 1) == 1 && value.Bytes.Length == other + 1 && value.Bytes.Span[^1] == 0 ? value.Bytes.Span[..^1] : value.Bytes.Span;

    private static JsonMatch CompareText(DicomValue ours, DicomValue theirs)
    {
        var (own, other) = (Texts(ours, out var problems), Texts(theirs, out _));
        if ((problems & (TextProblems.MalformedBytes | TextProblems.UnknownEscape)) != TextProblems.None) return JsonMatch.NotCompared;
        if (own.Length != other.Length) return JsonMatch.Different;
        var areNumbers = IsNumber(ours.Vr) && IsNumber(theirs.Vr);
        for (var i = 0; i < own.Length; i++)
            if (own[i] != other[i] && !(areNumbers && IsSameNumber(own[i], other[i]))) return JsonMatch.Different;
        return JsonMatch.Same;
    }

    private static string[] Texts(DicomValue value, out TextProblems problems)
    {
        var texts = value.GetStrings(out problems);
        if (value.Vr == DicomVr.PN)
            for (var i = 0; i < texts.Length; i++) texts[i] = string.Join('=', texts[i].Split('=').Select(static group => group.TrimEnd('^', ' '))).TrimEnd('=');
        return texts is [""] ? [] : texts;
    }

    private static bool IsNumber(DicomVr vr) => vr == DicomVr.DS || vr == DicomVr.IS;

    private static bool IsSameNumber(string ours, string theirs)
    {
        if (long.TryParse(ours, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) && long.TryParse(theirs, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var other)) return whole == other;
        return Real(ours) is { } real && real == Real(theirs);
    }

    private static double? Real(string text) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    /// <summary>Of binary numbers in other lengths, and of those of which there are two: 0 and -0, and the many that are none.</summary>
    private static bool AreSameNumbers(DicomValue ours, DicomValue theirs)
    {
        if (!IsBinaryNumber(ours.Vr) || !IsBinaryNumber(theirs.Vr) || ours.Count != theirs.Count) return false;
        for (var i = 0; i < ours.Count; i++)
        {
            var isSame = ours.TryGetInt64(out var whole, i) && theirs.TryGetInt64(out var otherWhole, i) ? whole == otherWhole
                : ours.TryGetUInt64(out var large, i) && theirs.TryGetUInt64(out var otherLarge, i) ? large == otherLarge
                : IsFloat(ours.Vr) && IsFloat(theirs.Vr) && ours.TryGetDouble(out var real, i) && theirs.TryGetDouble(out var otherReal, i) && real.Equals(otherReal);
            if (!isSame) return false;
        }
        return true;
    }

    private static bool IsFloat(DicomVr vr) => vr == DicomVr.FL || vr == DicomVr.FD;

    private static bool IsBinaryNumber(DicomVr vr) => IsFloat(vr) || vr == DicomVr.SL || vr == DicomVr.SS || vr == DicomVr.SV || vr == DicomVr.UL || vr == DicomVr.US || vr == DicomVr.UV;

    private static ReadOnlyMemory<byte> LittleEndian(DataElement element)
    {
        var unit = element.Vr.UnitLength;
        if (!element.IsBigEndian || unit == 1) return element.Value;
        var bytes = element.Value.ToArray();
        for (var at = 0; at + unit <= bytes.Length; at += unit) bytes.AsSpan(at, unit).Reverse();
        return bytes;
    }
}
