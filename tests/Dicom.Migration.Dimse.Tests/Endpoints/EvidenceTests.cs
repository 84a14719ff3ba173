using Dicom.Migration.Dimse.Tests.Faults;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>What an archive shows, or does not show, of one object is that object's verdict, and ends no run.</summary>
public sealed class EvidenceTests : IDisposable
{
    private const int Count = 12;
    private static readonly IReadOnlyList<MadeUpInstance> Instances = MadeUpInstances.Create(5, Count);
    private readonly Migration _migration = new();

    public void Dispose() => _migration.Dispose();

    [Theory]
    [InlineData(0xB000, EvidenceLevel.L0), InlineData(0xB000, EvidenceLevel.L1), InlineData(0xB000, EvidenceLevel.L2)]
    [InlineData(0xB006, EvidenceLevel.L0), InlineData(0xB006, EvidenceLevel.L1), InlineData(0xB006, EvidenceLevel.L2)]
    [InlineData(0xB007, EvidenceLevel.L0), InlineData(0xB007, EvidenceLevel.L1), InlineData(0xB007, EvidenceLevel.L2)]
    public async Task A_warning_is_an_exception_where_nobody_looks_at_the_content(int status, EvidenceLevel level)
    {
        var account = await RunAsync(new() { StoreStatus = _ => new DimseStatus((ushort)status) }, level);
        Assert.Equal((0L, Count), (account.Count(InstanceState.Verified), (int)account.Count(FaultCode.StoredWithWarning)));
    }

