using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>Whole runs of the engine, with a ledger in a folder of their own.</summary>
internal sealed class Migration : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("dimse-runs.").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private string LedgerPath => Path.Join(Folder, "ledger.db");

    public Task<LedgerAccount> RunAsync(IMigrationSource source, IMigrationTarget target, EvidenceLevel evidence = EvidenceLevel.L4, int lanes = 2, int patience = 0) =>
        new MigrationRunner(source, target, LedgerPath, new MigrationRunOptions
        {
            SpoolFolder = Path.Join(Folder, "spool"), Evidence = evidence, FirstRetryDelay = TimeSpan.FromMilliseconds(20), LongestRetryDelay = TimeSpan.FromMilliseconds(100),
            FirstPause = TimeSpan.FromMilliseconds(20), LongestPause = TimeSpan.FromMilliseconds(100), PauseBudget = TimeSpan.FromSeconds(patience),
            Readers = lanes, Lanes = lanes, Verifiers = lanes,
        }, [], TimeProvider.System).RunAsync(null, Token);

    public async Task<List<LedgerInstance>> InstancesAsync()
    {
        using var ledger = SqliteLedgerReader.Open(LedgerPath);
        var instances = new List<LedgerInstance>();
        await foreach (var instance in ledger.ReadInstancesAsync(new LedgerQuery(), Token)) instances.Add(instance);
        return instances;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
