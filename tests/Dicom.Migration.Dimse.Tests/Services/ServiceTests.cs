using System.Net;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Every service of PS3.7 §9 and §10, our client against our listener.</summary>
public class ServiceTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2", Secondary = "1.2.840.10008.5.1.4.1.1.7";
    private const string Find = "1.2.840.10008.5.1.4.1.2.2.1", Move = "1.2.840.10008.5.1.4.1.2.2.2", Get = "1.2.840.10008.5.1.4.1.2.2.3";
    private const string Commitment = "1.2.840.10008.1.20.1";
    private static readonly byte[] Keys = Elements.Element(0x00080052, "CS", "IMAGE");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Whether the handlers of both sides run where their association is read.</summary>
    protected virtual bool IsInline => false;

    private DimseListener Listen(IDimseHandler handler, DimseListenerOptions? options = null) =>
        new((options ?? new DimseListenerOptions { Security = DimseSecurity.Plaintext }) with { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), RunsHandlerInline = IsInline }, handler, TimeProvider.System);

    private static ContextProposal Propose(string sopClass, ContextRoles roles = ContextRoles.Scu) => new(sopClass, [Elements.Explicit]) { Roles = roles };

    private Task<DimseAssociation> ConnectAsync(DimseListener listener, IReadOnlyList<ContextProposal> proposals, IDimseHandler? handler = null, DimseClientOptions? options = null) =>
        DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", proposals,
            (options ?? new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "ME" }) with { RunsHandlerInline = IsInline }, TimeProvider.System, handler, Token);

    private static SmallArchive Filled(int count, SmallArchive? archive = null)
    {
        archive ??= new SmallArchive();
        for (var i = 1; i <= count; i++) archive.Instances[$"1.2.3.{i}"] = Elements.Instance(i % 2 == 0 ? Ct : Secondary, $"1.2.3.{i}");
        return archive;
    }

    [Fact]
    public async Task C_FIND_yields_each_match_and_then_the_outcome()
    {
        var archive = Filled(3);
        await using var listener = Listen(archive);
        await using var association = await ConnectAsync(listener, [Propose(Find)]);
        var responses = await association.FindAsync(Find, Keys, Token).ToListAsync(Token);
        Assert.Equal([0xFF01, 0xFF00, 0xFF00, 0], responses.Select(r => (int)r.Status.Code));
        Assert.Equal(["1.2.3.1", "1.2.3.2", "1.2.3.3"], responses.SkipLast(1).Select(r => Elements.Value(r.DataSet.Span, 0x00080018)));
        Assert.All(responses.SkipLast(1), r => Assert.Equal(Elements.Explicit, r.TransferSyntax));
        Assert.Equal(Keys, Assert.Single(archive.Bodies));
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task A_query_that_is_left_is_cancelled_at_the_peer_and_the_association_goes_on()
    {
        var archive = Filled(3, new SmallArchive { FindsForEver = true });
        await using var listener = Listen(archive);
        await using var association = await ConnectAsync(listener, [Propose(Find), Propose(Ct)]);
        var seen = 0;
        await foreach (var response in association.FindAsync(Find, Keys, Token))
        {
            Assert.True(response.Status.IsPending);
            if (++seen == 50) break;
        }

        await archive.Cancelled.Task.WaitAsync(Token);
        Assert.True((await association.StoreAsync(Ct, "1.2.3.9", Elements.Explicit, Elements.Body(Elements.Instance(Ct, "1.2.3.9")), Token)).IsSuccess);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task Cancelling_the_token_cancels_the_query_and_not_the_association()
    {
        var archive = Filled(3, new SmallArchive { FindsForEver = true });
        await using var listener = Listen(archive);
        await using var association = await ConnectAsync(listener, [Propose(Find), Propose(Ct)]);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in association.FindAsync(Find, Keys, cancel.Token)) await cancel.CancelAsync();
        });
        await archive.Cancelled.Task.WaitAsync(Token);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task A_query_with_more_matches_than_allowed_is_too_large()
    {
        await using var listener = Listen(Filled(3, new SmallArchive { FindsForEver = true }));
        await using var association = await ConnectAsync(listener, [Propose(Find)], options: new DimseClientOptions { Security = DimseSecurity.Plaintext, MaxMatches = 100 });
        var seen = 0;
        var e = await Assert.ThrowsAsync<AssociationException>(async () =>
        {
            await foreach (var _ in association.FindAsync(Find, Keys, Token)) seen++;
        });
        Assert.Equal((FaultCode.QueryTooLarge, 100), (e.Fault.Code, seen));
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task C_GET_brings_the_instances_over_the_same_association()
    {
        var mine = new SmallArchive();
        await using var listener = Listen(Filled(20));
        await using var association = await ConnectAsync(listener, [Propose(Get), Propose(Ct, ContextRoles.Scp), Propose(Secondary, ContextRoles.ScuAndScp)], mine);
        Assert.Equal([ContextRoles.Scu, ContextRoles.Scp, ContextRoles.ScuAndScp], association.Contexts.Select(c => c.Roles));
        var responses = await association.GetAsync(Get, Keys, Token).ToListAsync(Token);
        Assert.Equal((21, (ushort?)20, (ushort?)0, true), (responses.Count, responses[^1].Completed, responses[^1].Failed, responses[^1].Status.IsSuccess));
        Assert.Equal((ushort?)19, responses[0].Remaining);
        Assert.All(responses, r => Assert.False(r.HasDataSet));
        Assert.Equal(20, mine.Instances.Count);
        Assert.All(mine.Instances, i => Assert.Equal(i.Key, Elements.Value(i.Value, 0x00080018)));
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task C_GET_says_which_instances_failed()
    {
        var mine = new SmallArchive { StoreStatus = s => s.SopInstanceUid is "1.2.3.4" ? new DimseStatus(0xB007) : s.SopInstanceUid is "1.2.3.2" ? DimseStatus.OutOfResources : DimseStatus.Success };
        await using var listener = Listen(Filled(5));
        await using var association = await ConnectAsync(listener, [Propose(Get), Propose(Ct, ContextRoles.Scp)], mine);
        var last = (await association.GetAsync(Get, Keys, Token).ToListAsync(Token))[^1];
        Assert.Equal((0xB000, (ushort?)0, (ushort?)4, (ushort?)1), (last.Status.Code, last.Completed, last.Failed, last.Warning));
        Assert.Equal("1.2.3.1\\1.2.3.2\\1.2.3.3\\1.2.3.5", Elements.Value(last.DataSet.Span, 0x00080058)); // 1, 3 and 5: no context for their class
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task A_C_STORE_in_a_role_that_was_not_agreed_on_is_not_sent()
    {
        await using var listener = Listen(Filled(1));
        await using var association = await ConnectAsync(listener, [Propose(Ct, ContextRoles.Scp)]);
        var e = await Assert.ThrowsAsync<AssociationException>(() => association.StoreAsync(Ct, "1.2", Elements.Explicit, Elements.Body([]), Token));
        Assert.Equal(FaultCode.NotNegotiable, e.Fault.Code);
    }

    [Fact]
    public async Task C_MOVE_sends_to_the_destination_and_says_who_asked()
    {
        var destination = new SmallArchive();
        await using var third = Listen(destination);
        var archive = Filled(7, new SmallArchive
        {
            Destinations = (title, contexts, token) => DimseAssociation.ConnectAsync("127.0.0.1", third.EndPoint.Port, title, contexts, new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "SCP" }, TimeProvider.System, null, token),
        });
        await using var listener = Listen(archive);
        await using var association = await ConnectAsync(listener, [Propose(Move)]);
        var responses = await association.MoveAsync(Move, "DEST", Keys, Token).ToListAsync(Token);
        Assert.Equal((8, (ushort?)7, true), (responses.Count, responses[^1].Completed, responses[^1].Status.IsSuccess));
        Assert.Equal(7, destination.Instances.Count);
        Assert.All(destination.Stores, s => Assert.Equal(("ME", (ushort?)1, "DEST"), (s.MoveOriginatorAeTitle, s.MoveOriginatorMessageId, s.Association.CalledAeTitle)));
        var unknown = await association.MoveAsync(Move, "NOBODY", Keys, Token).ToListAsync(Token);
        Assert.Equal(DimseStatus.MoveDestinationUnknown, Assert.Single(unknown).Status);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task C_MOVE_to_a_destination_that_is_not_there_fails_for_every_instance()
    {
        var archive = Filled(3, new SmallArchive { Destinations = (_, _, _) => throw new AssociationException(new Fault(FaultCode.PeerUnreachable)) });
        await using var listener = Listen(archive);
        await using var association = await ConnectAsync(listener, [Propose(Move)]);
        var last = Assert.Single(await association.MoveAsync(Move, "DEST", Keys, Token).ToListAsync(Token));
        Assert.Equal((DimseStatus.SubOperationsImpossible, (ushort?)3), (last.Status, last.Failed));
    }

    [Fact]
    public async Task DIMSE_N_services_carry_both_data_sets()
    {
        var archive = new SmallArchive();
        await using var listener = Listen(archive);
        await using var association = await ConnectAsync(listener, [Propose(Commitment)]);
        var body = Elements.Element(0x00081195, "UI", "1.2.3.77");
        Assert.Equal(body, (await association.ActionAsync(Commitment, "1.2.840.10008.1.20.1.1", 1, body, Token)).DataSet.ToArray());
        Assert.Equal("1.2.99", (await association.CreateAsync(Commitment, null, body, Token)).SopInstanceUid);
        Assert.False((await association.CreateAsync(Commitment, "1.2.5", default, Token)).HasDataSet);
        Assert.True((await association.SetAsync(Commitment, "1.2.5", body, Token)).Status.IsSuccess);
        Assert.Equal("P1", Elements.Value((await association.GetAttributesAsync(Commitment, "1.2.5", [new DicomTag(0x00100020), new DicomTag(0x00080018)], Token)).DataSet.Span, 0x00100020));
        Assert.Equal(DimseStatus.NoSuchInstance, (await association.DeleteAsync(Commitment, "1.2.5", Token)).Status);
        await association.ReleaseAsync();
        Assert.Equal([(ushort?)1, null, null, null, null, null], archive.Requests.Select(r => r.TypeId));
        Assert.Equal(["1.2.840.10008.1.20.1.1", "", "1.2.5", "1.2.5", "1.2.5", "1.2.5"], archive.Requests.Select(r => r.SopInstanceUid));
        Assert.Equal([0x00100020u, 0x00080018u], archive.Requests.ElementAt(4).Attributes.Select(t => t.Value));
    }

    [Fact]
    public async Task A_storage_commitment_is_reported_on_the_association_that_asked_for_it()
    {
        var (archive, mine) = (new SmallArchive(), new SmallArchive());
        await using var listener = Listen(archive);
        await using var association = await ConnectAsync(listener, [Propose(Commitment)], mine);
        var body = Elements.Element(0x00081195, "UI", "1.2.3.77");
        await association.ActionAsync(Commitment, "1.2.840.10008.1.20.1.1", 1, body, Token);
        var peer = await archive.Opened.Task.WaitAsync(Token);
        Assert.True((await peer.EventReportAsync(Commitment, "1.2.840.10008.1.20.1.1", 1, body, Token)).Status.IsSuccess);
        Assert.Equal((ushort?)1, Assert.Single(mine.Requests).TypeId);
        var e = await Assert.ThrowsAsync<AssociationException>(() => peer.ActionAsync(Commitment, "1.2.5", 1, body, Token));
        Assert.Equal(FaultCode.NotNegotiable, e.Fault.Code);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task What_a_handler_does_not_perform_is_an_unrecognized_operation()
    {
        await using var listener = Listen(new RecordingHandler());
        await using var association = await ConnectAsync(listener, [Propose(Find), Propose(Get), Propose(Commitment)]);
        Assert.Equal(DimseStatus.UnrecognizedOperation, Assert.Single(await association.FindAsync(Find, Keys, Token).ToListAsync(Token)).Status);
        Assert.Equal(DimseStatus.UnrecognizedOperation, Assert.Single(await association.GetAsync(Get, Keys, Token).ToListAsync(Token)).Status);
        Assert.Equal(DimseStatus.UnrecognizedOperation, (await association.DeleteAsync(Commitment, "1.2.5", Token)).Status);
        await association.ReleaseAsync();
    }
}
