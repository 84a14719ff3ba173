namespace Dicom.Migration.Dimse;

/// <summary>How long something may take to show, and pauses that grow meanwhile.</summary>
internal sealed class Patience(TimeSpan longest, TimeSpan firstPause, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _pause = firstPause;

    /// <summary>Whether the time is up.</summary>
    public bool IsOver => time.GetElapsedTime(_start) >= longest;

    /// <summary>Waits, twice as long as the last time, and no longer than is left.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        var left = longest - time.GetElapsedTime(_start);
        if (left <= TimeSpan.Zero) return;
        await Task.Delay(left < _pause ? left : _pause, time, cancellationToken).ConfigureAwait(false);
        _pause *= 2;
    }
}
