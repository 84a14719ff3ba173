namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>Closed accounting: whatever a source holds and a target does, every object ends in one state, and only what was seen at the target is Verified.</summary>
public sealed class MigrationRunTests : IDisposable
{
    private readonly RunBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Every_object_of_every_kind_is_accounted_for()
    {
        var good = ScriptedSource.Object(1);
        var source = new ScriptedSource(("a", [good]), ("b", [ScriptedSource.Object(2)[..^3]]), ("c", ["not-dicom"]), ("d", [FaultCode.AccessDenied]),
            ("e", [ScriptedSource.Object(3), ScriptedSource.Object(4), "not-dicom"]), ("f", [good]));
        var target = new ScriptedTarget();
        var account = await _bench.RunAsync(source, target);
        Assert.True(account.IsClosed);
        Assert.Equal((8L, 4L, 2L, 2L), (account.Discovered, account.Count(InstanceState.Verified), account.Count(InstanceState.Excluded), account.Count(InstanceState.Excepted)));
        Assert.Equal((1L, 1L), (account.Count(FaultCode.LengthBeyondInput), account.Count(FaultCode.AccessDenied)));
        Assert.Equal(4, account.Count(EvidenceLevel.L4));
        Assert.Equal(good, target.Held["1.2.3.1001"]);
    }

    [Fact]
    public async Task A_target_that_says_success_and_keeps_nothing_verifies_nothing()
    {
        var account = await _bench.RunAsync(RunBench.Many(20), new ScriptedTarget { Keep = (_, _) => null });
        Assert.Equal((0L, 20L), (account.Count(InstanceState.Verified), account.Count(FaultCode.MissingAtTarget)));
        Assert.True(account.IsClosed);
    }

    [Fact]
    public async Task A_target_that_alters_one_byte_is_found_out_and_harms_no_other_object()
    {
        var target = new ScriptedTarget { Keep = (uid, bytes) => uid == "1.2.3.1007" ? [.. bytes[..^1], (byte)(bytes[^1] ^ 1)] : bytes };
        var account = await _bench.RunAsync(RunBench.Many(20), target);
        Assert.Equal(["Excepted UnexplainedDifference: 1", "Verified: 19"], await _bench.EndsAsync());
        Assert.True(account.IsClosed);
    }

    [Fact]
    public async Task A_refused_object_is_an_exception_with_the_target_s_own_reason()
    {
        var account = await _bench.RunAsync(RunBench.Many(5), new ScriptedTarget { Refuse = uid => uid == "1.2.3.1002" ? new Fault(FaultCode.Refused) : null });
        Assert.Equal((4L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.Refused)));
    }

    [Fact]
    public async Task A_source_s_note_is_in_the_account_beside_the_verdict_and_changes_none()
    {
        var source = new ScriptedSource(("a", [(ScriptedSource.Object(1), FaultCode.DicomDirFileUnlisted)]), ("b", [(ScriptedSource.Object(2), FaultCode.DicomDirFileUnlisted)]), ("c", [ScriptedSource.Object(3)]));
        var account = await _bench.RunAsync(source, new ScriptedTarget { Refuse = uid => uid == "1.2.3.1002" ? new Fault(FaultCode.Refused) : null });
        Assert.Equal((2L, 1L, 1L), (account.Count(InstanceState.Verified), account.Count(FaultCode.DicomDirFileUnlisted), account.Count(FaultCode.Refused)));
    }

    [Fact]
    public async Task A_target_that_cannot_be_read_verifies_nothing_by_its_word_alone()
    {
        var account = await _bench.RunAsync(RunBench.Many(3), new ScriptedTarget { Levels = [] });
        Assert.Equal((0L, 3L), (account.Count(InstanceState.Verified), account.Count(FaultCode.UnreadableAtTarget)));
    }

    [Theory]
    [InlineData(EvidenceLevel.L1)]
    [InlineData(EvidenceLevel.L4)]
    public async Task What_a_target_takes_in_another_encoding_has_the_digest_of_what_was_sent_and_a_note(EvidenceLevel level)
    {
        var target = new ScriptedTarget { Encodes = static bytes => [.. bytes, 0xFC, 0xFF, 0xFC, 0xFF, (byte)'O', (byte)'B', 0, 0, 0, 0, 0, 0] }; // Data Set Trailing Padding
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1)]), ("b", [ScriptedSource.Object(1)]), ("c", [ScriptedSource.Object(2)])); // one of them twice
        var account = await _bench.RunAsync(source, target, _bench.Options with { Evidence = level, Lanes = 1, Readers = 1, ObjectsPerGroup = 1 });
        Assert.Equal((3L, 3L, true), (account.Count(level), account.Count(FaultCode.EncodingDiffers), account.IsClosed));
        var sent = new LedgerDigest(System.Security.Cryptography.SHA256.HashData(target.Held["1.2.3.1001"]));
        Assert.All(await _bench.FindAsync("1.2.3.1001"), i => Assert.Equal((sent, new LedgerDigest(System.Security.Cryptography.SHA256.HashData(ScriptedSource.Object(1)))), (i.Current.SentDigest, i.Current.SourceDigest)));
    }

    [Theory]
    [InlineData(EvidenceLevel.L0)]
    [InlineData(EvidenceLevel.L1)]
    [InlineData(EvidenceLevel.L3)]
    [InlineData(EvidenceLevel.L4)]
    public async Task A_warning_is_no_verdict_and_only_content_that_was_compared_outweighs_it(EvidenceLevel level)
    {
        var target = new ScriptedTarget { Warns = true, Levels = [EvidenceLevel.L4, EvidenceLevel.L3, EvidenceLevel.L1] };
        var account = await _bench.RunAsync(RunBench.Many(5), target, _bench.Options with { Evidence = level });
        Assert.Equal((level >= EvidenceLevel.L3 ? 5L : 0L, 5L), (account.Count(InstanceState.Verified), account.Count(FaultCode.StoredWithWarning)));
    }

    [Fact]
    public async Task A_unit_whose_first_attempt_breaks_off_is_read_again_and_nothing_counts_twice()
    {
        var failures = 0;
        var source = new ScriptedSource(("a", [ScriptedSource.Object(1), ScriptedSource.Object(2)]), ("b", [ScriptedSource.Object(3)]))
        {
            BeforeItem = (key, i) => { if (key == "a" && i == 1 && failures++ == 0) throw new IOException("made up"); },
        };
        var account = await _bench.RunAsync(source, new ScriptedTarget());
        Assert.Equal((3L, 3L), (account.Discovered, account.Count(InstanceState.Verified)));
    }

    [Fact]
    public async Task A_run_stopped_anywhere_and_started_again_ends_like_one_that_was_not()
    {
        for (var stopAt = 1; stopAt <= 40; stopAt += 3)
        {
            using var stop = new CancellationTokenSource();
            var (source, seen, target) = (RunBench.Many(40), 0, new ScriptedTarget());
            source.BeforeItem = (_, _) => { if (Interlocked.Increment(ref seen) == stopAt) stop.Cancel(); };
            var ledger = FormattableString.Invariant($"stop-{stopAt}.db");
            try { await _bench.RunAsync(source, target, ledgerName: ledger, cancellationToken: stop.Token); }
            catch (OperationCanceledException) { }
            source.BeforeItem = (_, _) => { };
            var account = await _bench.RunAsync(source, target, ledgerName: ledger);
            Assert.True(account.IsClosed);
            Assert.Equal((40L, 40L, 40), (account.Discovered, account.Count(InstanceState.Verified), target.Held.Count));
            Assert.InRange(target.Stores, 40, 80); // only what was in flight went twice
        }
    }
}
