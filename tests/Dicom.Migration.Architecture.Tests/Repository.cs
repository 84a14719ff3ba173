using System.Xml.Linq;

namespace Dicom.Migration.Architecture.Tests;

/// <summary>The repository as it lies on disk, found by walking up from the test's own binaries.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<string> Libraries { get; } =
        [.. Directory.EnumerateFiles(Path.Join(Root, "src"), "*.csproj", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    public static IEnumerable<string> References(string project, string kind) => XDocument.Load(project).Descendants(kind)
        .Select(e => e.Attribute("Include")!.Value);

    public static string ShortName(string project) =>
        Path.GetFileNameWithoutExtension(project.Replace('\\', '/')).Replace("Dicom.Migration.", "", StringComparison.Ordinal);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Join(folder.FullName, "Dicom.Migration.sln"))) return folder.FullName;
        }
        throw new InvalidOperationException("Dicom.Migration.sln is in no folder above the test binaries; run the tests from the repository.");
    }
}
