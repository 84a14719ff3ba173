using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine;

/// <summary>One lane: takes units off the source, stores their objects over one session, verifies them, and puts each step on record before the next.</summary>
internal sealed class MigrationLane(
    IMigrationSource source, IMigrationTarget target, ITargetSession session, ILedger ledger, LedgerLease lease, MigrationRunOptions options, RunTally tally)
{
    // What one group of objects may hold in memory before it is stored: its share of the budget, so that lanes together stay below it.
    private readonly long _groupBytes = Math.Max(1, options.ByteBudget / Math.Max(1, options.Lanes) / 2);
    private readonly Spool _spool = new(options.SpoolFolder, (int)Math.Min(options.LargestInMemory, Math.Max(1, options.ByteBudget / Math.Max(1, options.Lanes) / 4)));
    private readonly InstanceScanner _scanner = new();

    /// <summary>Moves the units; returns the keys of those that need no further work.</summary>
    public async Task<IReadOnlyList<string>> MoveAsync(IReadOnlyList<WorkItem> items, CancellationToken cancellationToken)
    {
        var (done, group, held) = (new List<string>(items.Count), new List<InFlight>(), 0L);
        try
        {
            foreach (var item in items)
            {
                var copies = new Dictionary<string, int>(StringComparer.Ordinal);
                for (var attempt = 1; ; attempt++)
                {
                    copies.Clear();
                    var fault = await ReadUnitAsync(item, copies).ConfigureAwait(false);
                    if (fault is null) break;
                    if (fault.Value.IsTransient && attempt < options.Attempts)
                    {
                        await ForgetAsync(item.Unit.Key).ConfigureAwait(false);
                        continue;
                    }
                    await RecordFindingAsync(item.Unit.Key, new LedgerOutcome(InstanceState.Excepted) { Fault = fault }, copies).ConfigureAwait(false);
                    break;
                }
                done.Add(item.Unit.Key);
            }
            await StoreGroupAsync(group, cancellationToken).ConfigureAwait(false);
            tally.Add(new MigrationProgress(done.Count, 0, 0, 0, 0));
            return done;
        }
        finally
        {
            foreach (var flight in group) await flight.Spooled.DisposeAsync().ConfigureAwait(false);
        }

        // What the failed attempt brought and nobody has stored yet will come again with the next one.
        async Task ForgetAsync(string unit)
        {
            foreach (var flight in group.Where(f => f.Discovery.UnitKey == unit)) await flight.Spooled.DisposeAsync().ConfigureAwait(false);
            group.RemoveAll(f => f.Discovery.UnitKey == unit);
        }

        async Task<Fault?> ReadUnitAsync(WorkItem work, Dictionary<string, int> copies)
        {
            var unit = new SourceUnit(work.Unit.Key, (SourceUnitKind)work.Unit.Kind) { Instances = work.Unit.ExpectedInstances };
            try
            {
                await foreach (var found in source.ReadAsync(unit, cancellationToken).ConfigureAwait(false))
                {
                    await using (found.ConfigureAwait(false))
                    {
                        if (found is SourceFinding finding)
                        {
                            var outcome = finding.Fault is { } fault ? new LedgerOutcome(InstanceState.Excepted) { Fault = fault }
                                : new LedgerOutcome(InstanceState.Excluded) { Rule = finding.Exclusion };
                            await RecordFindingAsync(unit.Key, outcome, copies).ConfigureAwait(false);
                        }
                        else if (found is SourceInstance instance && await TakeAsync(unit.Key, instance, copies, cancellationToken).ConfigureAwait(false) is { } flight)
                        {
                            group.Add(flight);
                            held += flight.Spooled.Length;
                        }
                    }
                    if (held < _groupBytes && group.Count < options.UnitsPerBatch) continue;
                    await StoreGroupAsync(group, cancellationToken).ConfigureAwait(false);
                    held = 0;
                }
                return null;
            }
            catch (MigrationException e) when (e is not (LedgerException or EngineException or TargetUnavailableException))
            {
                return e.Fault;
            }
            catch (IOException)
            {
                return new Fault(FaultCode.ReadFailed);
            }
        }
    }

    /// <summary>Spools and looks at one object; <see langword="null"/> if it ends here, on record as an exception.</summary>
    private async Task<InFlight?> TakeAsync(string unit, SourceInstance instance, Dictionary<string, int> copies, CancellationToken cancellationToken)
    {
        var spooled = await _spool.TakeAsync(instance.Body, instance.Length, null, cancellationToken).ConfigureAwait(false);
        var syntax = instance.TransferSyntax ?? TransferSyntax.ImplicitVrLittleEndian; // PS3.10 §7.1 has none: DICOM's default
        var (identity, fault) = (new InstanceIdentity(), (Fault?)null);
        try
        {
            identity = _scanner.Scan(spooled, syntax);
            fault = identity.Check();
        }
        catch (DicomFormatException e)
        {
            fault = e.Fault;
        }
        var copy = copies.GetValueOrDefault(identity.SopInstanceUid);
        copies[identity.SopInstanceUid] = copy + 1;
        var digest = new LedgerDigest(spooled.Digest);
        var discovery = new LedgerDiscovery(unit, identity.SopInstanceUid, copy)
        {
            StudyInstanceUid = identity.StudyInstanceUid,
            SeriesInstanceUid = identity.SeriesInstanceUid,
            SopClassUid = identity.SopClassUid,
            TransferSyntaxUid = syntax.Uid,
            Length = spooled.Length,
            Then = fault is { } bad ? new LedgerOutcome(InstanceState.Excepted) { Fault = bad, SourceDigest = digest, Length = spooled.Length } : null,
        };
        if (fault is null) return new InFlight(discovery, identity, syntax, instance.Envelope.ToArray(), spooled, digest);
        await spooled.DisposeAsync().ConfigureAwait(false);
        await ledger.AppendAsync(lease, new LedgerBatch { Discoveries = [discovery] }, cancellationToken).ConfigureAwait(false);
        tally.Add(new MigrationProgress(0, 0, 0, 1, 0));
        return null;
    }

    private async Task RecordFindingAsync(string unit, LedgerOutcome outcome, Dictionary<string, int> copies)
    {
        var copy = copies.GetValueOrDefault("");
        copies[""] = copy + 1;
        await ledger.AppendAsync(lease, new LedgerBatch { Discoveries = [new LedgerDiscovery(unit, "", copy) { Then = outcome }] }, CancellationToken.None).ConfigureAwait(false);
        if (outcome.State == InstanceState.Excepted) tally.Add(new MigrationProgress(0, 0, 0, 1, 0));
    }

    /// <summary>Intent on record, store, acknowledgement on record, read back, verdict on record; then the group is empty.</summary>
    private async Task StoreGroupAsync(List<InFlight> group, CancellationToken cancellationToken)
    {
        if (group.Count == 0) return;
        var receipt = await ledger.AppendAsync(lease, new LedgerBatch { Discoveries = [.. group.Select(f => f.Discovery)] }, cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < group.Count; i++) group[i].Entry = receipt.Entries[i];
        var open = group.Where(f => !InstanceTransitions.IsTerminal(f.Entry.State)).ToList();
        await ChangeAsync(open, f => new LedgerOutcome(InstanceState.Sending) { SourceDigest = f.Digest, SentDigest = f.Digest, Length = f.Spooled.Length }).ConfigureAwait(false);

        var receipts = new List<(InFlight Flight, StoreReceipt Receipt)>(open.Count);
        foreach (var flight in open)
            receipts.Add((flight, await session.StoreAsync(flight.ToOutgoing(), cancellationToken).ConfigureAwait(false)));
        await session.FlushAsync(cancellationToken).ConfigureAwait(false);
        var bytes = 0L;
        foreach (var (flight, sent) in receipts)
        {
            flight.Outcome = await sent.Acknowledged.ConfigureAwait(false);
            if (flight.Outcome.IsStored) bytes += flight.Spooled.Length;
        }
        await ChangeAsync(open, f => f.Outcome!.IsStored
            ? new LedgerOutcome(InstanceState.Acknowledged) { Evidence = EvidenceLevel.L0, Fault = f.Outcome.Fault }
            : new LedgerOutcome(InstanceState.Excepted) { Fault = f.Outcome.Fault ?? new Fault(FaultCode.Refused) }).ConfigureAwait(false);
        var stored = open.Where(f => f.Outcome!.IsStored).ToList();
        tally.Add(new MigrationProgress(0, stored.Count, 0, open.Count - stored.Count, bytes));

        await new Verifier(target, options.Evidence).VerifyAsync(stored, cancellationToken).ConfigureAwait(false);
        await ChangeAsync(stored, f => f.Verdict!).ConfigureAwait(false);
        var verified = stored.Count(f => f.Verdict!.State == InstanceState.Verified);
        tally.Add(new MigrationProgress(0, 0, verified, stored.Count - verified, 0));
        foreach (var flight in group) await flight.Spooled.DisposeAsync().ConfigureAwait(false);
        group.Clear();
    }

    private async Task ChangeAsync(List<InFlight> flights, Func<InFlight, LedgerOutcome> outcome)
    {
        if (flights.Count == 0) return;
        // A step that has happened is put on record even while draining.
        await ledger.AppendAsync(lease, new LedgerBatch { Changes = [.. flights.Select(f => new LedgerChange(f.Entry.Number, outcome(f)))] }, CancellationToken.None).ConfigureAwait(false);
    }
}
