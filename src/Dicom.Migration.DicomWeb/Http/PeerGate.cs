namespace Dicom.Migration.DicomWeb;

/// <summary>Stops every request to a peer that asked to be left alone, and lets them all go on together.</summary>
/// <remarks>A peer's 429 or 503 is said to one request and meant for all: whoever shares the gate waits.</remarks>
/// <param name="time">The clock.</param>
public sealed class PeerGate(TimeProvider time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1); // of one timer
    private readonly Lock _lock = new();
    private DateTimeOffset _until = DateTimeOffset.MinValue;

    /// <summary>Shuts the gate for a while; one that is shut for longer stays so.</summary>
    /// <param name="pause">How long from now.</param>
    public void Shut(TimeSpan pause)
    {
        var now = time.GetUtcNow();
        var until = pause > DateTimeOffset.MaxValue - now ? DateTimeOffset.MaxValue : now + pause;
        lock (_lock)
        {
            if (until > _until) _until = until;
        }
    }

    /// <summary>Waits until the gate is open.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan left;
            lock (_lock) left = _until - time.GetUtcNow();
            if (left <= TimeSpan.Zero) return;
            await Task.Delay(left < Longest ? left : Longest, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
