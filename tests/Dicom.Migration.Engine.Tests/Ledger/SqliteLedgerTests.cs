using Dicom.Migration.DataSets;
using Dicom.Migration.Engine.Ledger;
using Microsoft.Data.Sqlite;
using static Dicom.Migration.Engine.Tests.Ledger.TemporaryLedger;

namespace Dicom.Migration.Engine.Tests.Ledger;

public sealed class SqliteLedgerTests : IDisposable
{
    private static readonly LedgerOutcome Sending = new(InstanceState.Sending) { SourceDigest = Digest(1), SentDigest = Digest(1) };
    private static readonly LedgerOutcome Acknowledged = new(InstanceState.Acknowledged) { Evidence = EvidenceLevel.L0 };
    private static readonly LedgerOutcome Verified = new(InstanceState.Verified) { Evidence = EvidenceLevel.L4, TargetDigest = Digest(1) };
    private readonly TemporaryLedger _file = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;
    public void Dispose() => _file.Dispose();

    [Fact]
    public async Task Keeps_the_place_of_what_has_no_uid()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        var outcome = new LedgerOutcome(InstanceState.Excepted) { Fault = new(FaultCode.MalformedContainer) };
        await ledger.AppendAsync(lease, new()
        {
            Units = [new("cd.zip", LedgerUnitKind.File)],
            Discoveries = [new("cd.zip", "") { Place = "0:a.dcm", Then = outcome }, new("cd.zip", "", 1) { Place = new string('x', 5_000), Then = outcome }, new("cd.zip", "", 2) { Then = outcome }],
        }, Stop);
        var places = new List<string?>();
        await foreach (var instance in ledger.ReadInstancesAsync(new LedgerQuery { Fault = FaultCode.MalformedContainer }, Stop)) places.Add(instance.Identity.Place);
        Assert.Equal(["0:a.dcm", new string('x', 1_024), null], places);
    }

    [Fact]
    public async Task Closes_the_account_only_when_the_four_terminal_states_add_up()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        var numbers = (await ledger.AppendAsync(lease, Unit("2.25.1", 4), Stop)).Entries.Select(entry => entry.Number).ToArray();
        LedgerChange To(int i, LedgerOutcome outcome) => new(numbers[i], outcome);
        await ledger.AppendAsync(lease, new() { Changes = [To(0, Sending), To(0, Acknowledged), To(0, Verified)] }, Stop);
        await ledger.AppendAsync(lease, new() { Changes = [To(1, new(InstanceState.Excluded) { Rule = "no-scouts" })] }, Stop);
        await ledger.AppendAsync(lease, new() { Changes = [To(2, new(InstanceState.Excepted) { Fault = new(FaultCode.Refused, new DicomTag(8, 0x16), 12) })], IsDiscoveryComplete = true }, Stop);
        Assert.False((await ledger.ReadAccountAsync(Stop)).IsClosed);
        await ledger.AppendAsync(lease, new() { Changes = [To(3, new(InstanceState.Superseded))] }, Stop);
        Assert.False((await ledger.ReadAccountAsync(Stop)).IsClosed); // the unit is still pending
        var work = new SqliteWorkCoordinator(ledger, lease, _file.Time);
        await work.CompleteAsync(await work.AcquireAsync(1, Minute, Stop), "2.25.1", Stop);

        var account = await ledger.ReadAccountAsync(Stop);
        Assert.True(account.IsClosed);
        Assert.Equal((4, 4, 0, 1), (account.Discovered, account.Done, account.UnitsPending, account.Units));
        Assert.Equal((1, 1, 1), (account.Count(EvidenceLevel.L4), account.Count(FaultCode.Refused), account.Count(InstanceState.Superseded)));
        Assert.Equal("no-scouts", Assert.Single(account.Lines, line => line.State == InstanceState.Excluded).Rule);

        var one = Assert.Single(await ledger.FindAsync("2.25.1.1", Stop));
        Assert.Equal((Digest(1), Digest(1), Digest(1)), (one.Current.SourceDigest, one.Current.SentDigest, one.Current.TargetDigest));
        Assert.Equal(("2.25.1", "2.25.1.0", 526_001L, 1), (one.Identity.StudyInstanceUid, one.Identity.SeriesInstanceUid, one.Identity.Length, one.Attempts));
        var fault = Assert.Single(await ledger.FindAsync("2.25.1.3", Stop)).Current.Fault;
        Assert.Equal(new Fault(FaultCode.Refused, new DicomTag(8, 0x16), 12), fault);
        Assert.Equal([InstanceState.Discovered, InstanceState.Sending, InstanceState.Acknowledged, InstanceState.Verified], (await ledger.ReadHistoryAsync(one.Number, Stop)).Select(step => step.State));
        Assert.Empty(await ledger.ReadHistoryAsync(99, Stop));
    }

    [Fact]
    public async Task Keeps_where_the_target_has_it_until_it_is_sent_again()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        var number = (await ledger.AppendAsync(lease, Unit("2.25.1", 1), Stop)).Entries[0].Number;
        await ledger.AppendAsync(lease, new() { Changes = [new(number, Sending), new(number, Acknowledged with { TargetLocation = "1/2/3~beside.dcm" }), new(number, Verified)] }, Stop);
        Assert.Equal("1/2/3~beside.dcm", Assert.Single(await ledger.FindAsync("2.25.1.1", Stop)).Current.TargetLocation);
        await ledger.AppendAsync(lease, new() { Changes = [new(number, new(InstanceState.Unknown)), new(number, Sending)] }, Stop);
        Assert.Null(Assert.Single(await ledger.FindAsync("2.25.1.1", Stop)).Current.TargetLocation);
    }

    [Fact]
    public async Task Finds_a_unit_by_its_key()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        await ledger.AppendAsync(lease, new() { Units = [new("2.25.1", LedgerUnitKind.Study, 5)] }, Stop);
        Assert.Equal(new LedgerUnit("2.25.1", LedgerUnitKind.Study, 5), await ledger.FindUnitAsync("2.25.1", Stop));
        Assert.Null(await ledger.FindUnitAsync("2.25.2", Stop));
    }

    [Fact]
    public async Task Misses_what_a_unit_was_said_to_have()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        await ledger.AppendAsync(lease, Unit("2.25.1", 2) with { Units = [new("2.25.1", LedgerUnitKind.Study, 5)] }, Stop);
        Assert.Equal(3, (await ledger.ReadAccountAsync(Stop)).InstancesNotSeen);
        await ledger.AppendAsync(lease, new() { Units = [new("2.25.1", LedgerUnitKind.Study, 3)] }, Stop);
        Assert.Equal(1, (await ledger.ReadAccountAsync(Stop)).InstancesNotSeen);
        var notDelivered = new LedgerDiscovery("2.25.1", "") { Then = new(InstanceState.Excepted) { Fault = new(FaultCode.NotDelivered) } };
        await ledger.AppendAsync(lease, new() { Discoveries = [notDelivered] }, Stop);
        var account = await ledger.ReadAccountAsync(Stop);
        Assert.Equal((0, 3, 1), (account.InstancesNotSeen, account.Discovered, account.Units));
    }

    [Fact]
    public async Task Drops_repeats_and_never_moves_an_instance_back()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        var first = await ledger.AppendAsync(lease, Unit("2.25.1", 1, Sending), Stop);
        await ledger.AppendAsync(lease, new() { Changes = [new(first.Entries[0].Number, Acknowledged, InstanceState.Sending)] }, Stop);
        var again = await ledger.AppendAsync(lease, Unit("2.25.1", 1, Sending), Stop);
        Assert.Equal(new LedgerEntry(first.Entries[0].Number, InstanceState.Acknowledged, IsNew: false), Assert.Single(again.Entries));
        var copy = await ledger.AppendAsync(lease, new() { Discoveries = [new("2.25.1", "2.25.1.1", Copy: 1)] }, Stop);
        Assert.True(copy.Entries[0].IsNew);
        Assert.Equal(2, (await ledger.FindAsync("2.25.1.1", Stop)).Count);
    }

    [Fact]
    public async Task Refuses_a_batch_as_a_whole_and_harms_no_other()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        var number = (await ledger.AppendAsync(lease, Unit("2.25.1", 1), Stop)).Entries[0].Number;
        var bad = ledger.AppendAsync(lease, Unit("2.25.2", 3) with { Changes = [new(number, Sending), new(number, Verified)] }, Stop).AsTask();
        var good = ledger.AppendAsync(lease, Unit("2.25.2", 3), Stop).AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(() => bad);
        Assert.All((await good).Entries, entry => Assert.True(entry.IsNew));
        Assert.Equal((4, 4), ((await ledger.ReadAccountAsync(Stop)).Count(InstanceState.Discovered), (await ledger.ReadAccountAsync(Stop)).Discovered));
        LedgerOutcome[] lacking = [new(InstanceState.Excluded), new(InstanceState.Excepted), new(InstanceState.Verified)];
        foreach (var outcome in lacking)
            await Assert.ThrowsAsync<ArgumentException>(async () => await ledger.AppendAsync(lease, new() { Changes = [new(number, outcome)] }, Stop));
        await Assert.ThrowsAsync<ArgumentException>(async () => await ledger.AppendAsync(lease, new() { Changes = [new(999, Sending)] }, Stop));
        await Assert.ThrowsAsync<ArgumentException>(async () => await ledger.AppendAsync(lease, new() { Discoveries = [new("2.25.3", "2.25.3.1")] }, Stop));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await ledger.AppendAsync(lease, new() { Changes = [new(number, Sending, InstanceState.Unknown)] }, Stop));
    }

    [Fact]
    public async Task Lists_in_the_order_of_numbers_by_state_unit_and_fault()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        await ledger.AppendAsync(lease, Unit("2.25.1", 1_500), Stop);
        await ledger.AppendAsync(lease, Unit("2.25.2", 3, new(InstanceState.Excepted) { Fault = new(FaultCode.PeerBusy) }), Stop);
        async Task<List<LedgerInstance>> Read(LedgerQuery query) => await ledger.ReadInstancesAsync(query, Stop).ToListAsync(Stop);
        Assert.Equal(Enumerable.Range(1, 1_503).Select(i => (long)i), (await Read(new())).Select(instance => instance.Number));
        Assert.Equal([1_501, 1_502, 1_503], (await Read(new() { State = InstanceState.Excepted })).Select(instance => instance.Number));
        Assert.Equal([1_502], (await Read(new() { UnitKey = "2.25.2", AfterNumber = 1_501, Limit = 1 })).Select(instance => instance.Number));
        Assert.Equal(3, (await Read(new() { Fault = FaultCode.PeerBusy })).Count);
        Assert.Empty(await Read(new() { UnitKey = "2.25.3" }));
    }

    [Fact]
    public async Task Shares_commits_among_those_who_wait()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        var before = ledger.Writer.Commits;
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => ledger.AppendAsync(lease, Unit($"2.25.{i}", 1), Stop).AsTask()));
        TestContext.Current.TestOutputHelper?.WriteLine($"200 batches in {ledger.Writer.Commits - before} commits");
        Assert.InRange(ledger.Writer.Commits - before, 1, 199);
        Assert.Equal(200, (await ledger.ReadAccountAsync(Stop)).Discovered);
    }

    [Fact]
    public async Task Keeps_the_files_to_their_owner()
    {
        if (OperatingSystem.IsWindows()) return; // the folder's access list is inherited there
        await File.WriteAllBytesAsync(_file.Path, [], Stop);
        File.SetUnixFileMode(_file.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        await using var ledger = await _file.OpenAsync();
        await ledger.AcquireLeaseAsync("a", Minute, Stop);
        foreach (var name in (string[])["migration.db", "migration.db-wal", "migration.db-shm"])
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_file.In(name)));
    }

    [Fact]
    public async Task Refuses_files_that_are_not_its_own()
    {
        await (await _file.OpenAsync()).DisposeAsync();
        await Refused(FaultCode.LedgerOfAnotherMigration, () => SqliteLedger.OpenAsync(_file.Path, Identity with { Target = "other" }, _file.Time, null, Stop));
        Sql("PRAGMA user_version = 99");
        await Refused(FaultCode.LedgerTooNew, () => _file.OpenAsync());
        Sql("PRAGMA application_id = 7");
        await Refused(FaultCode.LedgerUnusable, () => _file.OpenAsync());
        await File.WriteAllBytesAsync(_file.In("text.db"), [.. Enumerable.Repeat((byte)'x', 8_192)], Stop);
        await Refused(FaultCode.LedgerUnusable, () => SqliteLedger.OpenAsync(_file.In("text.db"), Identity, _file.Time, null, Stop));
        await Refused(FaultCode.AccessDenied, () => Task.FromResult(SqliteLedgerReader.Open(_file.In("none.db"))));
    }

    [Fact]
    public async Task Reads_a_ledger_of_the_first_layout_and_brings_it_up_to_date_when_it_is_written()
    {
        LedgerAccount before;
        LedgerDiscovery finding = new("2.25.1", "") { Place = "read.me", Then = new(InstanceState.Excluded) { Rule = SourceFinding.NotDicom } };
        await using (var ledger = await _file.OpenAsync())
        {
            var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
            await ledger.AppendAsync(lease, Unit("2.25.1", 2, Sending), Stop);
            await ledger.AppendAsync(lease, new() { Discoveries = [finding] }, Stop);
            var work = new SqliteWorkCoordinator(ledger, lease, _file.Time);
            await work.CompleteAsync(await work.AcquireAsync(1, Minute, Stop), "2.25.1", Stop);
            before = await ledger.ReadAccountAsync(Stop);
        }
        Sql(FormattableString.Invariant($"ALTER TABLE unit DROP COLUMN stamp; UPDATE instance SET hash = {PackedUid.Key("")}, copy = 7 WHERE uid = x''; PRAGMA user_version = 1"));
        using (var reader = SqliteLedgerReader.Open(_file.Path))
        {
            Assert.Equal(before.Lines, (await reader.ReadAccountAsync(Stop)).Lines);
            Assert.Equal(2, (await reader.FindUnitAsync("2.25.1", Stop))!.ExpectedInstances);
        }
        await using (var ledger = await _file.OpenAsync())
        {
            Assert.Equal(before.Lines, (await ledger.ReadAccountAsync(Stop)).Lines);
            Assert.Equal(0, (await ledger.ReadAccountAsync(Stop)).UnitsPending);
            // Nothing is known of how it was when it was read: with its first stamp it is read again.
            var again = await ledger.AppendAsync(await ledger.AcquireLeaseAsync("a", Minute, Stop), new() { Units = [new LedgerUnit("2.25.1", LedgerUnitKind.Study, 2) { Stamp = "first" }], Discoveries = [finding] }, Stop);
            Assert.Equal(1, (await ledger.ReadAccountAsync(Stop)).UnitsPending);
            Assert.Equal(new LedgerEntry(3, InstanceState.Excluded, IsNew: false), Assert.Single(again.Entries));
        }
        await (await _file.OpenAsync()).DisposeAsync(); // once is enough
    }

    [Fact]
    public async Task Lets_nobody_change_history()
    {
        await using (var ledger = await _file.OpenAsync())
            await ledger.AppendAsync(await ledger.AcquireLeaseAsync("a", Minute, Stop), Unit("2.25.1", 1, Sending), Stop);
        foreach (var sql in (string[])["UPDATE history SET state = 4", "DELETE FROM history", "DELETE FROM instance"])
            Assert.Equal(19, Assert.Throws<SqliteException>(() => Sql(sql)).SqliteErrorCode);
    }

    [Fact]
    public async Task Says_that_the_disk_is_full_keeps_what_it_acknowledged_and_goes_on_when_there_is_space()
    {
        long acknowledged = 0;
        await using (var small = await _file.OpenAsync(new() { MaxBytes = 262_144 }))
        {
            var lease = await small.AcquireLeaseAsync("a", Minute, Stop);
            var full = await Assert.ThrowsAsync<LedgerException>(async () =>
            {
                for (var i = 0; i < 1_000; i++)
                {
                    await small.AppendAsync(lease, Unit($"2.25.{i}", 50, Sending), Stop);
                    acknowledged += 50;
                }
            });
            Assert.Equal(FaultCode.DiskFull, full.Fault.Code);
            Assert.Equal(acknowledged, (await small.ReadAccountAsync(Stop)).Count(InstanceState.Sending));
        }
        await using var ledger = await _file.OpenAsync();
        await ledger.AppendAsync(await ledger.AcquireLeaseAsync("a", Minute, Stop), Unit("2.25.9999", 50, Sending), Stop);
        Assert.Equal(acknowledged + 50, (await ledger.ReadAccountAsync(Stop)).Discovered);
    }

    [Fact]
    public async Task Has_after_an_unclean_end_all_that_it_acknowledged()
    {
        await using var ledger = await _file.OpenAsync();
        var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
        for (var i = 1; i <= 20; i++)
        {
            await ledger.AppendAsync(lease, Unit($"2.25.{i}", 10, Sending) with { DiscoveryCursor = $"{i}" }, Stop);
            // What another process would find if this one were gone now: the log is not folded in, and the lock file is left out.
            foreach (var end in (string[])["", "-wal"]) File.Copy(_file.Path + end, _file.In($"copy{i}.db{end}"));
            await using var copy = await SqliteLedger.OpenAsync(_file.In($"copy{i}.db"), Identity, _file.Time, null, Stop);
            Assert.Equal(10L * i, (await copy.ReadAccountAsync(Stop)).Count(InstanceState.Sending));
            Assert.Equal($"{i}", (await copy.ReadHeaderAsync(Stop)).DiscoveryCursor);
            await copy.AppendAsync(await copy.AcquireLeaseAsync("a", Minute, Stop), Unit("2.25.99", 1), Stop);
        }
    }

    [Fact]
    public async Task Takes_little_room_for_an_instance()
    {
        const int Instances = 100_000;
        await using (var ledger = await _file.OpenAsync())
        {
            var lease = await ledger.AcquireLeaseAsync("a", Minute, Stop);
            for (var i = 0; i < Instances / 500; i++)
            {
                var batch = Unit($"1.2.840.113619.2.55.3.2831868886.{i}.1466.3", 500); // 44 to 50 characters for an instance
                var entries = (await ledger.AppendAsync(lease, batch, Stop)).Entries;
                var digest = new byte[LedgerDigest.Length];
                LedgerOutcome Sent(long number)
                {
                    BitConverter.TryWriteBytes(digest, number);
                    return new(InstanceState.Sending) { SourceDigest = new(digest), SentDigest = new(digest) };
                }
                await ledger.AppendAsync(lease, new() { Changes = [.. entries.Select(entry => new LedgerChange(entry.Number, Sent(entry.Number)))] }, Stop);
                await ledger.AppendAsync(lease, new() { Changes = [.. entries.Select(entry => new LedgerChange(entry.Number, Acknowledged))] }, Stop);
                await ledger.AppendAsync(lease, new() { Changes = [.. entries.Select(entry => new LedgerChange(entry.Number, Verified with { TargetDigest = Sent(entry.Number).SourceDigest }))] }, Stop);
            }
            Assert.Equal(Instances, (await ledger.ReadAccountAsync(Stop)).Count(EvidenceLevel.L4));
        }
        var perInstance = new FileInfo(_file.Path).Length / (double)Instances;
        TestContext.Current.TestOutputHelper?.WriteLine($"{perInstance:F0} bytes for an instance with 3 steps; 10^8 of them: {perInstance / 10:F1} GB");
        Assert.InRange(perInstance, 100, 400);
    }

    private static async Task Refused(FaultCode code, Func<Task> open) => Assert.Equal(code, (await Assert.ThrowsAsync<LedgerException>(open)).Fault.Code);

    private void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_file.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
