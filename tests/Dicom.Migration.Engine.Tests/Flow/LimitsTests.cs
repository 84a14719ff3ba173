using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>Memory, time and rights of a run are bounded, and what does not fit goes another way and arrives all the same.</summary>
public sealed class LimitsTests : IDisposable
{
    private readonly RunBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Objects_larger_than_the_memory_for_one_go_through_the_spool_and_leave_nothing_there(bool isLengthKnown)
    {
        var objects = Enumerable.Range(1, 12).Select(i => ScriptedSource.Large(i, 300_000 * (i % 4))).ToArray();
        var source = new ScriptedSource([.. objects.Select((bytes, i) => ($"{i}", new object[] { bytes }))]) { IsLengthKnown = isLengthKnown };
        var target = new ScriptedTarget();
        var account = await _bench.RunAsync(source, target, _bench.Options with { ByteBudget = 1 << 20, LargestInMemory = 1 << 16 });
        Assert.Equal(12, account.Count(InstanceState.Verified));
        for (var i = 0; i < objects.Length; i++) Assert.Equal(objects[i], target.Held[FormattableString.Invariant($"1.2.3.{i + 1001}")]);
        Assert.Empty(Directory.EnumerateFiles(_bench.Options.SpoolFolder));
    }

    [Fact]
    public async Task A_source_is_read_no_further_than_the_budget_while_the_target_stands_still()
    {
        var (read, full, opened) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource());
        var options = _bench.Options with { ByteBudget = 1 << 20, LargestInMemory = 1 << 17 };
        var most = 16 + options.Readers; // each object takes one block of 64 KiB: 16 fit, and each reader holds one more that waits
        var source = new ScriptedSource([.. Enumerable.Range(1, 200).Select(i => (FormattableString.Invariant($"{i:D4}"), new object[] { ScriptedSource.Large(i, 60_000) }))]);
        source.BeforeItem = (_, _) => { if (Interlocked.Increment(ref read) == most) full.SetResult(); };
        var target = new ScriptedTarget { Opened = opened.Task };
        var run = _bench.RunAsync(source, target, options);
        await full.Task;
        for (var i = 0; i < 1_000; i++) await Task.Yield(); // time enough for a reader that nothing holds back
        Assert.Equal(most, Volatile.Read(ref read));
        opened.SetResult();
        Assert.Equal(200, (await run).Count(InstanceState.Verified));
    }

    [Fact]
    public async Task A_run_whose_ledger_was_taken_over_ends_at_the_next_renewal()
    {
        var time = new FakeTimeProvider();
        var (taken, target) = (new TaskCompletionSource(), new ScriptedTarget());
        target.Opened = taken.Task;
        var run = _bench.RunAsync(RunBench.Many(5), target, time: time);
        await target.SomebodyWaits;
        await _bench.TakeOverAsync();
        time.Advance(_bench.Options.LeaseDuration);
        var e = await Assert.ThrowsAsync<LedgerException>(() => run);
        Assert.Equal(FaultCode.LeaseLost, e.Fault.Code);
        taken.SetResult();
    }

    [Fact]
    public async Task A_target_that_hangs_does_not_keep_a_stopped_run_longer_than_the_time_to_drain()
    {
        var time = new FakeTimeProvider();
        using var stop = new CancellationTokenSource();
        var target = new ScriptedTarget { Opened = new TaskCompletionSource().Task };
        var run = _bench.RunAsync(RunBench.Many(5), target, time: time, cancellationToken: stop.Token);
        await target.SomebodyWaits;
        await stop.CancelAsync();
        Assert.False(run.IsCompleted);
        time.Advance(_bench.Options.DrainTime);
        var account = await run;
        Assert.False(account.IsClosed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void A_number_of_workers_out_of_range_is_refused_by_name(int workers)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => new MigrationRun(RunBench.Many(1), new ScriptedTarget(), null!, null!, _bench.Options with { Lanes = workers }));
        Assert.Equal(nameof(MigrationRunOptions.Lanes), e.ParamName);
    }
}
