namespace Dicom.Migration.Engine;

/// <summary>Moves everything a source lists into a target, and accounts for it. Run again with the same ledger, it goes on where it was.</summary>
/// <param name="source">Where the objects are.</param>
/// <param name="target">Where they go.</param>
/// <param name="ledger">What is known; the only truth about progress.</param>
/// <param name="coordinator">Hands out the units.</param>
/// <param name="options">The limits.</param>
public sealed class MigrationRun(IMigrationSource source, IMigrationTarget target, ILedger ledger, IWorkCoordinator coordinator, MigrationRunOptions options)
{
    private const int UnitsPerDiscoveryBatch = 512;

    /// <summary>Lists the source, moves and verifies what is not done yet, and returns the account.</summary>
    /// <param name="lease">The right to write the ledger, as the coordinator holds it.</param>
    /// <param name="progress">Told after every batch.</param>
    /// <param name="cancellationToken">Drains: what is stored is recorded, nothing new is begun.</param>
    /// <exception cref="MigrationException">The run cannot go on; what is done is on record.</exception>
    public async Task<LedgerAccount> RunAsync(LedgerLease lease, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        await DiscoverAsync(lease, cancellationToken).ConfigureAwait(false);
        var tally = new RunTally(progress);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var lanes = Enumerable.Range(0, options.Lanes).Select(_ => RunLaneAsync(lease, tally, stop)).ToArray();
        await Task.WhenAll(lanes).ConfigureAwait(false);
        return await ledger.ReadAccountAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private async Task DiscoverAsync(LedgerLease lease, CancellationToken cancellationToken)
    {
        var header = await ledger.ReadHeaderAsync(cancellationToken).ConfigureAwait(false);
        if (header.IsDiscoveryComplete) return;
        var units = new List<LedgerUnit>(UnitsPerDiscoveryBatch);
        var after = header.DiscoveryCursor is { } text ? new SourceCursor(text) : null;
        await foreach (var unit in source.DiscoverAsync(after, cancellationToken).ConfigureAwait(false))
        {
            units.Add(new LedgerUnit(unit.Key, (LedgerUnitKind)unit.Kind, unit.Instances));
            if (units.Count < UnitsPerDiscoveryBatch || unit.Cursor is null) continue;
            await ledger.AppendAsync(lease, new LedgerBatch { Units = units, DiscoveryCursor = unit.Cursor.Value }, cancellationToken).ConfigureAwait(false);
            units = new List<LedgerUnit>(UnitsPerDiscoveryBatch);
        }
        await ledger.AppendAsync(lease, new LedgerBatch { Units = units, IsDiscoveryComplete = true }, cancellationToken).ConfigureAwait(false);
    }

    private async Task RunLaneAsync(LedgerLease lease, RunTally tally, CancellationTokenSource stop)
    {
        try
        {
            var session = await target.OpenSessionAsync(stop.Token).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                var lane = new MigrationLane(source, target, session, ledger, lease, options, tally);
                while (!stop.IsCancellationRequested && await coordinator.ReadDesiredStateAsync(stop.Token).ConfigureAwait(false) == DesiredState.Run)
                {
                    var work = await coordinator.AcquireAsync(options.UnitsPerBatch, options.LeaseDuration, stop.Token).ConfigureAwait(false);
                    if (work.Items.Count == 0) return;
                    foreach (var done in await lane.MoveAsync(work.Items, stop.Token).ConfigureAwait(false))
                        await coordinator.CompleteAsync(work, done, CancellationToken.None).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // drained: what was in flight is taken up again by the next run
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false); // one lane's broken ledger or target is everybody's
            throw;
        }
    }
}
