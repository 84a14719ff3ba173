namespace Dicom.Migration.Dimse;

/// <summary>Leaves an archive alone that says it is busy: pauses that double, kept by all who ask it, until it serves someone again.</summary>
/// <param name="first">The first pause.</param> <param name="longest">The longest.</param> <param name="budget">How long an archive may say so, before it is given up.</param> <param name="time">The clock.</param>
internal sealed class Forbearance(TimeSpan first, TimeSpan longest, TimeSpan budget, TimeProvider time)
{
    private readonly Lock _gate = new();
    private long? _since; // the first time that it said so, and has served nobody after it
    private long _asked; // when the pause began
    private TimeSpan _pause;

    /// <summary>Waits until it may be asked.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (Left() is var left && left > TimeSpan.Zero) await Task.Delay(left, time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>It says that it is busy.</summary>
    /// <returns><see langword="false"/> if it has for too long.</returns>
    public bool TryAgain()
    {
        lock (_gate)
        {
            if (_since is { } since && time.GetElapsedTime(since) >= budget) return false;
            if (_since is not null && time.GetElapsedTime(_asked) < _pause) return true; // another was told the same at the same time
            _since ??= time.GetTimestamp();
            _pause = _pause == TimeSpan.Zero ? first : TimeSpan.FromTicks(Math.Min(longest.Ticks, _pause.Ticks * 2));
            _asked = time.GetTimestamp();
            return true;
        }
    }

    /// <summary>It serves someone.</summary>
    public void Served()
    {
        lock (_gate) (_since, _pause) = (null, TimeSpan.Zero);
    }

    private TimeSpan Left()
    {
        lock (_gate) return _since is null ? TimeSpan.Zero : _pause - time.GetElapsedTime(_asked);
    }
}
