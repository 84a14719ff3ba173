using System.Text;
using System.Text.Json;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>DICOM JSON that other programs wrote: DCMTK, Orthanc, pydicom, dcmjs.</summary>
public sealed class DicomJsonCorpusTests
{
    private static string Folder => Path.Combine(Corpus.Shared!, "corpus", "dicomjson");

    private static IEnumerable<(string Name, byte[] Json)> Files()
    {
        foreach (var path in Directory.EnumerateFiles(Folder, "*.json", SearchOption.AllDirectories)) yield return (Path.GetFileName(path), File.ReadAllBytes(path));
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Folder, "orthanc-dicomweb"), "*.http"))
        {
            // As received: a status line, headers, an empty line, the body.
            var bytes = File.ReadAllBytes(path);
            var end = bytes.AsSpan().IndexOf("\r\n\r\n"u8);
            if (end > 0 && Encoding.ASCII.GetString(bytes, 0, end).Contains("application/dicom+json", StringComparison.OrdinalIgnoreCase)) yield return (Path.GetFileName(path), bytes[(end + 4)..]);
        }
    }

    [Fact]
    public async Task Reads_the_json_of_other_programs_and_writes_it_again_as_it_means()
    {
        Assert.SkipUnless(Corpus.Shared is not null, "The corpus is not there.");
        var wrong = new List<string>();
        foreach (var (name, json) in Files())
        {
            try
            {
                await foreach (var dataSet in DicomJsonReader.ReadAllAsync(new MemoryStream(json)))
                {
                }
            }
            catch (DicomFormatException e)
            {
                wrong.Add($"{name}: {e.Fault}");
            }
        }
        File.WriteAllLines("/tmp/json.corpus.txt", wrong);
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }
}
