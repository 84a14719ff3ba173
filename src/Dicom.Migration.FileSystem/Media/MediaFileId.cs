namespace Dicom.Migration.FileSystem.Media;

/// <summary>Holds names of a DICOMDIR against names in a file system as media and their copies really have them.</summary>
/// <remarks>PS3.10 §8.2 allows 1 to 8 components of at most 8 capital letters, digits and underscores. Copying changes them: ISO 9660 adds
/// versions (";1") and dots, operating systems change the case, and archives add ".dcm".</remarks>
internal static class MediaFileId
{
    /// <summary>The components of a Referenced File ID (0004,1500), whatever separates them.</summary>
    /// <returns><see langword="null"/> if it leaves its folder.</returns>
    public static string[]? Split(string value)
    {
        string[] components = [.. value.Split('\\', '/').Select(static c => c.Trim(' ', '\0')).Where(static c => c is not ("" or "."))];
        return components.Any(static c => c is ".." || c.Contains('\0', StringComparison.Ordinal)) ? null : components;
    }

    /// <summary>What a name is the same as.</summary>
    /// <param name="name">One component.</param>
    /// <param name="isFile">It names a file, not a directory.</param>
    public static string Key(string name, bool isFile)
    {
        var version = name.LastIndexOf(';');
        if (version > 0 && name.AsSpan(version + 1).IndexOfAnyExceptInRange('0', '9') < 0) name = name[..version];
        name = name.TrimEnd('.');
        if (isFile && name.Length > 4 && name.EndsWith(".dcm", StringComparison.OrdinalIgnoreCase)) name = name[..^4];
        return name.ToUpperInvariant();
    }

    /// <summary>What a whole path is the same as.</summary>
    public static string Key(ReadOnlySpan<string> components)
    {
        var keys = new string[components.Length];
        for (var i = 0; i < keys.Length; i++) keys[i] = Key(components[i], isFile: i == keys.Length - 1);
        return string.Join('/', keys);
    }
}
