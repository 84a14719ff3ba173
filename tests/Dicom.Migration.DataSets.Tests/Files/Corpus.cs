using System.IO.Compression;
using System.Text.Json;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>The files beside the repository, where they are.</summary>
internal static class Corpus
{
    internal static string Repository { get; } = Find();
    internal static string? Shared { get; } = Path.Join(Path.GetDirectoryName(Repository), "shared") is var shared && Directory.Exists(Path.Join(shared, "corpus")) ? shared : null;

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Join(folder.FullName, "Dicom.Migration.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("Dicom.Migration.sln is in no folder above the test binaries; run the tests from the repository.");
        return folder.FullName;
    }

    /// <summary>The files that the repository itself holds.</summary>
    internal static IEnumerable<string> InRepository() =>
        Directory.EnumerateFiles(Path.Join(Repository, "tests", "Corpus"), "*", SearchOption.AllDirectories)
            .Where(path => !path.EndsWith(".md", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    /// <summary>The files in the repository and beside it that are read to their end, each content once.</summary>
    internal static IEnumerable<string> Readable()
    {
        IEnumerable<string> beside = Shared is null ? [] : Directory.EnumerateFiles(Path.Join(Shared, "corpus"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        using var reader = new Part10FileReader(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf });
        foreach (var path in InRepository().Concat(beside))
        {
            try
            {
                using var handle = File.OpenHandle(path);
                reader.Open(handle);
                while (reader.Read()) reader.SkipValue();
            }
            catch (DicomFormatException)
            {
                continue;
            }
            if (seen.Add(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))))) yield return path;
        }
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
