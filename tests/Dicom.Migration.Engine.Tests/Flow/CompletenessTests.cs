using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>What a unit was to give is held against what came: by what the data sets say they are, and by name where the source gives names.</summary>
public sealed class CompletenessTests : IDisposable
{
    private readonly RunBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory, InlineData(2, true), InlineData(2, false), InlineData(null, true), InlineData(null, false)]
    public async Task Another_object_under_the_name_of_one_that_was_asked_for_is_no_instance_and_the_one_is_missing(int? expected, bool isOfOther)
    {
        // "1" comes with the data set of "2", or of one that nobody lists.
        var source = new ScriptedSource(("1.2.3", [Claiming(1, isOfOther ? 2 : 9), Claiming(2, 2)])) { Expected = expected };
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((1L, 1L, 1L, true), (account.Count(InstanceState.Verified), account.Count(FaultCode.AnotherObject), account.Count(FaultCode.NotDelivered), account.IsClosed));
        Assert.Equal((1, 0), ((await _bench.FindAsync(Uid(2))).Count, (await _bench.FindAsync(Uid(9))).Count));
        Assert.Equal([Uid(1), Uid(1)], await _bench.PlacesAsync(InstanceState.Excepted));
    }

    [Fact]
    public async Task What_came_under_a_wrong_name_and_then_under_the_right_one_is_no_exception()
    {
        var reading = 0;
        var source = new ScriptedSource(("1.2.3", [Claiming(1, 2), Claiming(1, 1), Claiming(2, 2)])) { Expected = 2 };
        source.Leaves = (_, i) => { if (i == 0) reading++; return i == (reading == 1 ? 1 : 0); };
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((2L, 2L), (account.Count(InstanceState.Verified), account.Discovered));
    }

    [Fact]
    public async Task A_unit_that_was_cut_short_says_so_beside_what_it_names_although_another_was_read_to_its_end_since()
    {
        var source = new ScriptedSource(("a", [("1.2.3.1009", FaultCode.NotDelivered), ScriptedSource.Object(1)]), ("b", [ScriptedSource.Object(2)]));
        source.BeforeItem = static (key, i) => { if (key is "a" && i == 1) throw new SourceUnavailableException(new Fault(FaultCode.PeerClosedEarly)); };
        var account = await _bench.RunAsync(source, new ScriptedTarget(), _bench.Options with { Readers = 1 });
        Assert.Equal((1L, 1L, 1L, true), (account.Count(InstanceState.Verified), account.Count(FaultCode.NotDelivered), account.Count(FaultCode.PeerClosedEarly), account.IsClosed));
    }

    [Fact]
    public async Task What_a_whole_reading_named_is_not_forgotten_by_one_that_is_cut_short()
    {
        var reading = 0;
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1), ("1.2.3.1008", FaultCode.NotDelivered), ("1.2.3.1009", FaultCode.NotDelivered)]));
        source.BeforeItem = (_, i) => { if (i == 0) reading++; if (reading > 1 && i == 1) throw new DicomFormatException(new Fault(FaultCode.TruncatedHeader)); };
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((1L, 2L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.NotDelivered), account.Count(FaultCode.TruncatedHeader)));
    }

    [Fact]
    public async Task The_name_of_a_file_does_not_bind()
    {
        var source = new ScriptedSource(("f", [Claiming(1, 2, binds: false)])) { Expected = 1 };
        Assert.Equal(1L, (await _bench.RunAsync(source, new ScriptedTarget())).Count(InstanceState.Verified));
    }

    [Fact]
    public async Task An_object_of_another_study_than_the_one_that_was_asked_for_is_moved_with_a_note()
    {
        var source = new ScriptedSource(("1.2.3.4", [Claiming(1, 1)])) { Kind = SourceUnitKind.Study };
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((1L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.AnotherObject)));
    }

    [Fact]
    public async Task An_object_of_another_study_that_nobody_lists_is_not_moved_and_stands_in_for_none()
    {
        Func<SourceItem> planted = () => new SourceInstance(Uid(2), Body(ScriptedSource.Object(2))) { TransferSyntax = TransferSyntax.ExplicitVrLittleEndian, ClaimedSopInstanceUid = Uid(2), IsClaimBinding = true, IsUnlisted = true };
        var account = await _bench.RunAsync(new ScriptedSource(("1.2.3.4", [planted])) { Kind = SourceUnitKind.Study, Expected = 1 }, new ScriptedTarget());
        Assert.Equal((0L, 1L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.AnotherObject), account.Count(FaultCode.NotDelivered)));
    }

    [Fact]
    public async Task The_same_objects_with_other_bytes_at_each_reading_stand_in_for_no_other()
    {
        var content = (byte)0;
        Func<SourceItem> Next(int number) => () => new SourceInstance(Uid(number), Body(ScriptedSource.Object(number, content++))) { TransferSyntax = TransferSyntax.ExplicitVrLittleEndian };
        var account = await _bench.RunAsync(new ScriptedSource(("a", [Next(1), Next(2)])) { Expected = 3 }, new ScriptedTarget());
        Assert.Equal((1L, true), (account.Count(FaultCode.NotDelivered), account.IsClosed));
    }

    [Theory, InlineData(null), InlineData(3)]
    public async Task Objects_that_break_off_at_each_reading_have_a_line_each_and_cost_no_other_its_turn(int? expected)
    {
        var account = await _bench.RunAsync(new ScriptedSource(("a", [Breaking(1), Breaking(2), Claiming(3, 3)])) { Expected = expected }, new ScriptedTarget());
        Assert.Equal((1L, 2L, true), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerClosedEarly), account.IsClosed));
        Assert.Equal([Uid(1), Uid(2)], await _bench.PlacesAsync(InstanceState.Excepted));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Of_two_entries_of_one_name_the_one_that_breaks_off_is_missing(bool isFirst)
    {
        Func<SourceItem> named = () => new SourceInstance(Uid(2), Body(ScriptedSource.Object(3))) { TransferSyntax = TransferSyntax.ExplicitVrLittleEndian };
        var account = await _bench.RunAsync(new ScriptedSource(("a", isFirst ? [Breaking(2), named] : [named, Breaking(2)])), new ScriptedTarget());
        Assert.Equal((1L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerClosedEarly)));
    }

    [Fact]
    public async Task What_comes_behind_a_break_and_is_not_known_has_a_line_too()
    {
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1), Breaking(2), ScriptedSource.Object(3)]));
        source.BeforeItem = (_, i) => { if (i == 2) throw new BrokenOffException(new Fault(FaultCode.MalformedContainer)); };
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((1L, 1L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerClosedEarly), account.Count(FaultCode.MalformedContainer)));
    }

    [Theory, InlineData(null), InlineData(3), InlineData(4)]
    public async Task What_is_missing_has_its_name_and_what_is_only_counted_has_none(int? expected)
    {
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1), (Uid(2), FaultCode.NotDelivered), (Uid(3), FaultCode.NotOnline)])) { Expected = expected };
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((1L, expected is 4 ? 2L : 1L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.NotDelivered), account.Count(FaultCode.NotOnline)));
        Assert.Equal([Uid(2), Uid(3), .. expected is 4 ? [null] : Array.Empty<string?>()], await _bench.PlacesAsync(InstanceState.Excepted));
    }

    [Fact]
    public async Task What_is_missing_at_first_and_comes_when_it_is_asked_for_again_is_no_exception()
    {
        var reading = 0;
        var source = new ScriptedSource(("a", [(Uid(1), FaultCode.NotDelivered), ScriptedSource.Object(1)]));
        source.Leaves = (_, i) => { if (i == 0) reading++; return i == (reading == 1 ? 1 : 0); };
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((1L, 1L), (account.Count(InstanceState.Verified), account.Discovered));
    }

    [Fact]
    public async Task A_repeat_with_the_same_bytes_is_dropped_and_one_with_others_is_an_object()
    {
        static Func<SourceItem> Repeat(byte content) => () => new SourceInstance(Uid(1), Body(ScriptedSource.Object(1, content))) { TransferSyntax = TransferSyntax.ExplicitVrLittleEndian, IsRepeat = true };
        var account = await _bench.RunAsync(new ScriptedSource(("a", [ScriptedSource.Object(1), Repeat(0), Repeat(1), Repeat(1), Repeat(0)])), new ScriptedTarget());
        Assert.Equal((2L, 1L), (account.Discovered, account.Count(FaultCode.UidConflict)));
    }

    [Fact]
    public async Task A_unit_of_which_nothing_was_asked_does_not_say_that_the_source_is_well()
    {
        var source = new ScriptedSource(("1", [ScriptedSource.Object(1)]), ("2", [("", FaultCode.QueryTooLarge)]), ("3", [("", FaultCode.MalformedUid)]));
        source.BeforeItem = (key, _) => { if (key is "1") throw new SourceUnavailableException(new Fault(FaultCode.PeerClosedEarly)); };
        await Assert.ThrowsAsync<SourceUnavailableException>(() => _bench.RunAsync(source, new ScriptedTarget(), _bench.Options with { Readers = 1 }));
        Assert.Equal(0L, (await _bench.AccountAsync()).Count(FaultCode.PeerClosedEarly));
    }

    [Fact]
    public async Task A_unit_of_which_a_busy_source_gives_nothing_is_taken_up_when_others_show_that_it_is_well()
    {
        var source = RunBench.Many(5);
        source.BeforeItem = (key, _) => { if (key is "0003") throw new SourceUnavailableException(new Fault(FaultCode.PeerBusy)); };
        var account = await _bench.RunAsync(source, new ScriptedTarget(), _bench.Options with { Readers = 1 });
        Assert.Equal((4L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerBusy)));
    }

    private static string Uid(int number) => FormattableString.Invariant($"1.2.3.{number + 1000}");

    private static PipeReader Body(byte[] bytes) => PipeReader.Create(new MemoryStream(bytes));

    private static Func<SourceItem> Claiming(int claimed, int number, bool binds = true) => () => new SourceInstance(Uid(claimed), Body(ScriptedSource.Object(number)))
    {
        TransferSyntax = TransferSyntax.ExplicitVrLittleEndian, ClaimedSopInstanceUid = Uid(claimed), IsClaimBinding = binds,
    };

    private static Func<SourceItem> Breaking(int number) => () => new SourceInstance(Uid(number), PipeReader.Create(new BreakingStream())) { TransferSyntax = TransferSyntax.ExplicitVrLittleEndian };

    private sealed class BreakingStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new BrokenOffException(new Fault(FaultCode.PeerClosedEarly));
    }

    private sealed class BrokenOffException(Fault fault) : MigrationException(fault);
}
