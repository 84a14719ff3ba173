using Dicom.Migration.Engine.Ledger;
using static Dicom.Migration.Engine.Tests.Ledger.TemporaryLedger;

namespace Dicom.Migration.Engine.Tests.Ledger;

/// <summary>Two runners on one file, and a clock that is set by the test.</summary>
public sealed class LeaseTests : IDisposable
{
    private readonly TemporaryLedger _file = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;
    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task Fences_a_runner_that_wakes_up_after_its_lease_was_taken()
    {
        await using var first = await _file.OpenAsync();
        await using var second = await _file.OpenAsync();
        var old = await first.AcquireLeaseAsync("first", Minute, Stop);
        await first.AppendAsync(old, Unit("2.25.1", 1), Stop);
        await Lost(() => second.AcquireLeaseAsync("second", Minute, Stop).AsTask());

        _file.Time.Advance(Minute);
        await first.AppendAsync(old, Unit("2.25.2", 1), Stop); // late, but nobody has taken it
        var taken = await second.AcquireLeaseAsync("second", Minute, Stop);
        Assert.True(taken.Epoch > old.Epoch);
        await Lost(() => first.AppendAsync(old, Unit("2.25.3", 1), Stop).AsTask());
        await Lost(() => first.RenewAsync(old, Minute, Stop).AsTask());
        await first.ReleaseAsync(old, Stop); // does not end the other's lease
        await second.AppendAsync(taken, Unit("2.25.3", 1), Stop);
        Assert.Equal(3, (await first.ReadAccountAsync(Stop)).Units);
    }

    [Fact]
    public async Task Keeps_a_lease_that_is_renewed_and_ends_one_that_is_released()
    {
        await using var first = await _file.OpenAsync();
        await using var second = await _file.OpenAsync();
        var lease = await first.AcquireLeaseAsync("first", Minute, Stop);
        for (var i = 0; i < 5; i++)
        {
            _file.Time.Advance(Minute / 2);
            lease = await first.RenewAsync(lease, Minute, Stop);
        }
        await Lost(() => second.AcquireLeaseAsync("second", Minute, Stop).AsTask());
        await first.ReleaseAsync(lease, Stop);
        await Lost(() => first.AppendAsync(lease, Unit("2.25.1", 1), Stop).AsTask());
        await second.AcquireLeaseAsync("second", Minute, Stop);
    }

    [Fact]
    public async Task Lets_a_holder_take_over_its_own_lease_after_a_crash()
    {
        await using var first = await _file.OpenAsync();
        var old = await first.AcquireLeaseAsync("host", Minute, Stop);
        await using var restarted = await _file.OpenAsync();
        Assert.True((await restarted.AcquireLeaseAsync("host", Minute, Stop)).Epoch > old.Epoch);
        await Lost(() => first.AppendAsync(old, Unit("2.25.1", 1), Stop).AsTask());
    }

    [Fact]
    public async Task Is_not_bound_by_a_lease_made_before_the_clock_was_set_back()
    {
        await using (var future = await SqliteLedger.OpenAsync(_file.Path, Identity, new Microsoft.Extensions.Time.Testing.FakeTimeProvider(_file.Time.GetUtcNow().AddYears(10)), null, Stop))
            await future.AcquireLeaseAsync("first", Minute, Stop);
        await using var ledger = await _file.OpenAsync();
        await ledger.AcquireLeaseAsync("second", Minute, Stop);
    }

    [Fact]
    public async Task Hands_out_expired_units_again_and_fences_their_former_holder()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        await ledger.AppendAsync(lease, new() { Units = [.. Enumerable.Range(1, 5).Select(i => new LedgerUnit($"2.25.{i}", LedgerUnitKind.Study, i))] }, Stop);
        var work = new SqliteWorkCoordinator(ledger, lease, _file.Time);
        var slow = await work.AcquireAsync(2, Minute, Stop);
        var other = await work.AcquireAsync(10, Minute * 2, Stop);
        Assert.Equal(["2.25.1", "2.25.2"], slow.Items.Select(item => item.Unit.Key), StringComparer.Ordinal);
        Assert.Equal(["2.25.3", "2.25.4", "2.25.5"], other.Items.Select(item => item.Unit.Key), StringComparer.Ordinal);
        Assert.Empty((await work.AcquireAsync(10, Minute, Stop)).Items);

