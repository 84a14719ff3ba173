namespace Dicom.Migration.Engine.Pacing;

/// <summary>How hard a target is worked, for all lanes and verifiers of a run together: sessions at once, and pauses.</summary>
/// <param name="options">The limits.</param> <param name="time">The clock.</param>
internal sealed class TargetPace(MigrationRunOptions options, TimeProvider time)
{
    public SessionLimit Sessions { get; } = new(options.Lanes + options.Verifiers, time);
    public PeerPause Pause { get; } = new(options.FirstPause, options.LongestPause, options.PauseBudget, time);

    /// <summary>Whether a fault is of the target as a peer: it is busy, away, or lost the connection.</summary>
    public static bool IsOfPeer(Fault? fault) => fault is { Code: FaultCode.PeerBusy or FaultCode.PeerUnreachable or FaultCode.PeerClosedEarly or FaultCode.PeerTimeout };

    /// <summary>Does something that needs the target, again and again while it is busy or away; the last failure is the caller's.</summary>
    /// <remarks>One that was never reached is given up after the attempts that everything has: it may not be where it is said to be.</remarks>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        for (var failures = 1; ; failures++)
        {
            await Pause.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var done = await work(cancellationToken).ConfigureAwait(false);
                Pause.Reached();
                return done;
            }
            catch (MigrationException e) when (e is { Fault.IsTransient: true } and not (LedgerException or EngineException) && IsWorthAnother(e.Fault.Code, failures, begun))
            {
                Pause.Shut(Pause.After(failures));
            }
        }
    }

    /// <summary>Does something that needs a session, in a place that is held; a target that is busy then has taken one too many.</summary>
    public async Task<T> InPlaceAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work(cancellationToken).ConfigureAwait(false);
        }
        catch (MigrationException e) when (e.Fault.Code is FaultCode.PeerBusy)
        {
            Sessions.Refused();
            throw;
        }
    }

    private bool IsWorthAnother(FaultCode code, int failures, long begun) => failures < options.Attempts
        || (code is FaultCode.PeerBusy || (code is FaultCode.PeerUnreachable && Pause.HasBeenThere)) && time.GetElapsedTime(begun) < options.PauseBudget;
}
