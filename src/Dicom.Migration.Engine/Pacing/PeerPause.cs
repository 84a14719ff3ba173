namespace Dicom.Migration.Engine.Pacing;

/// <summary>Leaves a target alone after it has failed as a whole: nobody sends to it before the pause is over, which doubles with each further failure.</summary>
/// <remarks>Failures of what was sent in between two pauses are one, whoever tells of them.</remarks>
/// <param name="first">The first pause; above 0.</param>
/// <param name="longest">The longest.</param>
/// <param name="budget">How long it may be unwell, from its first failure on; 0 leaves that to others.</param>
/// <param name="time">The clock.</param>
internal sealed class PeerPause(TimeSpan first, TimeSpan longest, TimeSpan budget, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long _from; // the present pause, or the last
    private TimeSpan _pause;
    private long _ticket;
    private int _failures;
    private long _firstFailure;

    /// <summary>What a failure is told with: taken before anything is sent.</summary>
    public long Ticket { get { lock (_lock) return _ticket; } }
    /// <summary>Objects that it has stored.</summary>
    public long Stored { get; private set; }
    /// <summary>Whether it is to be left alone now.</summary>
    public bool IsShut { get { lock (_lock) return Left > TimeSpan.Zero; } }
    /// <summary>Whether it has stored nothing since it failed: it is tried with one object at a time.</summary>
    public bool IsUnwell { get { lock (_lock) return _failures > 0; } }
    /// <summary>Whether it has stored nothing since its first failure, for longer than the budget.</summary>
    public bool IsOver { get { lock (_lock) return budget > TimeSpan.Zero && _failures > 0 && time.GetElapsedTime(_firstFailure) >= budget; } }
    /// <summary>Whether it has opened a session or stored something: it is there.</summary>
    public bool HasBeenThere { get; private set; }

    /// <summary>The pause behind so many failures.</summary>
    /// <param name="failures">1 or more.</param>
    public TimeSpan After(int failures) => Math.ScaleB(first.TotalSeconds, Math.Min(failures, 60) - 1) is var seconds && seconds < longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : longest;

    /// <summary>It took an object: it is well.</summary>
    public void Well()
    {
        lock (_lock) (_failures, HasBeenThere, Stored) = (0, true, Stored + 1);
    }

    /// <summary>It took a session: it can be reached.</summary>
    public void Reached() => HasBeenThere = true;

    /// <summary>It failed to store as a whole.</summary>
    /// <param name="ticket">The ticket of before.</param>
    public void Failed(long ticket)
    {
        lock (_lock)
        {
            if (ticket != _ticket) return; // somebody else has told of it
            if (_failures++ == 0) _firstFailure = time.GetTimestamp();
            Shut(After(_failures));
        }
    }

    /// <summary>Shuts for a while; a longer pause that goes on stays.</summary>
    public void Shut(TimeSpan pause)
    {
        lock (_lock)
        {
            _ticket++;
            if (pause <= Left) return;
            (_from, _pause) = (time.GetTimestamp(), pause);
        }
    }

    /// <summary>Waits until the pause is over.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan left;
            lock (_lock) left = Left;
            if (left <= TimeSpan.Zero) return;
            await Task.Delay(left, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private TimeSpan Left => _pause == TimeSpan.Zero ? TimeSpan.Zero : _pause - time.GetElapsedTime(_from);
}
