namespace Dicom.Migration.FileSystem.Tests;

internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("dicom-migration-").FullName;
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Files below it that are not the target's own workplace.</summary>
    public string[] Files => [.. Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories)
        .Select(f => System.IO.Path.GetRelativePath(Path, f)).Where(f => f[0] != '.').Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
