using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>One bad object never stops the others; one bad peer never makes exceptions of good objects.</summary>
public sealed class FaultyPeersTests : IDisposable
{
    private readonly RunBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_target_that_is_full_ends_the_run_and_what_it_did_not_take_is_moved_by_the_next()
    {
        var room = 10;
        var target = new ScriptedTarget { Refuse = _ => room-- > 0 ? null : new Fault(FaultCode.DiskFull) };
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => _bench.RunAsync(RunBench.Many(60), target));
        Assert.Equal(FaultCode.DiskFull, e.Fault.Code);
        var account = await _bench.AccountAsync();
        Assert.False(account.IsClosed);
        Assert.Equal(0, account.Count(InstanceState.Excepted));
        target.Refuse = _ => null;
        account = await _bench.RunAsync(RunBench.Many(60), target);
        Assert.True(account.IsClosed);
        Assert.Equal(60, account.Count(InstanceState.Verified));
    }

    [Fact]
    public async Task More_bad_objects_in_a_row_than_a_run_suspects_do_not_keep_the_others_from_the_target()
    {
        var target = new ScriptedTarget { Refuse = uid => string.CompareOrdinal(uid, "1.2.3.1031") < 0 ? new Fault(FaultCode.PeerBusy) : null };
        var options = _bench.Options with { Lanes = 1, MostSuspects = 8, UnitsPerBatch = 4 };
        for (var run = 0; run < 20 && (run == 0 || !(await _bench.AccountAsync()).IsClosed); run++)
        {
            try { await _bench.RunAsync(RunBench.Many(50), target, options); }
            catch (TargetUnavailableException) { }
            if (run == 3) Assert.Equal(20, (await _bench.AccountAsync()).Count(InstanceState.Verified));
        }
        var account = await _bench.AccountAsync();
        Assert.True(account.IsClosed);
        Assert.Equal((20L, 30L), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerBusy)));
    }

    [Fact]
    public async Task What_a_target_did_take_is_verified_although_it_did_not_take_the_last_ones()
    {
        var target = new ScriptedTarget { Refuse = uid => uid == "1.2.3.1020" ? new Fault(FaultCode.PeerBusy) : null };
        await Assert.ThrowsAsync<TargetUnavailableException>(() => _bench.RunAsync(RunBench.Many(20), target, _bench.Options with { Lanes = 1, Readers = 1 }));
        var account = await _bench.AccountAsync();
        Assert.Equal((19L, 1L), (account.Count(InstanceState.Verified), account.Count(InstanceState.Sending)));
    }

    [Fact]
    public async Task An_object_that_breaks_the_connection_takes_no_other_with_it()
    {
        var target = new ScriptedTarget { Breaks = static uid => uid is "1.2.3.1001" or "1.2.3.1007" };
        var account = await _bench.RunAsync(RunBench.Many(20), target, _bench.Options with { Lanes = 1 });
        Assert.Equal((18L, 2L), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerClosedEarly)));
    }

    [Fact]
    public async Task Of_two_contents_under_one_UID_the_second_is_never_sent_to_a_target_that_keeps_one()
    {
        var (first, second) = (ScriptedSource.Object(1, 1), ScriptedSource.Object(1, 2));
        var target = new ScriptedTarget();
        var source = new ScriptedSource(("a", [first]), ("b", [first]), ("c", [second]), ("d", [ScriptedSource.Object(2), second]));
        var account = await _bench.RunAsync(source, target, _bench.Options with { Lanes = 1, Readers = 1 });
        Assert.Equal((3L, 2L), (account.Count(InstanceState.Verified), account.Count(FaultCode.UidConflict)));
        Assert.Equal(first, target.Held["1.2.3.1001"]);
        Assert.True(account.IsClosed);
    }

    [Theory]
    [InlineData(true)] // in one group, before the first answer is on record
    [InlineData(false)]
    public async Task Of_two_contents_under_one_UID_the_second_is_sent_if_the_target_refuses_the_first(bool together)
    {
        var (first, second, third) = (ScriptedSource.Object(1, 1), ScriptedSource.Object(1, 2), ScriptedSource.Object(1, 3));
        var target = new ScriptedTarget { RefuseContent = bytes => bytes.SequenceEqual(first) ? new Fault(FaultCode.Refused) : null };
        var account = await _bench.RunAsync(new ScriptedSource(("a", [first]), ("b", [second]), ("c", [third])), target, _bench.Options with { Lanes = 1, Readers = 1, ObjectsPerGroup = together ? 8 : 1 });
        Assert.Equal((1L, 1L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.Refused), account.Count(FaultCode.UidConflict)));
        Assert.Equal(second, target.Held["1.2.3.1001"]);
        Assert.Equal(2, target.Stores);
        Assert.True(account.IsClosed);
    }

    [Theory]
    [InlineData(false, true)] // what broke the connection is not there
    [InlineData(true, false)] // it is: the connection broke behind it
    public async Task Of_two_contents_under_one_UID_the_second_is_sent_after_a_lost_connection_only_if_the_target_does_not_hold_the_first(bool holds, bool isSent)
    {
        var (first, second) = (ScriptedSource.Object(1, 1), ScriptedSource.Object(1, 2));
        var target = new ScriptedTarget { RefuseContent = bytes => bytes.SequenceEqual(first) ? new Fault(FaultCode.PeerClosedEarly) : null, KeepsRefused = holds };
        var source = new ScriptedSource(("a", [first]), ("b", [ScriptedSource.Object(2)]), ("c", [second]));
        var account = await _bench.RunAsync(source, target, _bench.Options with { Lanes = 1, Readers = 1, ObjectsPerGroup = 1 });
        Assert.Equal((isSent ? 2L : 1L, 1L, isSent ? 0L : 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerClosedEarly), account.Count(FaultCode.UidConflict)));
        Assert.Equal(isSent ? second : first, target.Held["1.2.3.1001"]);
        Assert.True(account.IsClosed);
    }

    [Fact]
    public async Task While_it_is_open_what_became_of_the_first_content_the_second_is_not_sent()
    {
        var (first, second) = (ScriptedSource.Object(1, 1), ScriptedSource.Object(1, 2));
        var target = new ScriptedTarget { RefuseContent = bytes => bytes.SequenceEqual(first) ? new Fault(FaultCode.PeerClosedEarly) : null };
        var isSent = false;
        target.Keep = (_, bytes) => { isSent |= bytes.SequenceEqual(second); return bytes; };
        await Assert.ThrowsAsync<TargetUnavailableException>(() => _bench.RunAsync(new ScriptedSource(("a", [first]), ("b", [second])), target, _bench.Options with { Lanes = 1, Readers = 1 }));
        Assert.False(isSent);
        Assert.Equal(1, (await _bench.AccountAsync()).Count(FaultCode.UidConflict));
    }

    [Theory]
    [InlineData(null, false)] // says nothing at all
    [InlineData(FaultCode.UnreadableAtTarget, false)]
    [InlineData(FaultCode.PeerUnreachable, false)] // cannot be asked
    [InlineData(FaultCode.MissingAtTarget, true)]
    public async Task No_other_answer_than_that_it_is_missing_is_a_proof_that_a_content_is_not_held(FaultCode? answer, bool isSent)
    {
        var (first, second) = (ScriptedSource.Object(1, 1), ScriptedSource.Object(1, 2));
        var target = new ScriptedTarget { RefuseContent = bytes => bytes.SequenceEqual(first) ? new Fault(FaultCode.PeerClosedEarly) : null };
        var (asked, sent) = (false, false);
        target.Missing = uid =>
        {
            if (uid != "1.2.3.1001" || asked) return FaultCode.MissingAtTarget;
            asked = true;
            return answer is FaultCode.PeerUnreachable ? throw new TargetUnavailableException(new Fault(FaultCode.PeerUnreachable)) : answer;
        };
        target.Keep = (_, bytes) => { sent |= bytes.SequenceEqual(second); return bytes; };
        var account = await _bench.RunAsync(new ScriptedSource(("a", [first]), ("b", [ScriptedSource.Object(2)]), ("c", [second])), target, _bench.Options with { Lanes = 1, Readers = 1, ObjectsPerGroup = 1 });
        Assert.Equal((true, isSent), (asked, sent));
        Assert.Equal(isSent ? 0 : 1, account.Count(FaultCode.UidConflict));
    }

    [Fact]
    public async Task The_same_content_in_another_encoding_is_not_sent_and_verified_by_what_the_target_holds()
    {
        var first = ScriptedSource.Object(1, 1);
        byte[] padded = [.. first]; // the name with a space behind it: other bytes, the same content
        var name = padded.AsSpan().IndexOf("PN"u8);
        padded = [.. padded[..(name + 2)], 4, 0, .. padded[(name + 4)..(name + 6)], (byte)' ', (byte)' ', .. padded[(name + 6)..]];
        var target = new ScriptedTarget();
        var account = await _bench.RunAsync(new ScriptedSource(("a", [first]), ("b", [padded])), target, _bench.Options with { Lanes = 1, Readers = 1 });
        Assert.Equal((2L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.EncodingDiffers)));
        Assert.Equal(1, target.Stores);
        Assert.Equal(first, target.Held["1.2.3.1001"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_object_that_is_replaced_at_the_source_between_two_runs_is_an_object_of_its_own(bool keepsRivals)
    {
        var isBusy = true;
        var target = new ScriptedTarget { KeepsRivals = keepsRivals, Refuse = uid => isBusy && uid == "1.2.3.1002" ? new Fault(FaultCode.PeerBusy) : null };
        var options = _bench.Options with { Lanes = 1, Readers = 1, ObjectsPerGroup = 1 };
        var (before, after) = (ScriptedSource.Object(1, 1), ScriptedSource.Object(1, 2));
        await Assert.ThrowsAsync<TargetUnavailableException>(() => _bench.RunAsync(new ScriptedSource(("a", [before, ScriptedSource.Object(2)])), target, options));
        Assert.Equal(1, (await _bench.AccountAsync()).Count(InstanceState.Verified));
        await Assert.ThrowsAsync<TargetUnavailableException>(() => _bench.RunAsync(new ScriptedSource(("a", [after, ScriptedSource.Object(2)])), target, options));
        isBusy = false;
        var account = await _bench.RunAsync(new ScriptedSource(("a", [after, ScriptedSource.Object(2)])), target, options);
        Assert.True(account.IsClosed);
        Assert.Equal((3L, keepsRivals ? 3L : 2L, keepsRivals ? 0L : 1L), (account.Discovered, account.Count(InstanceState.Verified), account.Count(FaultCode.UidConflict)));
        Assert.Equal(keepsRivals ? after : before, target.Held["1.2.3.1001"]);
    }

    [Theory]
    [InlineData(FaultCode.AccessDenied, 1)]
    [InlineData(FaultCode.TlsRefused, 1)]
    [InlineData(FaultCode.TlsRefused, 9)] // however often it is tried
    public async Task A_target_that_lets_nobody_in_ends_the_run_and_no_object_is_an_exception_for_it(FaultCode code, int runs)
    {
        var isShut = true;
        var target = new ScriptedTarget { Refuse = _ => isShut ? new Fault(code) : null };
        for (var run = 0; run < runs; run++)
            Assert.Equal(code, (await Assert.ThrowsAsync<TargetUnavailableException>(() => _bench.RunAsync(RunBench.Many(20), target))).Fault.Code);
        Assert.Equal(0, (await _bench.AccountAsync()).Count(code));
        isShut = false;
        Assert.Equal(20, (await _bench.RunAsync(RunBench.Many(20), target)).Count(InstanceState.Verified));
    }

    [Fact]
    public async Task An_object_that_fails_while_others_are_stored_is_an_exception_and_no_sign_of_an_unwell_target()
    {
        var target = new ScriptedTarget { Refuse = uid => uid == "1.2.3.1002" ? new Fault(FaultCode.PeerTimeout) : null };
        var account = await _bench.RunAsync(RunBench.Many(40), target, _bench.Options with { Lanes = 1 });
        Assert.Equal((39L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerTimeout)));
        Assert.True(account.IsClosed);
    }

    [Fact]
    public async Task What_fails_once_is_stored_in_the_next_round()
    {
        var failures = new HashSet<string>(StringComparer.Ordinal);
        var target = new ScriptedTarget { Refuse = uid => failures.Add(uid) ? new Fault(FaultCode.PeerBusy) : null };
        var account = await _bench.RunAsync(RunBench.Many(20), target);
        Assert.Equal(20, account.Count(InstanceState.Verified));
    }

    [Fact]
    public async Task A_session_that_throws_is_replaced_and_its_object_stored_by_another()
    {
        var (thrown, target) = (0, new ScriptedTarget());
        target.BeforeStore = uid => { if (uid.EndsWith('5') && Interlocked.Increment(ref thrown) <= 2) throw new InvalidOperationException("made up"); };
        var account = await _bench.RunAsync(RunBench.Many(20), target);
        Assert.Equal(20, account.Count(InstanceState.Verified));
        Assert.True(target.Sessions > 2, "a session that has failed is not used again");
    }

    [Fact]
    public async Task A_target_that_cannot_be_reached_ends_the_run_with_its_own_fault()
    {
        var target = new ScriptedTarget { BeforeOpen = () => throw new TargetUnavailableException(new Fault(FaultCode.PeerUnreachable)) };
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => _bench.RunAsync(RunBench.Many(5), target, _bench.Options with { Lanes = 1 }));
        Assert.Equal(FaultCode.PeerUnreachable, e.Fault.Code);
        Assert.Equal(_bench.Options.Attempts, target.Openings);
    }

    [Fact]
    public async Task A_source_that_is_gone_ends_the_run_and_no_object_is_excepted_for_it()
    {
        var source = RunBench.Many(10);
        source.BeforeItem = (key, _) => { if (key == "0007") throw new SourceUnavailableException(new Fault(FaultCode.PeerUnreachable)); };
        await Assert.ThrowsAsync<SourceUnavailableException>(() => _bench.RunAsync(source, new ScriptedTarget()));
        var account = await _bench.AccountAsync();
        Assert.Equal(0, account.Count(InstanceState.Excepted));
        source.BeforeItem = (_, _) => { };
        Assert.Equal(10, (await _bench.RunAsync(source, new ScriptedTarget())).Count(InstanceState.Verified));
    }

    [Fact]
    public async Task A_unit_that_only_ever_loses_its_connection_is_an_exception_while_others_are_moved()
    {
        var source = RunBench.Many(10);
        source.Expected = 1;
        source.BeforeItem = (key, _) => { if (key is "0004" or "0010") throw new SourceUnavailableException(new Fault(FaultCode.PeerClosedEarly)); };
        var account = await _bench.RunAsync(source, new ScriptedTarget(), _bench.Options with { Readers = 1 });
        Assert.Equal((8L, 2L, true), (account.Count(InstanceState.Verified), account.Count(FaultCode.PeerClosedEarly), account.IsClosed));
    }

    [Fact]
    public async Task A_unit_that_cannot_be_read_has_a_line_for_each_instance_that_it_promised()
    {
        var source = RunBench.Many(3);
        source.Expected = 4;
        source.BeforeItem = (key, _) => { if (key is "0002") throw new EngineFreeException(new Fault(FaultCode.QueryTooLarge)); };
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((4L, 6L, true), (account.Count(FaultCode.QueryTooLarge), account.Count(FaultCode.NotDelivered), account.IsClosed));
    }

    private sealed class EngineFreeException(Fault fault) : MigrationException(fault);

    [Fact]
    public async Task A_source_that_loses_every_connection_ends_the_run_until_its_units_have_had_their_attempts()
    {
        var source = RunBench.Many(2);
        source.BeforeItem = (_, _) => throw new SourceUnavailableException(new Fault(FaultCode.PeerTimeout));
        for (var run = 0; run < _bench.Options.Attempts; run++)
        {
            await Assert.ThrowsAsync<SourceUnavailableException>(() => _bench.RunAsync(source, new ScriptedTarget()));
            Assert.Equal(0, (await _bench.AccountAsync()).Discovered);
        }

        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((2L, true), (account.Count(FaultCode.PeerTimeout), account.IsClosed));
    }

    [Fact]
    public async Task A_source_that_breaks_in_a_way_it_does_not_name_costs_one_unit()
    {
        var source = RunBench.Many(10);
        source.BeforeItem = (key, _) => { if (key == "0004") throw new InvalidOperationException("made up"); };
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((9L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.Unexpected)));
    }

    [Fact]
    public async Task Instances_that_a_unit_promises_and_does_not_give_are_in_the_account_one_by_one()
    {
        var source = RunBench.Many(3);
        source.Expected = 3;
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((3L, 6L, 9L), (account.Count(InstanceState.Verified), account.Count(FaultCode.NotDelivered), account.Discovered));
        Assert.True(account.IsClosed);
    }

    [Fact]
    public async Task What_two_readings_of_a_unit_give_together_is_not_missing()
    {
        var (reading, third) = (0, ScriptedSource.Object(3));
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1), ScriptedSource.Object(2), third])) { Expected = 3 };
        source.Leaves = (_, i) => { if (i == 0) reading++; return reading == 1 ? i == 2 : i == 0; }; // first without the last, then without the first
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((3L, 0L, 3L), (account.Count(InstanceState.Verified), account.Count(FaultCode.NotDelivered), account.Discovered));
    }

    [Fact]
    public async Task The_same_content_in_another_encoding_is_verified_with_a_note()
    {
        // (0010,0010) with a trailing space more: other bytes, the same value (PS3.5 §6.2).
        var account = await _bench.RunAsync(RunBench.Many(5), PaddingTarget());
        Assert.Equal((5L, 1L, 0L), (account.Count(InstanceState.Verified), account.Count(FaultCode.EncodingDiffers), account.Count(InstanceState.Excepted)));
    }

    [Fact]
    public async Task A_difference_is_examined_again_when_the_source_failed_meanwhile()
    {
        var (source, readings) = (RunBench.Many(5), 0);
        source.BeforeItem = (key, _) => { if (key is "0003" && ++readings == 2) throw new EngineFreeException(new Fault(FaultCode.PeerClosedEarly)); };
        var account = await _bench.RunAsync(source, PaddingTarget());
        Assert.Equal((5L, 1L, 3), (account.Count(InstanceState.Verified), account.Count(FaultCode.EncodingDiffers), readings));
    }

    [Fact]
    public async Task A_difference_that_cannot_be_examined_while_the_source_is_away_has_no_verdict_yet()
    {
        var (source, readings, isAway) = (RunBench.Many(5), 0, true);
        source.BeforeItem = (key, _) => { if (key is "0003" && ++readings > 1 && isAway) throw new SourceUnavailableException(new Fault(FaultCode.PeerUnreachable)); };
        var target = PaddingTarget();
        await Assert.ThrowsAsync<SourceUnavailableException>(() => _bench.RunAsync(source, target));
        Assert.Equal(0L, (await _bench.AccountAsync()).Count(InstanceState.Excepted));
        isAway = false;
        var account = await _bench.RunAsync(source, target);
        Assert.Equal((5L, 1L, true), (account.Count(InstanceState.Verified), account.Count(FaultCode.EncodingDiffers), account.IsClosed));
    }

    private static ScriptedTarget PaddingTarget()
    {
        return new() { Keep = static (uid, bytes) => uid == "1.2.3.1003" ? Padded(bytes) : bytes };

        static byte[] Padded(byte[] bytes)
        {
            var at = bytes.AsSpan().IndexOf("\u0010\0\u0010\0PN"u8);
            return [.. bytes[..(at + 6)], (byte)(bytes[at + 6] + 2), .. bytes[(at + 7)..(at + 8 + bytes[at + 6])], (byte)' ', (byte)' ', .. bytes[(at + 8 + bytes[at + 6])..]];
        }
    }
}
