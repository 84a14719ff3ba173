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

    private static readonly Dictionary<string, FaultCode> Refused = new(StringComparer.Ordinal)
    {
        // RFC 8259 §8.1: JSON is UTF-8; dcm2json passed on bytes that are not, of text that is malformed or of an unknown set.
        ["charset__fo-dicom__GH1301.dcm.json"] = FaultCode.MalformedJson,
        ["charset__pydicom__chrSQEncoding.dcm.json"] = FaultCode.MalformedJson,
        ["charset__dump2dcm__utf8_invalid_bytes.dcm.json"] = FaultCode.MalformedJson,
        // null among the numbers of a US: PS3.5 §6.4 has no way to write an empty one.
        ["pydicom__test1.json"] = FaultCode.MalformedValue,
    };

    [Fact]
    public async Task Reads_the_json_of_other_programs_and_writes_it_again_as_it_means()
    {
        Assert.SkipUnless(Corpus.Shared is not null, "The corpus is not there.");
        var (wrong, objects) = (new List<string>(), 0);
        foreach (var (name, json) in Files())
        {
            using var theirs = Refused.GetValueOrDefault(name) == FaultCode.MalformedJson ? null : JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });
            var all = theirs is null ? [] : theirs.RootElement.ValueKind == JsonValueKind.Array ? theirs.RootElement.EnumerateArray().ToArray() : [theirs.RootElement];
            var read = new List<DataSet>();
            try
            {
                await foreach (var dataSet in DicomJsonReader.ReadAllAsync(new TricklingStream(json))) read.Add(dataSet);
                if (read.Count != all.Length || Refused.ContainsKey(name)) wrong.Add($"{name}: {read.Count} of {all.Length} objects");
                for (var i = 0; i < Math.Min(read.Count, all.Length); i++, objects++)
                {
                    using var ours = JsonDocument.Parse(JsonOf.DataSet(read[i], new DicomJsonWriterOptions { MaxInlineBinaryLength = int.MaxValue }), new JsonDocumentOptions { MaxDepth = 256 });
                    wrong.AddRange(new TruthComparer([], false).Compare(ours.RootElement, all[i]).Select(d => $"{name}[{i}]: {d}"));
                }
            }
            catch (DicomFormatException e)
            {
                if (Refused.GetValueOrDefault(name) != e.Fault.Code) wrong.Add($"{name}: {e.Fault}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count}\n{string.Join('\n', wrong.Take(40))}");
        Assert.True(objects > 120, $"{objects} objects");
    }

    /// <summary>Gives its bytes as a network does, in pieces of any size.</summary>
    private sealed class TricklingStream(byte[] bytes) : MemoryStream(bytes)
    {
        private readonly Random _random = new(bytes.Length);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, _random.Next(1, 9_000))], cancellationToken);
    }
}