    [Theory, InlineData(0xB000), InlineData(0xB006), InlineData(0xB007)]
    public async Task A_warning_is_a_note_where_the_content_is_the_same_and_no_excuse_where_it_is_not(int status)
    {
        var account = await RunAsync(new() { StoreStatus = _ => new DimseStatus((ushort)status) }, EvidenceLevel.L4);
        Assert.Equal((Count, Count), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.StoredWithWarning)));
        using var other = new Migration();
        account = await RunAsync(new() { StoreStatus = _ => new DimseStatus((ushort)status), Coerces = true }, EvidenceLevel.L4, migration: other);
        Assert.Equal((0L, Count), (account.Count(InstanceState.Verified), (int)account.Count(FaultCode.UnexplainedDifference)));
    }

    [Fact]
    public async Task An_archive_that_cuts_queries_for_instances_is_asked_one_by_one() =>
        Assert.Equal(Count, (await RunAsync(new() { MaxMatches = 1, TellsCut = true }, EvidenceLevel.L1)).Count(EvidenceLevel.L1));

    [Theory, InlineData(0xA900), InlineData(0xC000), InlineData(0xC310)]
    public async Task An_archive_that_takes_no_lists_of_uids_is_asked_one_by_one(int status) =>
        Assert.Equal(Count, (await RunAsync(new() { AnswersLists = new DimseStatus((ushort)status) }, EvidenceLevel.L1)).Count(EvidenceLevel.L1));

    [Fact]
    public async Task One_answer_that_cannot_be_read_is_one_exception()
    {
        var bad = System.Text.Encoding.ASCII.GetBytes(Instances[3].SopInstanceUid);
        var account = await RunAsync(new() { Encodes = answer => answer.AsSpan().IndexOf(bad) >= 0 ? answer[..^3] : answer }, EvidenceLevel.L1);
        Assert.Equal((Count - 1, 1), ((int)account.Count(EvidenceLevel.L1), (int)account.Count(FaultCode.UnreadableAtTarget)));
    }

    [Fact]
    public async Task An_archive_without_c_get_is_told_of_before_anything_is_sent()
    {
        await using var pacs = new ScriptedPacs { Script = new() { Accepts = static c => c.AbstractSyntax is not "1.2.840.10008.5.1.4.1.2.2.3" } };
        await using var target = Archives.Target(pacs);
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => _migration.RunAsync(new HeldSource(Instances), target));
        Assert.Equal((FaultCode.NotNegotiable, 0), (e.Fault.Code, pacs.Stores));
        Assert.Contains("C-GET", e.Message, StringComparison.Ordinal);
        Assert.Equal(Count, (await _migration.RunAsync(new HeldSource(Instances), target, EvidenceLevel.L1)).Count(EvidenceLevel.L1)); // it need not
    }

    [Fact]
    public async Task An_archive_without_storage_commitment_is_told_of_before_anything_is_sent()
    {
        await using var pacs = new ScriptedPacs { Script = new() { HasNoCommitment = true } };
        await using var target = Archives.Target(pacs, configure: static o => o.AsksForCommitment = true);
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => _migration.RunAsync(new HeldSource(Instances), target, EvidenceLevel.L2));
        Assert.Equal((FaultCode.NotNegotiable, 0), (e.Fault.Code, pacs.Stores));
    }

    [Theory, InlineData(0x0110), InlineData(0x0112), InlineData(0x0119)]
    public async Task One_instance_that_storage_commitment_is_refused_for_is_one_exception(int status)
    {
        var account = await RunAsync(new() { CommitmentStatus = uids => uids.Contains(Instances[3].SopInstanceUid) ? new DimseStatus((ushort)status) : DimseStatus.Success }, EvidenceLevel.L2);
        Assert.Equal((Count - 1, 1), ((int)account.Count(EvidenceLevel.L2), (int)account.Count(FaultCode.Refused)));
    }

    [Fact]
    public async Task An_archive_that_commits_to_a_few_at_a_time_is_asked_for_a_few() =>
        Assert.Equal(Count, (await RunAsync(new() { CommitmentStatus = static uids => uids.Count > 2 ? new DimseStatus(0x0213) : DimseStatus.Success }, EvidenceLevel.L2)).Count(EvidenceLevel.L2));

    [Theory, InlineData(0x0124), InlineData(0x0110)]
    public async Task An_archive_that_refuses_all_requests_for_storage_commitment_ends_the_run_and_verifies_nothing(int status)
    {
        await using var pacs = new ScriptedPacs { Script = new() { CommitmentStatus = _ => new DimseStatus((ushort)status) } };
        await using var target = Archives.Target(pacs, configure: static o => o.AsksForCommitment = true);
        await Assert.ThrowsAsync<TargetUnavailableException>(() => _migration.RunAsync(new HeldSource(Instances), target, EvidenceLevel.L2));
        Assert.All(await _migration.InstancesAsync(), static i => Assert.False(InstanceTransitions.IsTerminal(i.Current.State)));
    }

    [Fact]
    public async Task An_archive_that_never_reports_ends_the_run_and_the_next_one_sends_nothing_that_is_committed_to()
    {
        await using var pacs = new ScriptedPacs { Script = new() { NeverReports = true } };
        await using var target = Archives.Target(pacs, configure: static o => (o.AsksForCommitment, o.CommitmentTimeout) = (true, TimeSpan.FromMilliseconds(100)));
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => _migration.RunAsync(new HeldSource(Instances), target, EvidenceLevel.L2));
        Assert.Equal(FaultCode.PeerTimeout, e.Fault.Code);
        Assert.DoesNotContain(await _migration.InstancesAsync(), static i => i.Current.State is InstanceState.Verified or InstanceState.Excepted);
        pacs.Script = new();
        await using var patient = Archives.Target(pacs, configure: static o => o.AsksForCommitment = true);
        Assert.Equal(Count, (await _migration.RunAsync(new HeldSource(Instances), patient, EvidenceLevel.L2)).Count(EvidenceLevel.L2));
        var stores = pacs.Stores;
        Assert.Equal((Count, Count), ((int)(await _migration.RunAsync(new HeldSource(Instances), patient, EvidenceLevel.L2)).Count(EvidenceLevel.L2), pacs.Instances.Count));
        Assert.Equal(stores, pacs.Stores); // what is committed to is not sent again
    }

    [Fact]
    public async Task A_false_commitment_is_taken_for_no_more_than_it_says_and_its_content_is_missed()
    {
        var lying = new PacsScript { StoresNothing = true, CommitsToAll = true };
        var account = await RunAsync(lying, EvidenceLevel.L2);
        Assert.Equal((Count, 0L), ((int)account.Count(EvidenceLevel.L2), account.Count(EvidenceLevel.L4)));
        using var other = new Migration();
        account = await RunAsync(lying, EvidenceLevel.L4, static o => o.AsksForCommitment = true, other);
        Assert.Equal((0L, Count), (account.Count(InstanceState.Verified), (int)account.Count(FaultCode.MissingAtTarget)));
    }

    [Fact]
    public async Task Two_references_to_one_instance_are_each_answered()
    {
        await using var pacs = Archives.Filled(2);
        await using var target = Archives.Target(pacs, configure: static o => o.AsksForCommitment = true);
        var held = pacs.Instances.Select(static i => new StoredReference(i.StudyInstanceUid, i.SeriesInstanceUid, i.SopClassUid, i.SopInstanceUid)).ToList();
        List<StoredReference> asked = [.. held, held[0] with { SeriesInstanceUid = "1.2.3" }];
        var items = await target.CollectAsync(EvidenceLevel.L2, asked, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(asked.Order(Comparer<StoredReference>.Create(static (a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))), items.Select(static i => i.Reference).Order(Comparer<StoredReference>.Create(static (a, b) => string.CompareOrdinal(a.ToString(), b.ToString()))));
        Assert.All(items, static i => Assert.Null(i.Fault));
    }

    private async Task<LedgerAccount> RunAsync(PacsScript script, EvidenceLevel level, Action<DimseTargetOptions>? configure = null, Migration? migration = null)
    {
        await using var pacs = new ScriptedPacs { Script = script };
        await using var target = Archives.Target(pacs, configure: o =>
        {
            o.AsksForCommitment = level is EvidenceLevel.L2;
            configure?.Invoke(o);
        });
        var account = await (migration ?? _migration).RunAsync(new HeldSource(Instances), target, level);
        Assert.True(account.IsClosed);
        return account;
    }
}
