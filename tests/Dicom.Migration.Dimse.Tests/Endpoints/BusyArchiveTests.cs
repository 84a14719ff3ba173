using Dicom.Migration.Dimse.Tests.Faults;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>An archive that is busy, full of associations, or away for a while is left alone, and has everything afterwards.</summary>
public sealed class BusyArchiveTests : IDisposable
{
    private const int Count = 24;
    private readonly Migration _migration = new();

    public void Dispose() => _migration.Dispose();

    [Theory, InlineData(0xA700), InlineData(0x0213), InlineData(0x0110)]
    public async Task An_archive_that_is_out_of_resources_is_not_sent_the_rest(int status)
    {
        var refusals = 0;
        await using var pacs = new ScriptedPacs { Script = new() { StoreStatus = _ => Interlocked.Increment(ref refusals) <= 4 ? new DimseStatus((ushort)status) : DimseStatus.Success } };
        await using var target = Archives.Target(pacs, configure: static o => o.OperationsWindow = 1);
        var account = await _migration.RunAsync(new HeldSource(MadeUpInstances.Create(5, Count)), target, patience: 60, lanes: 1);
        Assert.Equal((true, Count), (account.IsClosed, (int)account.Count(EvidenceLevel.L4)));
        Assert.Equal(Count + 4, pacs.Stores);
    }

    [Fact]
    public async Task An_archive_that_is_out_of_resources_for_good_is_sent_a_few_objects_and_none_of_them_is_an_exception()
    {
        await using var pacs = new ScriptedPacs { Script = new() { StoreStatus = static _ => DimseStatus.OutOfResources } };
        await using var target = Archives.Target(pacs, configure: static o => o.OperationsWindow = 1);
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => _migration.RunAsync(new HeldSource(MadeUpInstances.Create(5, Count)), target, patience: 1, lanes: 1));
        Assert.Equal(FaultCode.PeerBusy, e.Fault.Code);
        Assert.InRange(pacs.Stores, 3, 16); // after 20, 40, 80, 100 ms ... for 1 s
        Assert.DoesNotContain(await _migration.InstancesAsync(), static i => i.Current.State is InstanceState.Excepted);
    }

    [Theory, InlineData(1, DimseRetrieval.Get), InlineData(2, DimseRetrieval.Get), InlineData(1, DimseRetrieval.Move)]
    public async Task An_archive_that_takes_few_associations_is_served_and_verified(int most, DimseRetrieval retrieval)
    {
        await using var pacs = new ScriptedPacs { Script = new() { MostAssociations = most } };
        await using var target = Archives.Target(pacs, retrieval);
        var account = await _migration.RunAsync(new HeldSource(MadeUpInstances.Create(5, Count)), target, patience: 60);
        Assert.Equal((true, Count), (account.IsClosed, (int)account.Count(EvidenceLevel.L4)));
    }

    [Fact]
    public async Task An_archive_that_rejects_for_now_is_waited_for()
    {
        var rejections = 0;
        await using var pacs = new ScriptedPacs { Script = new() { Admits = _ => Interlocked.Increment(ref rejections) <= 12 ? AssociationDecision.TemporaryCongestion : AssociationDecision.Accept } };
        await using var target = Archives.Target(pacs);
        Assert.Equal(Count, (await _migration.RunAsync(new HeldSource(MadeUpInstances.Create(5, Count)), target, patience: 60)).Count(EvidenceLevel.L4));
    }

    [Fact]
    public async Task An_archive_that_rejects_for_good_in_mid_run_ends_it_and_no_object_is_an_exception()
    {
        var isShut = false;
        var script = new PacsScript { Admits = _ => isShut ? AssociationDecision.CallingAeTitleNotRecognized : AssociationDecision.Accept };
        await using var pacs = new ScriptedPacs();
        pacs.Script = script with { StoreStatus = _ => { isShut = true; return DimseStatus.OutOfResources; } };
        await using var target = Archives.Target(pacs);
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => _migration.RunAsync(new HeldSource(MadeUpInstances.Create(5, Count)), target, patience: 60, lanes: 1));
        Assert.Equal(FaultCode.AssociationRejected, e.Fault.Code);
        Assert.DoesNotContain(await _migration.InstancesAsync(), static i => i.Current.State is InstanceState.Excepted);
        (isShut, pacs.Script) = (false, script);
        Assert.Equal(Count, (await _migration.RunAsync(new HeldSource(MadeUpInstances.Create(5, Count)), target, lanes: 1)).Count(EvidenceLevel.L4));
    }
}
