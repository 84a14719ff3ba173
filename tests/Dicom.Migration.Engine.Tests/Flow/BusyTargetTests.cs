using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>A target that is busy, or away for a while, is left alone and served afterwards; no object is an exception for it.</summary>
public sealed class BusyTargetTests : IDisposable
{
    private readonly RunBench _bench = new();
    private readonly WaitedTime _time = new();
    private readonly DateTimeOffset _start;

    public BusyTargetTests() => _start = _time.GetUtcNow();

    private MigrationRunOptions Patient => _bench.Options with { FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromMinutes(1), PauseBudget = TimeSpan.FromMinutes(10), LeaseDuration = TimeSpan.FromDays(1) };
    private double Seconds => (_time.GetUtcNow() - _start).TotalSeconds;

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(FaultCode.PeerBusy, 8)]
    [InlineData(FaultCode.PeerUnreachable, 8)]
    [InlineData(FaultCode.PeerBusy, 1)] // one object is tried all the time, and is not the cause
    public async Task A_target_that_is_unwell_for_minutes_is_asked_a_few_times_and_then_has_everything(FaultCode code, int objectsPerGroup)
    {
        var refusals = 0;
        var target = new ScriptedTarget { Refuse = _ => Seconds < 240 && ++refusals > 0 ? new Fault(code) : null };
        var account = await RunAsync(RunBench.Many(60), target, Patient with { ObjectsPerGroup = objectsPerGroup });
        Assert.Equal((60L, true), (account.Count(InstanceState.Verified), account.IsClosed));
        Assert.InRange(refusals, 4, 2 * 10); // 1, 2, 4, 8, 16, 32, 60, 60, 60 s, by two lanes
    }

    [Fact]
    public async Task A_target_that_is_unwell_for_longer_than_the_budget_ends_the_run_and_no_object_is_an_exception()
    {
        var target = new ScriptedTarget { Refuse = static _ => new Fault(FaultCode.PeerBusy) };
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => RunAsync(RunBench.Many(60), target, Patient));
        Assert.Equal(FaultCode.PeerBusy, e.Fault.Code);
        Assert.InRange(Seconds, 600, 900);
        Assert.InRange(target.Stores, 10, 40);
        Assert.Equal(0, (await _bench.AccountAsync()).Count(InstanceState.Excepted));
    }

    [Fact]
    public async Task An_object_that_is_called_busy_while_others_are_stored_is_an_exception_after_its_attempts()
    {
        var offers = 0;
        var target = new ScriptedTarget { Refuse = uid => uid == "1.2.3.1005" && ++offers > 0 ? new Fault(FaultCode.PeerBusy) : null };
        var account = await RunAsync(RunBench.Many(40), target, Patient with { Lanes = 1, Readers = 1 }); // others come behind it
        Assert.Equal((39L, 1L, true), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerBusy), account.IsClosed));
        Assert.Equal(_bench.Options.Attempts, offers);
    }

    [Fact]
    public async Task An_object_that_was_called_busy_by_an_earlier_run_is_soon_called_so_again_and_keeps_no_run_open()
    {
        var target = new ScriptedTarget { Refuse = static uid => uid == "1.2.3.1005" ? new Fault(FaultCode.PeerBusy) : null };
        for (var run = 0; run < 3; run++)
        {
            var account = await RunAsync(RunBench.Many(40), target, Patient with { Lanes = 1, Readers = 1 }); // others come behind it; from the second run on nothing else is offered
            Assert.Equal((39L, 1L, true), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerBusy), account.IsClosed));
        }

        Assert.InRange(Seconds, 0, 300); // the target is not waited for as one that is busy for all
    }

    [Fact]
    public async Task A_target_that_goes_away_in_mid_run_is_waited_for()
    {
        var (target, openings) = (new ScriptedTarget(), 0);
        target.BeforeStore = uid => { if (uid == "1.2.3.1020" && openings == 0) throw new TargetUnavailableException(new Fault(FaultCode.PeerClosedEarly)); };
        target.BeforeOpen = () => { if (!target.Held.IsEmpty && Seconds < 300 && ++openings > 0) throw new TargetUnavailableException(new Fault(FaultCode.PeerUnreachable)); };
        var account = await RunAsync(RunBench.Many(60), target, Patient with { Lanes = 1 });
        Assert.Equal((60L, true), (account.Count(InstanceState.Verified), account.IsClosed));
        Assert.InRange(openings, 4, 12);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(1, 8)]
    [InlineData(3, 8)]
    public async Task A_target_that_takes_few_sessions_is_served_and_verified_by_many_lanes(int sessions, int workers)
    {
        var target = new ScriptedTarget { MostSessions = sessions };
        var account = await RunAsync(RunBench.Many(120), target, Patient with { Lanes = workers, Verifiers = workers, Readers = workers, ObjectsPerGroup = 4 });
        Assert.Equal((120L, true), (account.Count(InstanceState.Verified), account.IsClosed));
        Assert.InRange(target.Rejections, 0, 20);
    }

    [Theory]
    [InlineData("FirstPause")]
    [InlineData("LongestPause")]
    [InlineData("PauseBudget")]
    public void A_pause_out_of_range_is_refused_by_name(string name)
    {
        var options = name switch
        {
            "FirstPause" => _bench.Options with { FirstPause = TimeSpan.Zero },
            "LongestPause" => _bench.Options with { LongestPause = TimeSpan.FromDays(1) },
            _ => _bench.Options with { PauseBudget = TimeSpan.FromDays(2) },
        };
        Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(() => new MigrationRun(RunBench.Many(1), new ScriptedTarget(), null!, null!, options)).ParamName);
    }

    private Task<LedgerAccount> RunAsync(ScriptedSource source, ScriptedTarget target, MigrationRunOptions options) => _bench.RunAsync(source, target, options, time: _time);

    /// <summary>Time passes where somebody waits for it, and nowhere else.</summary>
    private sealed class WaitedTime : FakeTimeProvider
    {
        private readonly Lock _passing = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var due = GetUtcNow() + dueTime;
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime > TimeSpan.Zero && dueTime <= TimeSpan.FromMinutes(1)) _ = Task.Run(() => PassTo(due)); // the lease's own timer is a longer one
            return timer;
        }

        // Several who wait for the same instant wait together, and not one after the other.
        private void PassTo(DateTimeOffset due)
        {
            lock (_passing)
                if (due - GetUtcNow() is var left && left > TimeSpan.Zero) Advance(left);
        }
    }
}
