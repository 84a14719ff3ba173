namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>A later run takes up what may have passed since: what was not delivered, not online, missing at the target, or lost with a connection.</summary>
public sealed class AnotherRunTests : IDisposable
{
    private readonly RunBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory, InlineData(FaultCode.NotDelivered), InlineData(FaultCode.NotOnline), InlineData(FaultCode.PeerTimeout)]
    public async Task What_was_missing_and_is_there_now_is_moved_and_takes_the_place_of_its_exception(FaultCode code)
    {
        var isThere = false;
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1), ("1.2.3.1002", code), ScriptedSource.Object(2)])) { Leaves = (_, i) => i == (isThere ? 1 : 2) };
        Assert.Equal((1L, 1L), Ends(await _bench.RunAsync(source, new ScriptedTarget())));
        isThere = true;
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((2L, 0L, 1L, true), (account.Count(InstanceState.Verified), account.Count(InstanceState.Excepted), account.Count(InstanceState.Superseded), account.IsClosed));
    }

    [Fact]
    public async Task What_is_missing_still_is_the_same_exception()
    {
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1), ("1.2.3.1002", FaultCode.NotDelivered)])) { Expected = 3 };
        for (var run = 0; run < 3; run++)
        {
            var account = await _bench.RunAsync(source, new ScriptedTarget());
            Assert.Equal((1L, 2L, 3L, true), (account.Count(InstanceState.Verified), account.Count(FaultCode.NotDelivered), account.Discovered, account.IsClosed));
        }
    }

    [Fact]
    public async Task What_was_missing_once_and_again_after_it_came_is_an_exception_no_more()
    {
        var run = 0;
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1), ("1.2.3.1002", FaultCode.NotDelivered), ScriptedSource.Object(2)])) { Leaves = (_, i) => i == (run == 1 ? 1 : 2) };
        for (; run < 3; run++) await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((2L, 0L), Ends(await _bench.AccountAsync())); // not read again: it was complete
    }

    [Fact]
    public async Task What_has_a_name_stays_an_exception_as_long_as_nobody_has_read_to_the_end()
    {
        var run = 0;
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1), ("1.2.3.1002", FaultCode.NotDelivered), ("1.2.3.1003", FaultCode.NotDelivered), ScriptedSource.Object(2), ScriptedSource.Object(3)]))
        {
            Leaves = (_, i) => run < 3 ? i > 2 : i is 1 or 2,
            BeforeItem = (_, i) => { if (run is 1 or 2 && i == 1) throw new DicomFormatException(new Fault(FaultCode.TruncatedHeader)); },
        };
        await _bench.RunAsync(source, new ScriptedTarget());
        for (run = 1; run < 3; run++)
        {
            var account = await _bench.RunAsync(source, new ScriptedTarget());
            Assert.Equal((1L, 2L, 1L, true), (account.Count(InstanceState.Verified), account.Count(FaultCode.NotDelivered), account.Count(FaultCode.TruncatedHeader), account.IsClosed));
        }

        var last = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((3L, 0L, 2L), (last.Count(InstanceState.Verified), last.Count(FaultCode.NotDelivered), last.Count(InstanceState.Superseded)));
    }

    [Fact]
    public async Task What_the_target_lost_is_sent_again_and_nothing_else()
    {
        var target = new ScriptedTarget { Keep = static (uid, bytes) => uid.EndsWith('2') ? null : bytes };
        Assert.Equal((2L, 1L), Ends(await _bench.RunAsync(OneUnit(), target)));
        target.Keep = static (_, bytes) => bytes;
        var before = target.Stores;
        Assert.Equal((3L, 0L), Ends(await _bench.RunAsync(OneUnit(), target)));
        Assert.Equal(before + 1, target.Stores);
    }

    [Fact]
    public async Task What_was_refused_for_good_is_not_asked_for_again()
    {
        var read = 0;
        var source = OneUnit();
        source.BeforeItem = (_, _) => read++;
        var target = new ScriptedTarget { Refuse = static uid => uid.EndsWith('2') ? new Fault(FaultCode.Refused) : null };
        Assert.Equal((2L, 1L), Ends(await _bench.RunAsync(source, target)));
        Assert.Equal((2L, 1L), Ends(await _bench.RunAsync(source, target)));
        Assert.Equal((3, 3), (read, target.Stores));
    }

    [Fact]
    public async Task What_fails_as_it_did_ends_no_run_though_nothing_else_shows_that_the_peers_are_well()
    {
        var source = RunBench.Many(5);
        source.BeforeItem = (key, _) => { if (key is "0002") throw new SourceUnavailableException(new Fault(FaultCode.PeerClosedEarly)); };
        var target = new ScriptedTarget { Refuse = static uid => uid.EndsWith('3') ? new Fault(FaultCode.PeerBusy) : null };
        var options = _bench.Options with { Readers = 1, Lanes = 1, ObjectsPerGroup = 1 };
        for (var run = 0; run < 3; run++)
        {
            var account = await _bench.RunAsync(source, target, options);
            Assert.Equal((3L, 1L, 1L, 5L, true), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerClosedEarly), account.Count(FaultCode.PeerBusy), account.Discovered, account.IsClosed));
        }
    }

    private static ScriptedSource OneUnit() => new(("a", [ScriptedSource.Object(1), ScriptedSource.Object(2), ScriptedSource.Object(3)]));

    private static (long Verified, long Excepted) Ends(LedgerAccount account) => (account.Count(InstanceState.Verified), account.Count(InstanceState.Excepted));
}
