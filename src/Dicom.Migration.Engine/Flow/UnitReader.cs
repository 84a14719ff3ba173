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

    /// <summary>Reads one unit to its end; what cannot be read is an exception in the account.</summary>
    /// <exception cref="SourceUnavailableException">The source as a whole is gone, and stayed so.</exception>
    public async Task ReadAsync(UnitInHand unit, CancellationToken cancellationToken)
    {
        Fault? fault;
        try
        {
            fault = await _retry.ExecuteAsync(async token => await ReadOnceAsync(unit, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (SourceUnavailableException e) when (e.Fault.Code is FaultCode.PeerClosedEarly or FaultCode.PeerTimeout)
        {
            _suspects.Add((unit, e)); // the unit's fault or the source's: the next units tell
            await SettleAsync(isSourceWell: false, cancellationToken).ConfigureAwait(false);
            if (_suspects.Count >= options.Attempts) throw;
            return;
        }
        await EndAsync(unit, fault, cancellationToken).ConfigureAwait(false);
        if (fault is { IsTransient: true }) return;
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
        // Each one that did not come has its line, and a unit that promises none has one.
        if (fault is { } bad)
            for (var missing = Math.Max(bad.Code is FaultCode.NotDelivered ? 0 : 1, (unit.ExpectedInstances ?? 0) - unit.Instances); missing > 0; missing--) await PassAsync(unit, bad, cancellationToken).ConfigureAwait(false);
        await desk.CloseAsync([unit]).ConfigureAwait(false);
    }

    private async Task<Fault?> ReadOnceAsync(UnitInHand unit, CancellationToken cancellationToken)
    {
        unit.BeginReading();
        try
        {
            await foreach (var item in source.ReadAsync(unit.ToSource(), cancellationToken).ConfigureAwait(false))
            {
                await using (item.ConfigureAwait(false))
                {
                    if (item is SourceFinding { Instances: { } instances }) unit.Correct(instances);
                    if (await intake.TakeAsync(unit, item, cancellationToken).ConfigureAwait(false) is { } flight)
                        await PassAsync(flight, cancellationToken).ConfigureAwait(false);
                }
            }
            return unit.ExpectedInstances > unit.Instances ? new Fault(FaultCode.NotDelivered) : null;
        }
        catch (MigrationException e) when (e is not (LedgerException or EngineException or TargetUnavailableException or SourceUnavailableException))
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

    private Task PassAsync(UnitInHand unit, Fault fault, CancellationToken cancellationToken) =>
        Intake.Record(unit, new LedgerOutcome(InstanceState.Excepted) { Fault = fault }) is { } flight ? PassAsync(flight, cancellationToken) : Task.CompletedTask;

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
