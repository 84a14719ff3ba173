using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse.Tests.Faults;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>Whole runs against archives that misbehave: it is found, it has a class, and nothing of it counts as Verified.</summary>
public sealed class MisbehaviourTests : IDisposable
{
    private const int Count = 12;
    private readonly Migration _migration = new();

    public void Dispose() => _migration.Dispose();

    [Theory, InlineData(DimseRetrieval.Get), InlineData(DimseRetrieval.Move)]
    public async Task All_objects_pass_from_one_archive_to_another_and_are_verified_by_content(DimseRetrieval retrieval)
    {
        var (account, from, to) = await RunAsync(new(), new(), retrieval);
        Assert.Equal(Count, account.Count(EvidenceLevel.L4));
        Assert.Equal(Count, account.Discovered);
        Assert.Equal(Content(from), Content(to));
    }

    [Fact]
    public async Task Instances_that_come_after_the_last_word_of_a_c_move_are_not_lost() =>
        Assert.Equal(Count, (await RunAsync(new() { SaysMovedEarly = true }, new(), DimseRetrieval.Move)).Account.Count(EvidenceLevel.L4));

    [Theory, InlineData(DimseRetrieval.Get), InlineData(DimseRetrieval.Move)]
    public async Task Instances_that_are_listed_and_never_come_are_exceptions_each(DimseRetrieval retrieval)
    {
        var names = MadeUpInstances.Create(5, Count).Take(2).Select(static i => i.SopInstanceUid).ToHashSet(StringComparer.Ordinal);
        var (account, _, _) = await RunAsync(new() { Withholds = i => names.Contains(i.SopInstanceUid) }, new(), retrieval);
        Assert.Equal((Count - 2, 2), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.NotDelivered)));
    }

    [Fact]
    public async Task Instances_that_the_counts_leave_out_are_exceptions_each_too()
    {
        var names = MadeUpInstances.Create(5, Count).Take(2).Select(static i => i.SopInstanceUid).ToHashSet(StringComparer.Ordinal);
        var (account, _, _) = await RunAsync(new() { GivesNoCounts = true, Withholds = i => names.Contains(i.SopInstanceUid) }, new(), DimseRetrieval.Get);
        Assert.Equal((Count - 2, 2), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.NotDelivered)));
    }

    [Theory, InlineData(DimseRetrieval.Get), InlineData(DimseRetrieval.Move)]
    public async Task Instances_that_come_twice_are_accounted_for_once(DimseRetrieval retrieval)
    {
        var (account, _, to) = await RunAsync(new() { SendsTwice = true }, new(), retrieval);
        Assert.Equal((Count, Count, Count), ((int)account.Discovered, (int)account.Count(EvidenceLevel.L4), to.Count));
    }

    [Fact]
    public async Task Instances_that_nobody_asked_for_are_refused_and_named()
    {
        var (account, _, to) = await RunAsync(new() { SendsUnrequested = true }, new(), DimseRetrieval.Move);
        Assert.Equal(Count, account.Count(EvidenceLevel.L4));
        Assert.Equal(Count, to.Count);
        Assert.True(account.Count(FaultCode.Unrequested) > 0);
    }

    [Fact]
    public async Task Instances_under_uids_that_are_not_listed_are_not_taken_for_those_that_are()
    {
        var (account, _, to) = await RunAsync(new() { SendsUnderNewUids = true }, new(), DimseRetrieval.Get);
        Assert.Equal(0, account.Count(InstanceState.Verified));
        Assert.Equal((Count, Count), ((int)account.Count(FaultCode.NotDelivered), (int)account.Count(FaultCode.Unrequested)));
        Assert.Empty(to);
    }

    [Fact]
    public async Task An_archive_that_answers_for_ever_and_sends_nothing_is_given_up()
    {
        var (account, _, _) = await RunAsync(new() { IsPendingForEver = true }, new(), DimseRetrieval.Get, static o => o.StallTimeout = TimeSpan.FromMilliseconds(200));
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.NotDelivered)));
    }

    [Theory, InlineData(DimseRetrieval.Get, 0), InlineData(DimseRetrieval.Get, 1), InlineData(DimseRetrieval.Get, 301), InlineData(DimseRetrieval.Move, 0), InlineData(DimseRetrieval.Move, 302), InlineData(DimseRetrieval.Move, int.MaxValue)]
    public async Task Sending_that_is_aborted_at_any_byte_is_an_exception_and_half_an_object_is_stored_nowhere(DimseRetrieval retrieval, int place)
    {
        // The second study's: it is whole but for these.
        var names = MadeUpInstances.Create(5, Count).Skip(5).Take(2).Select(static i => i.SopInstanceUid).ToHashSet(StringComparer.Ordinal);
        var (account, _, to) = await RunAsync(new() { AbortsAt = i => names.Contains(i.SopInstanceUid) ? place : -1 }, new(), retrieval, static o => o.SettleTimeout = TimeSpan.FromMilliseconds(100));
        Assert.True(account.Count(EvidenceLevel.L4) == Count - 2 && account.Count(FaultCode.NotDelivered) == 2, string.Join(", ", account.Lines));
        Assert.Equal(Count - 2, to.Count);
        Assert.DoesNotContain(to, i => names.Contains(i.SopInstanceUid));
    }

    [Fact]
    public async Task An_archive_that_sends_one_byte_a_second_is_given_up_and_named()
    {
        const int Faster = 60;
        await using var old = Archives.Filled(1);
        await using var other = new ScriptedPacs();
        old.Script = new() { PauseBetweenBytes = TimeSpan.FromSeconds(1) / Faster };
        // The limits are the defaults: 60 s, then 1,024 bytes per second. A busy machine has time to make its associations.
        await using var reading = Archives.Source(old, configure: static o => o.ArtimTimeout = TimeSpan.FromMinutes(20), time: new ScaledTime(Faster));
        await using var writing = Archives.Target(other);
        var account = await _migration.RunAsync(reading, writing);
        Assert.Equal((true, 0L, 1L), (account.IsClosed, account.Count(InstanceState.Verified), account.Count(FaultCode.PeerTimeout) + account.Count(FaultCode.NotDelivered)));
        Assert.Empty(other.Instances);
    }

    [Fact]
    public async Task What_an_archive_cuts_off_its_answers_in_silence_is_missed_by_its_counts()
    {
        var (account, _, to) = await RunAsync(new() { MaxMatches = 1 }, new(), DimseRetrieval.Get);
        Assert.Equal(Count, (int)(account.Count(EvidenceLevel.L4) + account.Count(FaultCode.NotDelivered)));
        Assert.Equal((1, Count + 1), ((int)account.Count(FaultCode.QueryTooLarge), (int)account.Discovered)); // studies with neither date nor patient ID, that no query asks for
        Assert.Equal(to.Count, account.Count(EvidenceLevel.L4));
    }

    [Fact]
    public async Task An_archive_that_lists_the_same_instances_without_an_end_is_an_exception()
    {
        var (account, _, to) = await RunAsync(new() { FindsInstancesForEver = true }, new(), DimseRetrieval.Get, static o => o.QueryTimeout = TimeSpan.FromMilliseconds(200));
        Assert.Equal(0, account.Count(InstanceState.Verified));
        Assert.True(account.Count(FaultCode.QueryTooLarge) > 0);
        Assert.Empty(to);
    }

    [Fact]
    public async Task An_archive_that_lists_the_same_studies_without_an_end_ends_the_run()
    {
        var e = await Assert.ThrowsAsync<SourceUnavailableException>(() => RunAsync(new() { FindsForEver = true }, new(), DimseRetrieval.Get));
        Assert.Equal(FaultCode.ProtocolViolation, e.Fault.Code);
    }

    [Fact]
    public async Task Offline_studies_are_exceptions_and_nothing_is_asked_of_them()
    {
        var (account, _, _) = await RunAsync(new() { Availability = "OFFLINE", RetrievalStatus = static (_, _) => throw new InvalidOperationException("It is asked for.") }, new(), DimseRetrieval.Get);
        Assert.Equal((Count, Count), ((int)account.Count(FaultCode.NotOnline), (int)account.Discovered));
    }

    [Theory, InlineData(DimseRetrieval.Get), InlineData(DimseRetrieval.Move)]
    public async Task An_archive_that_names_no_sop_classes_is_read_all_the_same(DimseRetrieval retrieval)
    {
        Assert.NotEmpty(MadeUpInstances.Create(5, Count).Select(static i => i.SopClassUid).Except(StorageSyntaxes.CommonClasses));
        var (account, from, to) = await RunAsync(new() { GivesNoSopClass = true }, new(), retrieval);
        Assert.Equal(Count, account.Count(EvidenceLevel.L4));
        Assert.Equal(Content(from), Content(to));
    }

    [Fact]
    public async Task An_archive_that_names_no_sop_classes_and_sends_nothing_is_not_asked_for_each_of_them()
    {
        var gets = 0;
        await using var pacs = Archives.Filled(Count);
        pacs.Script = new()
        {
            GivesNoSopClass = true, IsPendingForEver = true, Accepts = c =>
            {
                if (c.AbstractSyntax is "1.2.840.10008.5.1.4.1.2.2.3") Interlocked.Increment(ref gets);
                return true;
            },
        };
        await using var source = Archives.Source(pacs, configure: static o => o.StallTimeout = TimeSpan.FromMilliseconds(100));
        foreach (var study in pacs.Instances.GroupBy(static i => i.StudyInstanceUid))
        {
            var before = gets;
            Assert.Equal(study.Count(), await source.ReadAsync(new SourceUnit(study.Key, SourceUnitKind.Study), TestContext.Current.CancellationToken).CountAsync(TestContext.Current.CancellationToken));
            Assert.InRange(gets - before, 1, 2 + study.DistinctBy(static i => i.SeriesInstanceUid).Count() + study.Count()); // the study, each series, one try with other classes, each instance
        }
    }

    [Fact]
    public async Task An_archive_that_names_no_sop_classes_and_breaks_off_loses_what_is_broken_alone()
    {
        var names = MadeUpInstances.Create(5, Count).Where(static i => !StorageSyntaxes.CommonClasses.Contains(i.SopClassUid)).Take(1).Select(static i => i.SopInstanceUid).ToHashSet(StringComparer.Ordinal);
        var (account, _, to) = await RunAsync(new() { GivesNoSopClass = true, AbortsAt = i => names.Contains(i.SopInstanceUid) ? 100 : -1 }, new(), DimseRetrieval.Get);
        Assert.Equal((Count - 1, 1), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(InstanceState.Excepted)));
        Assert.Equal(Count - 1, to.Count);
    }

    [Fact]
    public async Task Success_without_storing_is_found()
    {
        var (account, _, _) = await RunAsync(new(), new() { StoresNothing = true }, DimseRetrieval.Get);
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.MissingAtTarget)));
    }

    [Fact]
    public async Task New_uids_at_the_target_are_found()
    {
        var (account, _, _) = await RunAsync(new(), new() { StoresUnderNewUids = true }, DimseRetrieval.Get);
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.MissingAtTarget)));
    }

    [Fact]
    public async Task Coerced_values_are_found()
    {
        var (account, _, _) = await RunAsync(new(), new() { Coerces = true }, DimseRetrieval.Get);
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.UnexplainedDifference)));
    }

    [Fact]
    public async Task An_old_object_that_is_kept_is_found()
    {
        await using var before = Archives.Filled(Count);
        var old = before.Instances.Select(static i => i with { Bytes = Changed(i) }).ToList();
        var (account, _, _) = await RunAsync(new(), new() { Duplicates = PacsDuplicates.OldIsKept }, DimseRetrieval.Get, held: old);
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.UnexplainedDifference)));
    }

    [Fact]
    public async Task What_shows_later_than_is_waited_for_is_missing_and_not_verified()
    {
        var (account, _, _) = await RunAsync(new(), new() { InvisibleToRequests = int.MaxValue }, DimseRetrieval.Get);
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.MissingAtTarget)));
    }

    [Fact]
    public async Task A_duplicate_with_other_content_that_is_refused_is_an_exception()
    {
        await using var before = Archives.Filled(Count);
        var old = before.Instances.Select(static i => i with { Bytes = Changed(i) }).ToList();
        var (account, _, to) = await RunAsync(new(), new() { Duplicates = PacsDuplicates.Refused }, DimseRetrieval.Get, held: old);
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.Refused)));
        Assert.Equal(Content(old), Content(to));
    }

    [Fact]
    public async Task What_shows_late_is_waited_for()
    {
        var (account, _, _) = await RunAsync(new(), new() { InvisibleToRequests = 3 }, DimseRetrieval.Get, target: static o => o.VisibilityTimeout = TimeSpan.FromSeconds(30));
        Assert.Equal(Count, account.Count(EvidenceLevel.L4));
    }

    [Fact]
    public async Task A_warning_is_never_plain_success()
    {
        var (account, _, _) = await RunAsync(new(), new() { StoreStatus = static _ => new DimseStatus(0xB007) }, DimseRetrieval.Get);
        Assert.Equal(Count, account.Count(FaultCode.StoredWithWarning));
    }

    [Fact]
    public async Task Refused_objects_and_transfer_syntaxes_are_exceptions()
    {
        var (account, _, _) = await RunAsync(new(), new() { Accepts = static c => c.TransferSyntaxes[0] is not "1.2.840.10008.1.2.1" || c.AbstractSyntax.StartsWith("1.2.840.10008.5.1.4.1.2", StringComparison.Ordinal) }, DimseRetrieval.Get);
        var refused = MadeUpInstances.Create(5, Count).Count(static i => i.TransferSyntax.Uid is "1.2.840.10008.1.2.1");
        Assert.Equal((Count - refused, refused), ((int)account.Count(EvidenceLevel.L4), (int)account.Count(FaultCode.NotNegotiable)));
    }

    [Fact]
    public async Task A_source_that_refuses_to_send_in_any_context_is_an_exception_for_each_object()
    {
        var (account, _, to) = await RunAsync(new() { Accepts = static c => !c.AbstractSyntax.StartsWith("1.2.840.10008.5.1.4.1.1.", StringComparison.Ordinal) }, new(), DimseRetrieval.Get);
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.NotDelivered)));
        Assert.Empty(to);
    }

    [Fact]
    public async Task A_source_that_refuses_to_be_asked_ends_the_run()
    {
        var e = await Assert.ThrowsAsync<SourceUnavailableException>(() => RunAsync(new() { Accepts = static _ => false }, new(), DimseRetrieval.Get));
        Assert.Equal(FaultCode.NotNegotiable, e.Fault.Code);
    }

    [Fact]
    public async Task A_native_transfer_syntax_is_changed_only_if_the_host_says_so()
    {
        var script = new PacsScript { Accepts = static c => c.TransferSyntaxes[0] is not ("1.2.840.10008.1.2" or "1.2.840.10008.1.2.2") };
        var (account, _, to) = await RunAsync(new(), script, DimseRetrieval.Get, target: static o => o.ChangesNativeTransferSyntax = true);
        Assert.Equal(Count, account.Count(EvidenceLevel.L4));
        Assert.DoesNotContain(to, static i => i.TransferSyntax.Uid is "1.2.840.10008.1.2" or "1.2.840.10008.1.2.2");
        Assert.True(account.Count(FaultCode.EncodingDiffers) > 0);
    }

    [Theory, InlineData(true, false), InlineData(false, false), InlineData(true, true), InlineData(false, true)]
    public async Task Storage_commitment_is_evidence_over_either_association(bool isSame, bool requiresRole)
    {
        var (account, _, _) = await RunAsync(new(), new() { ReportsOnSameAssociation = isSame }, DimseRetrieval.Get,
            target: o => (o.AsksForCommitment, o.RequiresEventReportRole) = (true, requiresRole), evidence: EvidenceLevel.L2);
        Assert.Equal(Count, account.Count(EvidenceLevel.L2));
    }

    [Fact]
    public async Task What_an_archive_does_not_commit_to_is_not_verified()
    {
        var (account, _, _) = await RunAsync(new(), new() { StoresNothing = true }, DimseRetrieval.Get, target: static o => o.AsksForCommitment = true, evidence: EvidenceLevel.L2);
        Assert.Equal((0, Count), ((int)account.Count(InstanceState.Verified), (int)account.Count(FaultCode.MissingAtTarget)));
    }

    [Theory, InlineData(false, Count), InlineData(true, 0)]
    public async Task Being_listed_is_evidence_of_its_own_level(bool storesNothing, int verified)
    {
        var (account, _, _) = await RunAsync(new(), new() { StoresNothing = storesNothing }, DimseRetrieval.Get, evidence: EvidenceLevel.L1);
        Assert.Equal(verified, account.Count(EvidenceLevel.L1));
        Assert.True(account.IsClosed);
    }

    private async Task<(LedgerAccount Account, IReadOnlyList<PacsInstance> From, IReadOnlyList<PacsInstance> To)> RunAsync(PacsScript from, PacsScript to, DimseRetrieval retrieval,
        Action<DimseSourceOptions>? source = null, Action<DimseTargetOptions>? target = null, EvidenceLevel evidence = EvidenceLevel.L4, IReadOnlyList<PacsInstance>? held = null)
    {
        await using var old = Archives.Filled(Count);
        await using var other = new ScriptedPacs { Script = to };
        foreach (var instance in held ?? []) other.Add(instance);
        old.Script = from;
        await using var reading = Archives.Source(old, retrieval, source);
        await using var writing = Archives.Target(other, retrieval, target);
        var account = await _migration.RunAsync(reading, writing, evidence);
        Assert.True(account.IsClosed);
        return (account, old.Instances, other.Instances);
    }

    private static List<string> Content(IReadOnlyList<PacsInstance> held) =>
        [.. held.Select(static i => $"{i.SopInstanceUid} {i.TransferSyntax} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(i.Bytes.Span))}").Order(StringComparer.Ordinal)];

    private static byte[] Changed(PacsInstance instance)
    {
        var dataSet = DataSet.Read(instance.Bytes, instance.TransferSyntax);
        dataSet.Set(new DicomTag(0x00100020), "OTHER");
        return dataSet.ToArray();
    }
}
