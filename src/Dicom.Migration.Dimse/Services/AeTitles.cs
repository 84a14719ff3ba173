namespace Dicom.Migration.Dimse.Services;

/// <summary>What an AE title may be (PS3.5 §6.2, VR AE).</summary>
internal static class AeTitles
{
    /// <summary>Whether it has 1 to 16 characters of the default repertoire, none of them a control or a backslash, and not spaces alone.</summary>
    public static bool IsValid(string title) => title.Length is > 0 and <= 16 && !string.IsNullOrWhiteSpace(title) && title.All(static c => c is >= ' ' and <= '~' and not '\\');
}
