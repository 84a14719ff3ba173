using Dicom.Migration.Engine.Ledger;

namespace Dicom.Migration.Evidence.Tests;

/// <summary>A ledger in a folder of its own, with whatever a test puts in.</summary>
internal sealed class TemporaryLedger : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("dicom-migration-").FullName;
    public string Path => System.IO.Path.Join(Folder, "ledger.db");
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Writes one unit and its objects, and completes it.</summary>
    public async Task FillAsync(string unit, bool isComplete, params LedgerDiscovery[] discoveries)
    {
        await using var ledger = await SqliteLedger.OpenAsync(Path, new LedgerIdentity("test", "folder:/secret/place", "folder:/other/place"), TimeProvider.System, cancellationToken: Stop);
        var lease = await ledger.AcquireLeaseAsync("test", TimeSpan.FromMinutes(1), Stop);
        await ledger.AppendAsync(lease, new LedgerBatch { Units = [new LedgerUnit(unit, LedgerUnitKind.File)], IsDiscoveryComplete = isComplete }, Stop);
        var entries = (await ledger.AppendAsync(lease, new LedgerBatch { Discoveries = [.. discoveries.Select(d => d with { Then = IsFirst(d.Then) ? d.Then : null })] }, Stop)).Entries;
        foreach (var (entry, discovery) in entries.Zip(discoveries))
        {
            if (IsFirst(discovery.Then)) continue;
            LedgerOutcome[] way = [new(InstanceState.Sending) { SourceDigest = discovery.Then!.TargetDigest, SentDigest = discovery.Then.TargetDigest }, new(InstanceState.Acknowledged) { Evidence = EvidenceLevel.L0 }, discovery.Then];
            await ledger.AppendAsync(lease, new LedgerBatch { Changes = [.. way.Select(o => new LedgerChange(entry.Number, o))] }, Stop);
        }
        var work = new SqliteWorkCoordinator(ledger, lease, TimeProvider.System);
        await work.CompleteAsync(await work.AcquireAsync(1, TimeSpan.FromMinutes(1), Stop), unit, Stop);
        await ledger.ReleaseAsync(lease, Stop);
    }

    private static bool IsFirst(LedgerOutcome? outcome) => outcome is null or { State: InstanceState.Excluded or InstanceState.Excepted };
}
