using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>What a target holds is known before it is stored into, or is not known: never is a list that may be cut off taken for the whole.</summary>
public sealed class HeldInstancesTests : IDisposable
{
    private const int Count = 6;
    private const string Study = "2.25.900", Series = "2.25.900.1";
    private readonly ScriptedWebPacs _pacs = new();
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public HeldInstancesTests()
    {
        foreach (var instance in WebPeers.OfOneStudy(Count, 100)) _pacs.Add(instance);
    }

    public void Dispose() => _pacs.Dispose();

    [Theory]
    [InlineData(0, WebPacsPaging.Honoured)]
    [InlineData(1, WebPacsPaging.Honoured)] // two, and then an empty page
    [InlineData(0, WebPacsPaging.OffsetIgnored)]
    [InlineData(2, WebPacsPaging.OffsetIgnored)]
    [InlineData(2, WebPacsPaging.Loops)]
    public async Task An_instance_beyond_the_end_of_a_list_is_held_all_the_same(int cap, WebPacsPaging paging)
    {
        _pacs.Script = new() { Cap = cap, Paging = paging };
        var held = new HeldInstances(WebPeers.Client(_pacs, static o => o.PageSize = 2));
        for (var i = 1; i <= Count + 3; i++) Assert.Equal(i <= Count, await held.HoldsAsync(Of(i), Token));
    }

    [Fact]
    public async Task An_archive_that_does_not_match_by_uid_is_asked_at_the_instance_s_own_address()
    {
        _pacs.Script = new() { Cap = 1, Unmatched = ["00080018"] };
        var held = new HeldInstances(WebPeers.Client(_pacs));
        for (var i = 1; i <= Count + 3; i++) Assert.Equal(i <= Count, await held.HoldsAsync(Of(i), Token));
    }

    [Theory, InlineData(404), InlineData(406), InlineData(204)]
    public async Task Whether_an_archive_holds_an_instance_is_not_known_where_neither_list_nor_address_tells(int status)
    {
        _pacs.Script = new()
        {
            Cap = 1, Unmatched = ["00080018"], Paging = status == 404 ? WebPacsPaging.OffsetIgnored : WebPacsPaging.Honoured,
            Answers = r => r.RequestUri!.AbsolutePath.EndsWith("/metadata", StringComparison.Ordinal) ? new((System.Net.HttpStatusCode)status) : null,
        };
        var held = new HeldInstances(WebPeers.Client(_pacs));
        Assert.True(await held.HoldsAsync(Of(1), Token));
        var thrown = await Assert.ThrowsAsync<DicomWebException>(() => held.HoldsAsync(Of(Count), Token));
        Assert.Equal(FaultCode.QueryTooLarge, thrown.Fault.Code);
    }

    [Fact]
    public async Task A_study_that_is_not_there_is_listed_once_however_many_objects_follow()
    {
        var held = new HeldInstances(WebPeers.Client(_pacs));
        for (var i = 1; i < 100; i++)
        {
            var resource = new DicomWebResource("2.25.901", "2.25.901.1", $"2.25.901.1.{i}");
            Assert.False(await held.HoldsAsync(resource, Token));
            Assert.True(held.TryBegin(resource.SopInstanceUid!));
            held.End(resource, isStored: true);
            Assert.True(await held.HoldsAsync(resource, Token));
        }
        Assert.Single(_pacs.Requests);
    }

    [Fact]
    public async Task No_object_is_sent_over_another_that_a_cap_hides()
    {
        _pacs.Script = new() { Cap = 1, Duplicates = PacsDuplicates.NewReplaces };
        var before = WebPeers.Content(_pacs);
        var session = await WebPeers.Target(_pacs).OpenSessionAsync(Token);
        foreach (var instance in WebPeers.OfOneStudy(Count + 1, 102)) // other content under the same UIDs, and one more
        {
            var receipt = await session.StoreAsync(WebPeers.Outgoing(instance), Token);
            await session.FlushAsync(Token);
            var outcome = await receipt.Acknowledged;
            var isNew = instance.SopInstanceUid == $"{Series}.{Count + 1}";
            Assert.Equal((isNew, isNew ? null : FaultCode.UidConflict), (outcome.IsStored, outcome.Fault?.Code));
        }
        await session.DisposeAsync();
        Assert.Equal(before, WebPeers.Content(_pacs).Intersect(before));
        Assert.Equal(Count + 1, _pacs.Instances.Count);
    }

    private static DicomWebResource Of(int number) => new(Study, Series, $"{Series}.{number}");
}
