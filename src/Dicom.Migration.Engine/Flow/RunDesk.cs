namespace Dicom.Migration.Engine;

/// <summary>Where all stages of one run put things on record.</summary>
internal sealed class RunDesk(ILedger ledger, LedgerLease lease, IWorkCoordinator coordinator, LeaseKeeper keeper, RunTally tally)
{
    public RunTally Tally => tally;

    /// <summary>A step that has happened is put on record even while the run drains: it is never cancelled.</summary>
    public ValueTask<LedgerReceipt> AppendAsync(LedgerBatch batch) => ledger.AppendAsync(lease, batch, CancellationToken.None);

    /// <summary>All that is on record under one SOP Instance UID.</summary>
    public ValueTask<IReadOnlyList<LedgerInstance>> FindAsync(string sopInstanceUid, CancellationToken cancellationToken) => ledger.FindAsync(sopInstanceUid, cancellationToken);

    /// <summary>Puts one step of several objects on record.</summary>
    public async Task ChangeAsync(IReadOnlyCollection<InFlight> flights, Func<InFlight, LedgerOutcome> outcome)
    {
        if (flights.Count == 0) return;
        await AppendAsync(new LedgerBatch { Changes = [.. flights.Select(f => new LedgerChange(f.Entry.Number, outcome(f)))] }).ConfigureAwait(false);
    }

    /// <summary>Objects, or readings, have come to their ends; units that have no other are complete. They share the ledger's commits.</summary>
    public async Task CloseAsync(IEnumerable<UnitInHand> ends)
    {
        var complete = ends.Where(static unit => unit.Close()).ToList();
        if (complete.Count == 0) return;
        var corrections = complete.Select(static unit => unit.Correction).OfType<LedgerUnit>().ToList();
        if (corrections.Count > 0) await AppendAsync(new LedgerBatch { Units = corrections }).ConfigureAwait(false);
        await Task.WhenAll(complete.Select(unit => coordinator.CompleteAsync(unit.Lease, unit.Key, CancellationToken.None).AsTask())).ConfigureAwait(false);
        foreach (var unit in complete) keeper.LetGo(unit.Lease);
        tally.Complete(complete.Count);
    }
}
