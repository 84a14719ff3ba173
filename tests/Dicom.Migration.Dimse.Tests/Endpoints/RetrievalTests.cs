using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse.Tests.Faults;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>How studies are got out of archives that send something else, are busy, fetch tapes, or break off: whole runs, and what was asked of the archive.</summary>
public sealed class RetrievalTests : IAsyncDisposable
{
    private const int Count = 12;
    private readonly Migration _migration = new();
    private readonly ScriptedPacs _other = new();

    public async ValueTask DisposeAsync()
    {
        await _other.DisposeAsync();
        _migration.Dispose();
    }

    [Theory, InlineData(DimseRetrieval.Get, true), InlineData(DimseRetrieval.Get, false), InlineData(DimseRetrieval.Move, true)]
    public async Task Another_objects_data_set_under_a_listed_uid_is_found_and_what_was_asked_for_is_missing_by_name(DimseRetrieval retrieval, bool isOfSameStudy)
    {
        await using var old = Archives.Filled(Count);
        var study = old.Instances.GroupBy(static i => i.StudyInstanceUid).First(static g => g.Count() > 1).ToList();
        var other = isOfSameStudy ? study[1] : old.Instances.First(i => i.StudyInstanceUid != study[0].StudyInstanceUid);
        old.Script = new() { SendsInstead = i => i.SopInstanceUid == study[0].SopInstanceUid ? other with { SopClassUid = i.SopClassUid } : i };
        var account = await RunAsync(old, retrieval);
        Assert.Equal((Count - 1, 1, 1), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.AnotherObject), (int)account.Count(FaultCode.NotDelivered)));
        Assert.Equal([study[0].SopInstanceUid, study[0].SopInstanceUid], await PlacesAsync());
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task What_never_comes_is_missing_by_name_whether_or_not_the_archive_counts(bool counts)
    {
        await using var old = Archives.Filled(Count);
        var names = old.Instances.Take(2).Select(static i => i.SopInstanceUid).Order(StringComparer.Ordinal).ToList();
        old.Script = new() { GivesNoCounts = !counts, Withholds = i => names.Contains(i.SopInstanceUid) };
        var account = await RunAsync(old);
        Assert.Equal((Count - 2, 2), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.NotDelivered)));
        Assert.Equal(names, await PlacesAsync());
    }

    [Theory, InlineData(false, 0), InlineData(true, 1)]
    public async Task A_row_with_a_malformed_uid_is_an_instance_that_has_to_come(bool isWithheld, int missing)
    {
        await using var old = Archives.Filled(Count);
        var name = old.Instances[0].SopInstanceUid;
        old.Script = new() { GivesNoCounts = true, ListsMalformed = i => i.SopInstanceUid == name, Withholds = i => isWithheld && i.SopInstanceUid == name };
        var account = await RunAsync(old);
        Assert.Equal((Count - missing, missing), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.NotDelivered)));
    }

    [Fact]
    public async Task What_is_sent_twice_stands_in_for_nothing_that_is_only_counted()
    {
        await using var old = Archives.Filled(Count);
        var name = old.Instances.GroupBy(static i => i.StudyInstanceUid).First(static g => g.Count() > 1).First().SopInstanceUid;
        old.Script = new() { SendsTwice = true, ListsMalformed = i => i.SopInstanceUid == name, Withholds = i => i.SopInstanceUid == name };
        var account = await RunAsync(old);
        Assert.Equal((Count - 1, 1, Count), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.NotDelivered), (int)account.Discovered));
    }

    [Fact]
    public async Task What_is_sent_twice_with_other_bytes_is_two_objects()
    {
        await using var old = Archives.Filled(Count);
        var (name, sent) = (old.Instances[0].SopInstanceUid, 0);
        old.Script = new() { SendsTwice = true, SendsInstead = i => i.SopInstanceUid == name && Interlocked.Increment(ref sent) % 2 == 0 ? Changed(i) : i };
        var account = await RunAsync(old);
        Assert.Equal((1, Count + 1), ((int)account.Count(FaultCode.UidConflict), (int)account.Discovered));
    }

    [Theory, InlineData(DimseRetrieval.Get, 0xA701), InlineData(DimseRetrieval.Move, 0xA702)]
    public async Task An_archive_that_is_busy_for_a_while_is_waited_for(DimseRetrieval retrieval, int status)
    {
        await using var old = Archives.Filled(Count);
        old.Script = new() { RetrievalStatus = (number, _) => number <= 6 ? new DimseStatus((ushort)status) : null };
        var account = await RunAsync(old, retrieval, static o => (o.BusyPause, o.SettleTimeout) = (TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(50)));
        Assert.Equal((Count, Count), ((int)account.Count(EvidenceLevel.L4), (int)account.Discovered));
        await using var idle = Archives.Filled(Count);
        await using var source = Archives.Source(idle, retrieval);
        foreach (var study in idle.Instances.DistinctBy(static i => i.StudyInstanceUid))
            await foreach (var item in source.ReadAsync(new SourceUnit(study.StudyInstanceUid, SourceUnitKind.Study), TestContext.Current.CancellationToken)) await item.DisposeAsync();
        Assert.Equal(idle.Retrievals + 6, old.Retrievals); // never in smaller pieces
    }

    [Fact]
    public async Task An_archive_that_stays_busy_ends_the_run_and_nothing_of_it_is_an_exception()
    {
        await using var old = Archives.Filled(Count);
        old.Script = new() { RetrievalStatus = static (_, _) => new DimseStatus(0xA701) };
        var e = await Assert.ThrowsAsync<SourceUnavailableException>(() => RunAsync(old, configure: static o => (o.BusyPause, o.BusyTimeout) = (TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(300))));
        Assert.Equal(FaultCode.PeerBusy, e.Fault.Code);
        Assert.Empty(await _migration.InstancesAsync());
        old.Script = new();
        Assert.Equal(Count, (await RunAsync(old)).Count(EvidenceLevel.L4));
    }

    [Fact]
    public async Task Pauses_double_up_to_the_longest_and_begin_anew_when_someone_was_served()
    {
        var time = new ScaledTime(1_000);
        var forbearance = new Forbearance(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(30), time);
        var pauses = new List<double>();
        for (var isAgain = true; isAgain; isAgain = forbearance.TryAgain())
        {
            var start = time.GetTimestamp();
            await forbearance.WaitAsync(TestContext.Current.CancellationToken);
            pauses.Add(time.GetElapsedTime(start).TotalSeconds);
        }

        Assert.True(pauses.Count is >= 3 and <= 9 && pauses[2] >= 2 && pauses[^1] >= 4, string.Join(' ', pauses));
        forbearance.Served();
        Assert.True(forbearance.TryAgain());
    }

    [Theory, InlineData(DimseRetrieval.Get, false), InlineData(DimseRetrieval.Move, false), InlineData(DimseRetrieval.Move, true)]
    public async Task An_archive_that_is_silent_while_it_fetches_a_tape_is_waited_for(DimseRetrieval retrieval, bool saysMovedEarly)
    {
        var time = new ScaledTime(60);
        await using var old = new ScriptedPacs(time);
        foreach (var instance in MadeUpInstances.Create(5, 1)) old.Add(instance);
        // Longer than the longest silence and the longest stall of one that is online: 1 and 2 minutes.
        old.Script = new() { Availability = "NEARLINE", StagingTime = TimeSpan.FromMinutes(4), SaysMovedEarly = saysMovedEarly };
        var account = await RunAsync(old, retrieval, static o => o.ArtimTimeout = TimeSpan.FromMinutes(20), time);
        Assert.Equal(1L, account.Count(EvidenceLevel.L4));
        Assert.Equal(1, old.Retrievals);
    }

    [Fact]
    public async Task A_study_off_a_tape_that_never_comes_costs_one_wait_and_not_one_for_each_of_its_instances()
    {
        var time = new ScaledTime(600);
        await using var old = new ScriptedPacs(time);
        foreach (var instance in MadeUpInstances.Create(5, Count)) old.Add(instance);
        var study = old.Instances.GroupBy(static i => i.StudyInstanceUid).MaxBy(static g => g.Count())!;
        old.Script = new() { Availability = "NEARLINE", StagingTime = TimeSpan.FromDays(1) };
        await using var source = Archives.Source(old, configure: static o => o.ArtimTimeout = TimeSpan.FromHours(10), time: time);
        var items = await source.ReadAsync(new SourceUnit(study.Key, SourceUnitKind.Study), TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal((study.Count(), 1), (items.Count(static i => i is SourceFinding { Fault.Code: FaultCode.NotDelivered }), old.Retrievals));
    }

    [Theory, InlineData(DimseRetrieval.Get), InlineData(DimseRetrieval.Move)]
    public async Task What_is_offline_is_left_out_alone(DimseRetrieval retrieval)
    {
        await using var old = Archives.Filled(Count);
        var name = old.Instances.GroupBy(static i => i.StudyInstanceUid).First(static g => g.Count() > 1).First().SopInstanceUid;
        old.Script = new()
        {
            AvailabilityOf = i => i.SopInstanceUid == name ? "OFFLINE" : "ONLINE",
            RetrievalStatus = (_, asked) => asked.Any(i => i.SopInstanceUid == name) ? new DimseStatus(0xC000) : null,
        };
        var account = await RunAsync(old, retrieval);
        Assert.Equal((Count - 1, 1), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.NotOnline)));
        Assert.Equal([name], await PlacesAsync());
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_list_that_an_archive_says_it_has_cut_costs_none_of_its_study(bool givesNoCounts)
    {
        await using var old = Archives.Filled(Count);
        old.Script = new() { MaxMatches = 1, TellsCut = true, CutsBelowStudies = true, GivesNoCounts = givesNoCounts };
        var account = await RunAsync(old);
        Assert.Equal(Count, (int)account.Count(EvidenceLevel.L4));
        var cut = old.Instances.GroupBy(static i => i.StudyInstanceUid).Count(static g => g.Count() > 1);
        Assert.Equal(givesNoCounts ? cut : 0, (int)account.Count(FaultCode.QueryTooLarge));
    }

    [Fact]
    public async Task Failures_in_a_row_give_up_nothing_of_the_rest_of_a_study()
    {
        const int Many = 60;
        await using var old = Archives.Filled(Many);
        var study = old.Instances.GroupBy(static i => i.StudyInstanceUid).MaxBy(static g => g.Count())!.ToList();
        Assert.True(study.Count > 2);
        var failing = study.Take(study.Count - 1).Select(static i => i.SopInstanceUid).ToHashSet(StringComparer.Ordinal);
        old.Script = new() { Withholds = i => failing.Contains(i.SopInstanceUid), RetrievalStatus = static (_, sent) => sent.Count > 1 ? new DimseStatus(0xC000) : null };
        var account = await RunAsync(old);
        Assert.Equal((Many - failing.Count, failing.Count), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.NotDelivered)));
    }

    [Fact]
    public async Task A_break_does_not_make_an_association_for_each_instance_of_its_study()
    {
        await using var old = new ScriptedPacs();
        old.Add(MadeUpInstances.Create(5, 1)[0]);
        var first = Assert.Single(old.Instances);
        for (var i = 1; i < 150; i++) old.Add(Numbered(first, i));
        var name = old.Instances[70].SopInstanceUid;
        old.Script = new() { AbortsAt = i => i.SopInstanceUid == name ? 100 : -1 };
        await using var source = Archives.Source(old);
        var whole = 0;
        await foreach (var item in source.ReadAsync(new SourceUnit(first.StudyInstanceUid, SourceUnitKind.Study), TestContext.Current.CancellationToken))
            await using (item)
                try
                {
                    if (item is not SourceInstance instance) continue;
                    await instance.Body.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
                    whole++;
                }
                catch (MigrationException)
                {
                }

        Assert.Equal(149, whole);
        Assert.InRange(old.Retrievals, 1, 22); // the study, its series, two long lists, ten short ones, and eight alone
    }

    private async Task<LedgerAccount> RunAsync(ScriptedPacs old, DimseRetrieval retrieval = DimseRetrieval.Get, Action<DimseSourceOptions>? configure = null, TimeProvider? time = null)
    {
        await using var reading = Archives.Source(old, retrieval, configure, time: time);
        await using var writing = Archives.Target(_other);
        var account = await _migration.RunAsync(reading, writing);
        Assert.True(account.IsClosed);
        return account;
    }

    private async Task<List<string>> PlacesAsync() =>
        [.. (await _migration.InstancesAsync()).Where(static i => i.Current.State is InstanceState.Excepted).Select(static i => i.Identity.Place ?? "").Order(StringComparer.Ordinal)];

    private static PacsInstance Changed(PacsInstance instance)
    {
        var dataSet = DataSet.Read(instance.Bytes, instance.TransferSyntax);
        dataSet.Set(new DicomTag(0x00100020), "OTHER");
        return instance with { Bytes = dataSet.ToArray(instance.TransferSyntax) };
    }

    private static PacsInstance Numbered(PacsInstance instance, int number)
    {
        var dataSet = DataSet.Read(instance.Bytes, instance.TransferSyntax);
        var uid = FormattableString.Invariant($"2.25.77.{number}");
        dataSet.Set(new DicomTag(0x00080018), uid);
        return instance with { SopInstanceUid = uid, Bytes = dataSet.ToArray(instance.TransferSyntax) };
    }
}
