using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Services;

/// <summary>Mutated answers in JSON, to queries, stores and for metadata, throw a <see cref="MigrationException"/> and nothing else, and never say of an instance that it is stored unless its UID stands
/// there, in bounded memory. DICOM_MIGRATION_FUZZ=N in the environment asks for N inputs.</summary>
[Collection(nameof(Alone))]
public sealed class AnswerFuzzTests(ITestOutputHelper output)
{
    private const string Uid = "1.2.826.77";
    private static readonly long Inputs = long.Parse(Environment.GetEnvironmentVariable("DICOM_MIGRATION_FUZZ") ?? "4000", CultureInfo.InvariantCulture);
    private static readonly byte[][] Pieces = Array.ConvertAll(["{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud800", "null", "1e400", "-1", "true", "\"Value\"", "\"vr\"", "\"UI\"", "\"SQ\"", "\"InlineBinary\":\"####\"", "\"BulkDataURI\":\"file:///x\"", "00081155", "00081198", "00081199", "\u00ff", " "], Encoding.Latin1.GetBytes);
    private static readonly byte[][] Samples = Array.ConvertAll(
    [
        "{\"00081199\":{\"vr\":\"SQ\",\"Value\":[{\"00081150\":{\"vr\":\"UI\",\"Value\":[\"1.2.3\"]},\"00081155\":{\"vr\":\"UI\",\"Value\":[\"" + Uid + "\"]},\"00081196\":{\"vr\":\"US\",\"Value\":[45056]}}]},\"00081198\":{\"vr\":\"SQ\",\"Value\":[{\"00081155\":{\"vr\":\"UI\",\"Value\":[\"1.2.9\"]},\"00081197\":{\"vr\":\"US\",\"Value\":[272]}}]}}",
        "[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"" + Uid + "\"]},\"00080020\":{\"vr\":\"DA\",\"Value\":[\"20200101\"]},\"00201208\":{\"vr\":\"IS\",\"Value\":[3]},\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":\"A^B\"}]},\"00420011\":{\"vr\":\"OB\",\"InlineBinary\":\"AAECAw==\"}}]",
    ], Encoding.ASCII.GetBytes);

    [Fact]
    public async Task Nothing_but_a_fault_or_what_stands_there_comes_of_any_answer()
    {
        var body = Array.Empty<byte>();
        var type = "application/dicom+json";
        using var pacs = new ScriptedWebPacs();
        pacs.Script = new() { Answers = _ => { var answer = new HttpResponseMessage(System.Net.HttpStatusCode.OK) { Content = new ByteArrayContent(body) }; answer.Content.Headers.TryAddWithoutValidation("Content-Type", type); return answer; } };
        var client = WebPeers.Client(pacs, static o => (o.MaxResults, o.PageSize) = (50, 10));
        var held = DicomJsonReader.Read(Samples[1].AsSpan(1..^1)); // the object of the array
        var (listed, stored, same, watch) = (0, 0, 0, Stopwatch.StartNew());
        for (var i = 0L; i < Inputs; i++)
        {
            var random = new Random((int)i);
            var isStore = random.Next(2) == 0;
            var isMetadata = !isStore && random.Next(4) == 0;
            var bytes = new List<byte>(Samples[isStore ? 0 : 1]);
            for (var n = random.Next(0, 4); n > 0; n--) Mutate(bytes, random);
            body = [.. bytes];
            try
            {
                if (isStore)
                {
                    var result = await client.StoreAsync([StowInstance.FromMemory(Uid, new byte[8], new(new byte[2]))], TestContext.Current.CancellationToken);
                    if (!result.IsStored(Uid)) continue;
                    stored++;
                    Assert.True(body.AsSpan().IndexOf("00081199"u8) >= 0, $"Input {i} is taken for stored without a list that says so.");
                }
                else if (isMetadata) same += (await DicomJsonComparer.CompareAsync(held, body, static (_, _) => ValueTask.FromResult<ReadOnlyMemory<byte>?>(new byte[2]), TestContext.Current.CancellationToken)).IsSame ? 1 : 0;
                else listed += await client.SearchStudiesAsync(cancellationToken: TestContext.Current.CancellationToken).CountAsync(TestContext.Current.CancellationToken);
            }
            catch (MigrationException) { }
            while (pacs.Requests.TryDequeue(out _)) pacs.RequestHeaders.TryDequeue(out _);
            if (i % 4_096 == 0) Assert.True(GC.GetTotalMemory(false) < 1_000_000_000, "Memory grows."); // the count of the runtime is below 0 at times
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Inputs} answers in {watch.Elapsed.TotalSeconds:0} s, {Inputs / watch.Elapsed.TotalSeconds:0} a second; {listed} results, {stored} taken for stored, {same} for the same; peak {Process.GetCurrentProcess().PeakWorkingSet64 / 1_048_576} MiB"));
        Assert.True(listed > Inputs / 20 && stored > Inputs / 20 && same > Inputs / 100, $"{listed}, {stored} and {same} of {Inputs}");
    }

    private static void Mutate(List<byte> bytes, Random random)
    {
        var at = random.Next(bytes.Count + 1);
        switch (random.Next(5))
        {
            case 0: bytes.InsertRange(at, Pieces[random.Next(Pieces.Length)]); break;
            case 1: bytes.RemoveRange(at, Math.Min(random.Next(12), bytes.Count - at)); break;
            case 2 when at < bytes.Count: bytes[at] = (byte)random.Next(256); break;
            case 3: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(60), bytes.Count - at))); break;
            default: bytes.RemoveRange(at, random.Next(8) == 0 ? bytes.Count - at : 0); break;
        }
    }
}
