using System.IO.Compression;
using System.Text.Json;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>The files beside the repository, where they are.</summary>
internal static class Corpus
{
    internal static string? Shared { get; } = Find();

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "Dicom.Migration.sln"))) continue;
            var shared = Path.Combine(folder.Parent?.FullName ?? "/", "shared");
            return Directory.Exists(Path.Combine(shared, "corpus")) ? shared : null;
        }
        return null;
    }

    /// <summary>The files that the repository itself holds.</summary>
    internal static IEnumerable<string> InRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Join(folder!.FullName, "Dicom.Migration.sln"))) folder = folder.Parent;
        return Directory.EnumerateFiles(Path.Join(folder.FullName, "tests", "Corpus"), "*", SearchOption.AllDirectories)
            .Where(path => !path.EndsWith(".md", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
    }

    /// <summary>Name (folder/file), path and what other programs say of each DICOM file.</summary>
    internal static IEnumerable<(string Name, string Path, JsonElement Truth)> Files()
    {
        if (Shared is null) yield break;
        var root = Path.Combine(Shared, "truth");
        foreach (var path in Directory.EnumerateFiles(root, "*.json.gz", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(root, path)[..^".json.gz".Length];
            var file = Path.Combine(Shared, "corpus", name);
            if (!File.Exists(file)) continue;
            using var gzip = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            using var json = JsonDocument.Parse(gzip, new JsonDocumentOptions { MaxDepth = 8_192 });
            yield return (name, file, json.RootElement.Clone());
        }
    }
}
