namespace Dicom.Migration.DicomWeb.Tests.Peers;

/// <summary>A clock that goes fifty times as fast: whoever waits patiently is through with it in a test.</summary>
internal sealed class HastyTime : TimeProvider
{
    private const int Haste = 50;
    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;

    public override DateTimeOffset GetUtcNow() => _start + ((DateTimeOffset.UtcNow - _start) * Haste);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(callback, state, Faster(dueTime), Faster(period));

    private static TimeSpan Faster(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / Haste;
}