        await work.CompleteAsync(slow, "2.25.1", Stop);
        await work.RenewAsync(slow, Stop);
        _file.Time.Advance(Minute);
        var again = await work.AcquireAsync(10, Minute, Stop);
        Assert.Equal(new WorkItem(new("2.25.2", LedgerUnitKind.Study, 2), Attempt: 2), Assert.Single(again.Items));
        Assert.True(again.Epoch > slow.Epoch);
        await Lost(() => work.CompleteAsync(slow, "2.25.2", Stop).AsTask());
        await Lost(() => work.RenewAsync(slow, Stop).AsTask());
        await work.CompleteAsync(again, "2.25.2", Stop);
        await work.CompleteAsync(again, "2.25.2", Stop);
        await work.CompleteAsync(slow, "2.25.2", Stop); // complete is complete, whoever says so
        Assert.Equal(3, (await ledger.ReadAccountAsync(Stop)).UnitsPending);
    }

    [Fact]
    public async Task A_unit_that_is_listed_otherwise_while_it_is_read_is_pending_for_the_next_holder()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        await ListAsync("first", 0);
        var work = new SqliteWorkCoordinator(ledger, lease, _file.Time);
        var reading = await work.AcquireAsync(1, Minute, Stop);
        await ListAsync("second", 1); // too late for what is being read, it may be
        await work.CompleteAsync(reading, "2.25.1", Stop);
        await ListAsync("second", 1);
        var account = await ledger.ReadAccountAsync(Stop);
        Assert.Equal((0L, 0L), (account.UnitsPending, account.InstancesNotSeen));
        lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        await ListAsync("second", 1);
        account = await ledger.ReadAccountAsync(Stop);
        Assert.Equal((1L, 1L), (account.UnitsPending, account.InstancesNotSeen));
        var again = Assert.Single((await new SqliteWorkCoordinator(ledger, lease, _file.Time).AcquireAsync(1, Minute, Stop)).Items);
        Assert.Equal(new WorkItem(new LedgerUnit("2.25.1", LedgerUnitKind.Study, 1) { Stamp = "second" }, Attempt: 1), again);

        async Task ListAsync(string stamp, int expected) =>
            await ledger.AppendAsync(lease, new() { Units = [new LedgerUnit("2.25.1", LedgerUnitKind.Study, expected) { Stamp = stamp }], IsDiscoveryComplete = true }, Stop);
    }

    [Fact]
    public async Task Hands_out_what_a_dead_runner_held_at_once_and_counts_the_attempt()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        await ledger.AppendAsync(lease, Unit("2.25.1", 1), Stop);
        var dead = new SqliteWorkCoordinator(ledger, lease, _file.Time);
        var held = await dead.AcquireAsync(1, Minute, Stop);
        var next = new SqliteWorkCoordinator(ledger, await ledger.AcquireLeaseAsync("a", Minute, Stop), _file.Time);
        var taken = await next.AcquireAsync(1, Minute, Stop);
        Assert.Equal(2, Assert.Single(taken.Items).Attempt);
        Assert.True(taken.Epoch > held.Epoch);
        await Lost(() => dead.CompleteAsync(held, "2.25.1", Stop).AsTask());
        await Lost(() => dead.AcquireAsync(1, Minute, Stop).AsTask());
        await next.CompleteAsync(taken, "2.25.1", Stop);
    }

    [Theory]
    [InlineData(DesiredState.Pause)]
    [InlineData(DesiredState.Drain)]
    public async Task Hands_out_nothing_while_the_operator_does_not_want_it(DesiredState desired)
    {
        await using var ledger = await _file.OpenAsync();
        await using var portal = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        await ledger.AppendAsync(lease, Unit("2.25.1", 1), Stop);
        var work = new SqliteWorkCoordinator(ledger, lease, _file.Time);
        await portal.RequestAsync(desired, Stop);
        Assert.Equal(desired, await work.ReadDesiredStateAsync(Stop));
        Assert.Empty((await work.AcquireAsync(1, Minute, Stop)).Items);
        await portal.RequestAsync(DesiredState.Run, Stop);
        Assert.Single((await work.AcquireAsync(1, Minute, Stop)).Items);
    }

    private static async Task Lost(Func<Task> action) => Assert.Equal(FaultCode.LeaseLost, (await Assert.ThrowsAsync<LedgerException>(action)).Fault.Code);
}
