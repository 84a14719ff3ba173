using System.Buffers;
using System.Text.Json;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>The snippets of the package's README are this code.</summary>
public sealed class ReadmeTests
{
    private static byte[] Patch(string path, Stream output)
    {
        var bytes = File.ReadAllBytes(path);
        var prefix = Part10Prefix.Read(bytes, isFinal: true)!;
        var dataSet = bytes.AsSpan(prefix.Length);
        var plan = PatchPlan.Create(dataSet, prefix.TransferSyntax, [ElementPatch.Replace(new DicomTag(0x0010, 0x0020), DicomVr.LO, "NEW-7"u8.ToArray())]);

        var writer = new ArrayBufferWriter<byte>();
        writer.Write(bytes.AsSpan(0, prefix.Length));
        plan.Apply(dataSet, writer); // all other bytes are as they were
        output.Write(writer.WrittenSpan);

        using var digest = new CanonicalDigest(DataElementDictionary.VrOf);
        return digest.Of(writer.WrittenSpan[prefix.Length..], prefix.TransferSyntax); // D2: the same in any encoding
    }

    private static void Edit(string path)
    {
        var image = DataSet.Open(path);
        Console.WriteLine(image.Count);
        image.Set(new DicomTag(0x0010, 0x0020), "NEW-8"); // in the character set that the data set declares
        image.Remove(new DicomTag(0x0010, 0x1000));
        image.Save(path); // what was not changed is written as the bytes that were read
    }

    private static long Scan(string path)
    {
        using var file = File.OpenHandle(path);
        using var reader = new Part10FileReader(); // one for any number of files
        reader.Open(file);
        var (element, bytes) = (reader.Element, 0L);
        while (reader.Read())
        {
            if (element.Token != DataSetToken.ElementStart) continue;
            bytes += element.Length;
            reader.SkipValue(); // not even read from the file, where it is long
        }
        return bytes;
    }

    private static async Task<long> Json(string path, Stream output)
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
    public async Task The_snippets_run_and_do_what_the_readme_says()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, new Bytes().Text(0x00080016, "UI", "1.2\0").ToArray(), TestContext.Current.CancellationToken);
            using var json = new MemoryStream();
            Assert.Equal("""{"00080016":{"vr":"UI","Value":["1.2"]}}""".Length, await Json(path, json));

            await File.WriteAllBytesAsync(path, new Bytes().Text(0x00080016, "UI", "1.2\0").Text(0x00100020, "LO", "OLD ").ToArray(), TestContext.Current.CancellationToken);
            Assert.Equal(8, Scan(path));
            var changed = new Bytes().Text(0x00080016, "UI", "1.2\0").Text(0x00100020, "LO", "NEW-7 ").ToArray();
            using var patched = new MemoryStream();
            using var digest = new CanonicalDigest(DataElementDictionary.VrOf);
            Assert.Equal(digest.Of(changed, TransferSyntax.ExplicitVrLittleEndian), Patch(path, patched));
            Assert.Equal(changed, patched.ToArray());
            Edit(path);
            Assert.Equal("NEW-8", DataSet.Open(path).GetString(new DicomTag(0x0010, 0x0020)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task The_snippets_of_the_readme_are_these()
    {
        var readme = await File.ReadAllTextAsync(Path.Join(Corpus.Repository, "src", "Dicom.Migration.DataSets", "README.md"), TestContext.Current.CancellationToken);
        var here = await File.ReadAllTextAsync(Path.Join(Corpus.Repository, "tests", "Dicom.Migration.DataSets.Tests", "ReadmeTests.cs"), TestContext.Current.CancellationToken);
        var snippets = readme.Split("```csharp\n")[1..].Select(block => block.Split("```")[0].Trim()).ToList();
        Assert.Equal(4, snippets.Count);
        Assert.All(snippets, snippet => Assert.Contains(snippet, here.Replace("\n        ", "\n", StringComparison.Ordinal), StringComparison.Ordinal));
    }
}
