namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>A clock that runs so many times as fast as the system's: a minute of a peer's silence is not waited for, and everything that takes time takes it in proportion.</summary>
internal sealed class ScaledTime(int factor) : TimeProvider
{
    private readonly long _start = System.GetTimestamp();
    private readonly DateTimeOffset _now = System.GetUtcNow();

    public override long TimestampFrequency => System.TimestampFrequency;
    public override long GetTimestamp() => _start + (System.GetTimestamp() - _start) * factor;
    public override DateTimeOffset GetUtcNow() => _now + System.GetElapsedTime(_start) * factor;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(System.CreateTimer(callback, state, Shorter(dueTime), Shorter(period)), this);

    private TimeSpan Shorter(TimeSpan time) => time <= TimeSpan.Zero ? time : TimeSpan.FromMilliseconds(Math.Max(1, time.TotalMilliseconds / factor));

    private sealed class Timer(ITimer inner, ScaledTime time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(time.Shorter(dueTime), time.Shorter(period));
        public void Dispose() => inner.Dispose();
        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
