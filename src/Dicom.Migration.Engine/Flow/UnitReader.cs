using System.Threading.Channels;
using Polly;

namespace Dicom.Migration.Engine;

/// <summary>First stage: reads units off the source, again if that may help, and passes on every object and finding.</summary>
internal sealed class UnitReader(IMigrationSource source, Intake intake, ChannelWriter<InFlight> onward, RunDesk desk, MigrationRunOptions options, TimeProvider time)
{
    // Polly keeps no state between executions: one pipeline serves all units. What was promised and did not come may come with the next reading.
    private readonly ResiliencePipeline<Fault?> _retry = RetryPolicy.ForFailures<Fault?>(options, time, static fault => fault is { IsTransient: true } or { Code: FaultCode.NotDelivered });

    private readonly List<(UnitInHand Unit, SourceUnavailableException Why)> _suspects = []; // lost their connections, each time
    private bool _hasGiven;
    private bool _isAnswered; // by the source, in the reading that is on

    /// <summary>Reads one unit to its end; what cannot be read is an exception in the account.</summary>
    /// <exception cref="SourceUnavailableException">The source as a whole is gone, and stayed so.</exception>
    public async Task ReadAsync(UnitInHand unit, CancellationToken cancellationToken)
    {
        Fault? fault;
        try
        {
            fault = await _retry.ExecuteAsync(async token => await ReadOnceAsync(unit, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (SourceUnavailableException e) when (e.Fault.Code is FaultCode.PeerClosedEarly or FaultCode.PeerTimeout or FaultCode.PeerBusy)
        {
            _suspects.Add((unit, e)); // the unit's fault or the source's: the next units tell
            await SettleAsync(isSourceWell: false, cancellationToken).ConfigureAwait(false);
            if (_suspects.Count >= options.Attempts) throw;
            return;
        }
        await EndAsync(unit, fault, cancellationToken).ConfigureAwait(false);
        if (fault is { IsTransient: true } || !_isAnswered) return;
        _hasGiven = true;
        await SettleAsync(isSourceWell: true, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Nothing comes behind the suspects that could tell. A source that has given others is well.</summary>
    /// <exception cref="SourceUnavailableException">It has given nothing at all; a later run asks again, for as many times as it may.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await SettleAsync(_hasGiven, cancellationToken).ConfigureAwait(false);
        if (_suspects.Count > 0) throw _suspects[^1].Why;
    }

    /// <summary>What the source as a whole is not to blame for, and what has ended as many runs as it may, is an exception in the account.</summary>
    private async Task SettleAsync(bool isSourceWell, CancellationToken cancellationToken)
    {
        var settled = _suspects.FindAll(s => isSourceWell || s.Unit.Attempt > options.Attempts);
        foreach (var (unit, why) in settled) await EndAsync(unit, why.Fault, cancellationToken).ConfigureAwait(false);
        foreach (var suspect in settled) _suspects.Remove(suspect);
    }

    private async Task EndAsync(UnitInHand unit, Fault? fault, CancellationToken cancellationToken)
    {
        // Each one that did not come has its line, by its name if the source gives one, and a unit that promises none has one.
        foreach (var (place, why) in unit.Completeness.Ends(unit.ExpectedInstances, fault)) await PassAsync(unit, place, why, cancellationToken).ConfigureAwait(false);
        await desk.CloseAsync([unit]).ConfigureAwait(false);
    }

    private async Task<Fault?> ReadOnceAsync(UnitInHand unit, CancellationToken cancellationToken)
    {
        unit.BeginReading();
        _isAnswered = false;
        try
        {
            await foreach (var item in source.ReadAsync(unit.ToSource(), cancellationToken).ConfigureAwait(false))
            {
                await using (item.ConfigureAwait(false))
                {
                    // A query that was given up, or a key that cannot be asked for, says nothing of the source's health.
                    _isAnswered |= item is not SourceFinding { Fault.Code: FaultCode.QueryTooLarge or FaultCode.MalformedUid };
                    if (item is SourceFinding { Instances: { } instances }) unit.Correct(instances);
                    if (await TakeAsync(unit, item, cancellationToken).ConfigureAwait(false) is { } flight)
                        await PassAsync(flight, cancellationToken).ConfigureAwait(false);
                }
            }
            unit.Completeness.EndReading();
            var shortfall = unit.Completeness.Shortfall(unit.ExpectedInstances, null);
            if (shortfall.Count == 0) return null;
            var (_, worthAnother) = shortfall.Find(static s => s.Fault is { IsTransient: true } or { Code: FaultCode.NotDelivered });
            return worthAnother.Code is FaultCode.None ? shortfall[0].Fault : unit.Completeness.HasGiven ? new Fault(FaultCode.NotDelivered) : worthAnother; // one that gives others is well
        }
        catch (MigrationException e) when (IsOfUnit(e))
        {
            return e.Fault;
        }
        catch (IOException)
        {
            return new Fault(FaultCode.ReadFailed);
        }
        catch (Exception e) when (e is not (OperationCanceledException or MigrationException))
        {
            return new Fault(FaultCode.Unexpected); // a plug-in's own mistake costs its unit, not the run
        }
    }

    /// <summary>One that breaks off costs no other of its unit its turn.</summary>
    private async Task<InFlight?> TakeAsync(UnitInHand unit, SourceItem item, CancellationToken cancellationToken)
    {
        try
        {
            return await intake.TakeAsync(unit, item, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (item is SourceInstance && (e is IOException || (e is MigrationException m && IsOfUnit(m))))
        {
            if (item is not SourceInstance { IsRepeat: true }) unit.Completeness.Misses(item.Place, e is MigrationException named ? named.Fault : new Fault(FaultCode.ReadFailed));
            return null;
        }
    }

    private static bool IsOfUnit(MigrationException e) => e is not (LedgerException or EngineException or TargetUnavailableException or SourceUnavailableException);

    private Task PassAsync(UnitInHand unit, string place, Fault fault, CancellationToken cancellationToken) =>
        Intake.Record(unit, new LedgerOutcome(InstanceState.Excepted) { Fault = fault }, place) is { } flight ? PassAsync(flight, cancellationToken) : Task.CompletedTask;

    private async Task PassAsync(InFlight flight, CancellationToken cancellationToken)
    {
        flight.Unit.Open();
        try
        {
            await onward.WriteAsync(flight, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            flight.Dispose();
            throw;
        }
    }
}
