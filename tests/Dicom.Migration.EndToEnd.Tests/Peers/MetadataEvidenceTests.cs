using System.Text.Json;
using Dicom.Migration.Engine.Ledger;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>L3 against an archive that somebody else wrote, through the console host.</summary>
public sealed class MetadataEvidenceTests : IDisposable
{
    // Where the metadata of Orthanc 1.10 is not that of the object, or is no DICOM JSON; or the object leaves it open.
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "UnexplainedDifference (0009,1027)", "UnexplainedDifference (0029,1132)", "UnexplainedDifference (0045,1002)", // UN that Orthanc leaves out
        "UnexplainedDifference (0072,0081)", "UnexplainedDifference (5200,9229)", // an empty OV, and a sequence of one empty item: it leaves them out
        "UnexplainedDifference (0020,0037)", // DS -1e-016 is 0
        "UnexplainedDifference (0028,0008)", // a VR of no meaning
        "UnexplainedDifference (0008,1030)", "UnexplainedDifference (0008,1140)", "UnexplainedDifference (0010,0010)", // text in character sets that it does not know, or not within items
        "NotCompared (0008,1030)", // bytes that are no characters
        "UnreadableAtTarget (0008,0008)", "UnreadableAtTarget (2010,0010)", "UnreadableAtTarget (0066,0022)", "UnreadableAtTarget (0072,0067)", "UnreadableAtTarget (7FE0,0009)", // OD, OF as numbers, ST as two values
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Because L3 is what is wanted, or because the archive is said not to give objects back.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public async Task Objects_of_the_corpus_are_verified_by_what_orthanc_says_of_them(bool isWanted)
    {
        await using var archive = await Orthanc.StartAsync(_folder, "META");
        var (ledger, config) = (Path.Join(_folder, "ledger.db"), Path.Join(_folder, "config.json"));
        await File.WriteAllTextAsync(config, $$"""{ "endpoints": { "meta": { "address": "{{archive.Web.AbsoluteUri}}", "options": { "ReadsBack": false } } } }""", TestContext.Current.CancellationToken);
        string[] how = isWanted ? ["--to", archive.Web.AbsoluteUri, "--evidence", "L3"] : ["--to", "meta", "--config", config];
        var (status, lines, error) = await ConsoleHostTests.RunAsync(["run", "--from", "folder:" + Endpoints.CorpusFolder, "--ledger", ledger, "--json", .. how]);
        Assert.True(status is 0 or 1, $"{status}: {error}");
        var account = JsonDocument.Parse(lines.Last(static l => l.Contains("\"account\"", StringComparison.Ordinal))).RootElement;
        Assert.True(account.GetProperty("isClosed").GetBoolean());
        using var reader = SqliteLedgerReader.Open(ledger);
        var (verified, unknown) = (0, new List<string>());
        await foreach (var instance in reader.ReadInstancesAsync(new LedgerQuery(), TestContext.Current.CancellationToken))
        {
            if (instance.Current.State is InstanceState.Verified) verified += instance.Current.Evidence is EvidenceLevel.L3 ? 1 : -1_000;
            if (instance.Current.Fault is { Code: FaultCode.UnexplainedDifference or FaultCode.NotCompared or FaultCode.UnreadableAtTarget } fault && !Known.Contains($"{fault.Code} {fault.Tag}")) unknown.Add($"{instance.Identity.UnitKey} {fault}");
        }
        Assert.True(verified > 0);
        if (Environment.GetEnvironmentVariable("DICOM_MIGRATION_PEERS") is { Length: > 0 }) return; // what Orthanc says of other objects, nobody has looked at
        Assert.Equal([], unknown);
        Assert.InRange(verified, 100, 120);
    }
}
