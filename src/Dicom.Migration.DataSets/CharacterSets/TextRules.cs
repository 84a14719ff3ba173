namespace Dicom.Migration.DataSets;

/// <summary>Which characters part values and components (PS3.5 §6.1.2.5.3, §6.2, §6.4).</summary>
internal static class TextRules
{
    /// <summary>LT, ST, UT and UR hold one value each, in which a backslash is a character.</summary>
    internal static bool IsSingleValued(DicomVr vr) => vr == DicomVr.LT || vr == DicomVr.ST || vr == DicomVr.UT || vr == DicomVr.UR;

    /// <summary>The first set is in force again before these. Of the control characters all but ESC are taken so.</summary>
    internal static bool IsDelimiter(int character, DicomVr vr) => character switch
    {
        0x1B => false,
        < 0x20 => true,
        '\\' => !IsSingleValued(vr),
        '^' or '=' => vr == DicomVr.PN,
        _ => false,
    };
}
