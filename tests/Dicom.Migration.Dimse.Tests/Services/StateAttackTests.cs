using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>PDUs that are well formed and come when they may not, and requests and answers of associations that promise what was not asked for.</summary>
public class StateAttackTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";
    private static readonly ProposedContext[] Contexts = [new(1, "1.2.840.10008.1.1", [Elements.Implicit]), new(3, Ct, [Elements.Explicit])];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DimseListener Listen(IDimseHandler handler) =>
        new(new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, handler, TimeProvider.System);

    private static CommandSet Store => new CommandSet().WithUid(CommandSet.AffectedSopClassUid, Ct).With(CommandSet.Field, CommandField.StoreRequest).With(CommandSet.MessageId, 1)
        .With(CommandSet.DataSetType, 1).WithUid(CommandSet.AffectedSopInstanceUid, "1.2.3");

    private static CommandSet Echo => new CommandSet().WithUid(CommandSet.AffectedSopClassUid, "1.2.840.10008.1.1").With(CommandSet.Field, CommandField.EchoRequest).With(CommandSet.MessageId, 2)
        .With(CommandSet.DataSetType, CommandSet.NoDataSet);

    public static TheoryData<byte[]> Intruders =>
    [
        Pdus.Encode(new AssociateAccept("SCP", "A", Associate.DicomApplicationContext, [new ContextResult(1, 0, Elements.Implicit), new ContextResult(3, 0, Elements.Explicit)], [])),
        Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, Contexts, [])), Pdus.Encode(new AssociateReject(1, 1, 1)), Pdus.Encode(new ReleaseResponse()),
    ];

    [Theory, MemberData(nameof(Intruders))]
    public async Task A_PDU_of_another_state_inside_a_data_set_ends_the_association_and_half_the_data_set_is_nothing(byte[] intruder)
    {
        var archive = new SmallArchive();
        await using var listener = Listen(archive);
        using var other = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        await peer.SayAsync(3, Store);
        await peer.SendAsync(Pdus.Value(3, false, false, new byte[1_000]), intruder, Pdus.Value(3, false, true, new byte[1_000]));
        Assert.Equal(((byte)2, (byte)2), await peer.AbortedAsync()); // unexpected PDU
        Assert.Equal(FaultCode.ProtocolViolation, await archive.RefusalAsync());
        await other.SayAsync(1, Echo);
        Assert.Equal(0, (await other.HearAsync())!.UInt16(CommandSet.Status));
        Assert.Empty(archive.Instances);
    }

    [Fact]
    public async Task What_comes_after_a_release_is_dropped()
    {
        var archive = new SmallArchive();
        await using var listener = Listen(archive);
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        await peer.SendAsync([.. Pdus.Encode(new ReleaseRequest()), .. Pdus.Value(3, true, true, Store.Encode()), .. Pdus.Value(3, false, true, new byte[1_000])]);
        Assert.Equal(PduType.ReleaseResponse, (await peer.ReadPduAsync())?.Type);
        peer.EndSending();
        Assert.Null(await peer.ReadPduAsync()); // nothing is answered any more
        await listener.DisposeAsync();
        Assert.Empty(archive.Stores);
    }

    [Theory, InlineData((byte)0x50), InlineData((byte)0x10)]
    public async Task An_item_that_may_stand_once_and_stands_twice_is_no_request(byte type)
    {
        var archive = new SmallArchive();
        await using var listener = Listen(archive);
        using var peer = await RawPeer.ConnectAsync(listener.EndPoint);
        var name = Encoding.ASCII.GetBytes(Associate.DicomApplicationContext);
        byte[] item = type == 0x50 ? [type, 0, 0, 0] : [type, 0, 0, (byte)name.Length, .. name];
        byte[] request = [.. Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, Contexts, [])), .. item];
        request[5] += (byte)item.Length; // the PDU's length: below 256
        Assert.Equal(request.Length - Pdu.HeaderLength, request[4] << 8 | request[5]);
        await peer.SendAsync(request);
        Assert.Equal(((byte)0, (byte)0), await peer.AbortedAsync()); // before the association it is the service user's (PS3.8 AA-1)
        Assert.Equal(FaultCode.ProtocolViolation, await archive.RefusalAsync());
        Assert.Null(archive.Info);
    }

    [Theory]
    [InlineData("../../SCP"), InlineData("SCP/."), InlineData("scp"), InlineData("SCP\u001B[31m"), InlineData("SCP\r\n"), InlineData("\r\nSCP"), InlineData("\tSCP"), InlineData("SCP\0"), InlineData("SCP\u00A0"), InlineData("S\\CP"), InlineData("                ")]
    public async Task An_AE_title_that_is_not_just_ours_is_none(string title)
    {
        var archive = new SmallArchive { Decide = static i => i is { CalledAeTitle: "SCP", CallingAeTitle: "SCP" } ? AssociationDecision.Accept : i.CalledAeTitle is "SCP" ? AssociationDecision.CallingAeTitleNotRecognized : AssociationDecision.CalledAeTitleNotRecognized };
        await using var listener = Listen(archive);
        foreach (var (called, calling, reason) in new[] { (title, "SCP", 7), ("SCP", title, 3) }) // PS3.8 Table 9-21
        {
            using var peer = await RawPeer.ConnectAsync(listener.EndPoint);
            await peer.SendAsync(Pdus.Encode(new AssociateRequest(called, calling, Associate.DicomApplicationContext, Contexts, [])));
            var answer = (await peer.ReadPduAsync())!.Value;
            Assert.Equal((PduType.AssociateReject, new AssociateReject(1, 1, (byte)reason)), (answer.Type, PduParser.Parse(answer)));
            Assert.Equal(FaultCode.AssociationRejected, await archive.RefusalAsync());
        }

        await using var good = await DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", [new ContextProposal(Ct, [Elements.Explicit])],
            new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "SCP" }, TimeProvider.System, null, Token);
    }

    [Theory]
    [InlineData(9, 5, 1, true), InlineData(0, 0, 1, true), InlineData(255, 1_000, 0, true)] // types that PS3.7 §D.3.3.7 does not have
    [InlineData(5, 65_400, 1, true), InlineData(5, 65_400, 0, true), InlineData(1, 65_400, 1, true)]
    public async Task A_user_identity_of_any_type_and_length_is_the_handler_s_to_judge_and_answered_if_it_was_asked_for(byte type, int length, byte wantsResponse, bool isAccepted)
    {
        var archive = new SmallArchive { Decide = _ => AssociationDecision.Accept with { IdentityResponse = new byte[] { 1, 2 } } };
        await using var listener = Listen(archive);
        using var peer = await RawPeer.ConnectAsync(listener.EndPoint);
        await peer.SendAsync(Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, Contexts, [new UserIdentityItem(type, wantsResponse, new byte[length], Array.Empty<byte>())])));
        var answer = (await peer.ReadPduAsync())!.Value;
        Assert.Equal(isAccepted, answer.Type is PduType.AssociateAccept);
        Assert.Equal(wantsResponse == 1, ((AssociateAccept)PduParser.Parse(answer)).Find<UserIdentityResponse>() is not null);
        Assert.Equal((type, length), ((byte)archive.Info!.Identity!.Kind, archive.Info.Identity.Primary.Length));
    }

    public static TheoryData<string> Promises =>
        ["a context that was not proposed", "a context twice", "an even context", "a syntax that was not offered", "another context's syntax", "no syntax", "maximum 1", "maximum 63"];

    [Theory, MemberData(nameof(Promises))]
    public async Task An_answer_that_accepts_what_was_not_asked_for_is_left(string what)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = RawPeer.AcceptAsync(listener, request => new AssociateAccept(request.CalledAeTitle, request.CallingAeTitle, Associate.DicomApplicationContext, what switch
        {
            "a context that was not proposed" => [new ContextResult(1, 0, Elements.Explicit), new ContextResult(5, 0, Elements.Explicit)],
            "a context twice" => [new ContextResult(1, 0, Elements.Explicit), new ContextResult(1, 0, Elements.Explicit)],
            "an even context" => [new ContextResult(2, 0, Elements.Explicit)],
            "a syntax that was not offered" => [new ContextResult(1, 0, "1.2.840.10008.1.2.2")],
            "another context's syntax" => [new ContextResult(1, 0, Elements.Implicit)],
            "no syntax" => [new ContextResult(1, 0, null)],
            _ => [new ContextResult(1, 0, Elements.Explicit)],
        }, what is "maximum 1" ? [new MaximumLength(1)] : what is "maximum 63" ? [new MaximumLength(63)] : []));
        var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener));
        Assert.Equal(FaultCode.ProtocolViolation, e.Fault.Code);
        using var peer = await accepting;
        Assert.Equal((byte)2, (await peer.AbortedAsync())?.Source);
    }

    [Theory, InlineData(0u), InlineData(64u), InlineData(uint.MaxValue)]
    public async Task No_PDU_is_longer_than_the_peer_takes_nor_than_we_send(uint maximum)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = RawPeer.AcceptAsync(listener, request => new AssociateAccept(request.CalledAeTitle, request.CallingAeTitle, Associate.DicomApplicationContext,
            [.. request.Contexts.Select(static c => new ContextResult(c.Id, 0, c.TransferSyntaxes[0]))], [new MaximumLength(maximum)]));
        await using var association = await ConnectAsync(listener);
        using var peer = await accepting;
        Assert.Equal(maximum, association.PeerMaxPduLength);
        var storing = association.StoreAsync(Ct, "1.2.3", Elements.Explicit, Elements.Body(new byte[300_000]), Token);
        var (longest, received) = (0L, 0L);
        while (received < 300_000)
        {
            var frame = (await peer.ReadPduAsync())!.Value;
            longest = Math.Max(longest, frame.Body.Length);
            if ((frame.Body.ToArray()[5] & 1) == 0) received += frame.Body.Length - 6;
        }

        Assert.Equal(maximum == 64 ? 64 : 131_072, longest);
        await peer.SayAsync(1, new CommandSet().With(CommandSet.Field, 0x8001).With(CommandSet.MessageIdBeingRespondedTo, 1).With(CommandSet.DataSetType, CommandSet.NoDataSet).With(CommandSet.Status, 0)
            .WithUid(CommandSet.AffectedSopInstanceUid, "1.2.3"));
        Assert.True((await storing).IsSuccess);
    }

    private static Task<DimseAssociation> ConnectAsync(TcpListener listener) => DimseAssociation.ConnectAsync("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, "SCP",
        [new ContextProposal(Ct, [Elements.Explicit]), new ContextProposal("1.2.840.10008.1.1", [Elements.Implicit])], new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);
}
