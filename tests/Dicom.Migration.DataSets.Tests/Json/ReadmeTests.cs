using System.Text.Json;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>The snippet of the package's README is this code.</summary>
public sealed class ReadmeTests
{
    private static async Task<long> Snippet(string path, Stream output)
    {
        using var file = File.OpenHandle(path);
        using var reader = new Part10FileReader(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf });
        reader.Open(file);
        using (var json = new Utf8JsonWriter(output))
            new DicomJsonWriter(json, new DicomJsonWriterOptions { BulkDataUri = static bulk => $"bulk/{bulk.Tag.Value:X8}" }).Write(reader);

        output.Position = 0;
        await foreach (var dataSet in DicomJsonReader.ReadAllAsync(output))
            Console.WriteLine(dataSet.Count);
        return output.Length;
    }

    [Fact]
    public async Task The_snippet_runs_and_is_the_one_in_the_readme()
    {
        var path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, new Bytes().Text(0x00080016, "UI", "1.2\0").ToArray());
        using var output = new MemoryStream();
        Assert.Equal("""{"00080016":{"vr":"UI","Value":["1.2"]}}""".Length, await Snippet(path, output));
        File.Delete(path);

        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root!.FullName, "Dicom.Migration.sln"))) root = root.Parent;
        var readme = await File.ReadAllTextAsync(Path.Combine(root.FullName, "src", "Dicom.Migration.DataSets", "README.md"));
        var code = readme.Split("## DICOM JSON")[1].Split("```csharp\n")[1].Split("```")[0];
        var here = await File.ReadAllTextAsync(Path.Combine(root.FullName, "tests", "Dicom.Migration.DataSets.Tests", "Json", "ReadmeTests.cs"));
        Assert.Contains(code.Trim(), here.Replace("\n        ", "\n", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
