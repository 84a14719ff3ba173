using System.Buffers;
using System.IO.Pipelines;
using Dicom.Migration.DataSets;
using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Peers;

/// <summary>Clients and endpoints over a scripted archive, and whole runs between two.</summary>
internal static class WebPeers
{
    public static ScriptedWebPacs Filled(int count = 12, long seed = 5)
    {
        var pacs = new ScriptedWebPacs();
        foreach (var instance in MadeUpInstances.Create(seed, count)) pacs.Add(instance);
        return pacs;
    }

    /// <summary>Instances of one study, with that many bytes in each, which no two share.</summary>
    public static IEnumerable<PacsInstance> OfOneStudy(int count, int bytes, string study = "2.25.900", string patient = "P1")
    {
        for (var i = 1; i <= count; i++)
        {
            var noise = new byte[bytes];
            new Random((i * 7_919) + bytes).NextBytes(noise);
            DataSet dataSet =
            [
                DataElement.Text(new DicomTag(0x00080016), DicomVr.UI, ["1.2.840.10008.5.1.4.1.1.7"]), DataElement.Text(new DicomTag(0x00080018), DicomVr.UI, [$"{study}.1.{i}"]),
                DataElement.Text(new DicomTag(0x00080020), DicomVr.DA, ["20200102"]), DataElement.Text(new DicomTag(0x00100020), DicomVr.LO, [patient]),
                DataElement.Text(new DicomTag(0x0020000D), DicomVr.UI, [study]), DataElement.Text(new DicomTag(0x0020000E), DicomVr.UI, [study + ".1"]),
                new DataElement(new DicomTag(0x7FE00010), DicomVr.OB, noise),
            ];
            yield return PacsInstance.Read(dataSet.ToArray(TransferSyntax.ExplicitVrLittleEndian), TransferSyntax.ExplicitVrLittleEndian);
        }
    }

    public static DicomWebClient Client(HttpMessageHandler pacs, Action<DicomWebSourceOptions>? configure = null, TimeProvider? time = null, DicomWebCredential? credential = null, PeerGate? gate = null)
    {
        var options = new DicomWebSourceOptions { BaseAddress = ScriptedWebPacs.Root };
        configure?.Invoke(options);
        return new DicomWebClient(new HttpClient(pacs, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan }, options, time ?? TimeProvider.System, credential, gate);
    }

    public static DicomWebSource Source(HttpMessageHandler pacs, Action<DicomWebSourceOptions>? configure = null) =>
        new("old", Client(pacs, configure, new HastyTime()), new DicomWebSourceOptions { BaseAddress = ScriptedWebPacs.Root, ListsByDateToo = false }, new HastyTime());

    public static DicomWebTarget Target(HttpMessageHandler pacs, Action<DicomWebEndpointOptions>? configure = null, Action<DicomWebTargetOptions>? batches = null)
    {
        var options = new DicomWebTargetOptions { BaseAddress = ScriptedWebPacs.Root };
        batches?.Invoke(options);
        return new("new", Client(pacs, o => configure?.Invoke(o), new HastyTime()), options);
    }

    public static async Task<(LedgerAccount Account, ScriptedWebPacs From, ScriptedWebPacs To, List<LedgerInstance> Instances)> RunAsync(WebPacsScript from, WebPacsScript? to = null, ScriptedWebPacs? filled = null, EvidenceLevel evidence = EvidenceLevel.L4, Action<DicomWebEndpointOptions>? configure = null, int attempts = 3)
    {
        using var folder = new TemporaryFolder();
        var (source, target) = (filled ?? Filled(), new ScriptedWebPacs { Script = to ?? new() });
        source.Script = from;
        var ledger = Path.Join(folder.Path, "ledger.db");
        var account = await new MigrationRunner(Source(source, configure), Target(target, configure), ledger, new MigrationRunOptions
        {
            SpoolFolder = Path.Join(folder.Path, "spool"), Evidence = evidence, Attempts = attempts, FirstRetryDelay = TimeSpan.FromMilliseconds(5), LongestRetryDelay = TimeSpan.FromMilliseconds(20),
            FirstPause = TimeSpan.FromMilliseconds(5), LongestPause = TimeSpan.FromMilliseconds(20), PauseBudget = TimeSpan.Zero,
        }, [], TimeProvider.System).RunAsync(null, TestContext.Current.CancellationToken);
        using var reader = SqliteLedgerReader.Open(ledger);
        var instances = new List<LedgerInstance>();
        await foreach (var instance in reader.ReadInstancesAsync(new LedgerQuery(), TestContext.Current.CancellationToken)) instances.Add(instance);
        return (account, source, target, instances);
    }

    /// <summary>An object on its way into a target.</summary>
    public static OutgoingInstance Outgoing(PacsInstance instance) => new()
    {
        StudyInstanceUid = instance.StudyInstanceUid, SeriesInstanceUid = instance.SeriesInstanceUid, SopClassUid = instance.SopClassUid, SopInstanceUid = instance.SopInstanceUid,
        TransferSyntax = instance.TransferSyntax, Body = PipeReader.Create(new ReadOnlySequence<byte>(instance.Bytes)), Length = instance.Bytes.Length,
    };

    /// <summary>What an archive holds, in an order of its own.</summary>
    public static List<string> Content(ScriptedWebPacs pacs) => [.. pacs.Instances.Select(static i => i.SopInstanceUid + " " + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(i.Bytes.Span))).Order(StringComparer.Ordinal)];

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("web-runs.").FullName;
        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
