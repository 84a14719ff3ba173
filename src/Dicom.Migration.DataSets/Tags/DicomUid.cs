namespace Dicom.Migration.DataSets;

/// <summary>The grammar of unique identifiers (PS3.5 §9.1): 1 to 64 digits and periods, no empty component.</summary>
public static class DicomUid
{
    /// <summary>Longest UID, in characters.</summary>
    public const int MaxLength = 64;

    /// <summary>Whether a UID may be used as a name. A leading zero in a component is let pass: old archives are full of them.</summary>
    /// <param name="uid">Without padding.</param>
    public static bool IsValid(ReadOnlySpan<char> uid)
    {
        if (uid.IsEmpty || uid.Length > MaxLength || uid[0] == '.' || uid[^1] == '.') return false;
        for (var i = 0; i < uid.Length; i++)
            if (uid[i] is not (>= '0' and <= '9' or '.') || (uid[i] == '.' && uid[i - 1] == '.')) return false;
        return true;
    }
}
