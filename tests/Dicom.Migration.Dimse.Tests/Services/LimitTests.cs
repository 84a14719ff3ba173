using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>What a peer may take of us, and no more: connections, associations, lengths.</summary>
public class LimitTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2", Find = "1.2.840.10008.5.1.4.1.2.2.1";
    private static readonly ContextProposal[] Proposals = [new("1.2.840.10008.1.1", [Elements.Implicit]), new(Ct, [Elements.Explicit]), new(Find, [Elements.Explicit])];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DimseListenerOptions Options => new() { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };

    private static Task<DimseAssociation> ConnectAsync(DimseListener listener, DimseClientOptions? options = null) =>
        DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", Proposals, options ?? new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);

    private static async Task<Socket> ConnectFromAsync(string address, DimseListener listener)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        await socket.ConnectAsync(listener.EndPoint, Token);
        return socket;
    }

    [Fact]
    public async Task Five_hundred_connections_that_ask_for_nothing_keep_no_known_peer_out()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lets a client bind to any address of 127/8.");
        await using var listener = new DimseListener(Options, new SmallArchive(), TimeProvider.System);
        await using var earlier = await ConnectAsync(listener);
        var crowd = new List<Socket>();
        try
        {
            for (var i = 0; i < 500; i++)
            {
                var socket = await ConnectFromAsync($"127.0.1.{1 + i % 100}", listener);
                crowd.Add(socket);
                await socket.SendAsync(new byte[] { 1 }, Token); // the first byte of an A-ASSOCIATE-RQ, and no more
            }

            var watch = Stopwatch.StartNew();
            Assert.True((await earlier.EchoAsync(Token)).IsSuccess);
            await using var later = await ConnectAsync(listener);
            Assert.True((await later.EchoAsync(Token)).IsSuccess);
            TestContext.Current.SendDiagnosticMessage("C-ECHO on an old and on a new association with 500 stalled connections: {0} ms", watch.ElapsedMilliseconds); // judged in SlowCrowdTests, which run alone
        }
        finally
        {
            crowd.ForEach(s => s.Dispose());
        }
    }

    [Fact]
    public async Task A_connection_that_makes_room_while_the_host_decides_on_it_holds_up_no_other()
    {
        var handler = new SlowToDecide();
        await using var listener = new DimseListener(Options with { MaxConnections = 1 }, handler, TimeProvider.System);
        var first = ConnectAsync(listener);
        await handler.Asked.Task.WaitAsync(Token);
        await using var second = await ConnectAsync(listener); // needs the one place there is
        Assert.True((await second.EchoAsync(Token)).IsSuccess);
        handler.Decision.SetResult();
        await Assert.ThrowsAsync<AssociationException>(() => first);
        Assert.True((await second.EchoAsync(Token)).IsSuccess);
    }

    [Fact]
    public async Task One_address_has_no_more_connections_than_it_may()
    {
        await using var listener = new DimseListener(Options with { MaxConnectionsPerAddress = 2 }, new SmallArchive(), TimeProvider.System);
        await using var first = await ConnectAsync(listener);
        await using var second = await ConnectAsync(listener);
        await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener));
        Assert.True((await first.EchoAsync(Token)).IsSuccess);
        Assert.True((await second.EchoAsync(Token)).IsSuccess);
    }

    [Fact]
    public async Task One_association_more_than_allowed_is_rejected_for_now()
    {
        await using var listener = new DimseListener(Options with { MaxAssociations = 1 }, new SmallArchive(), TimeProvider.System);
        await using var first = await ConnectAsync(listener);
        var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener));
        Assert.Equal(FaultCode.PeerBusy, e.Fault.Code);
        Assert.True(e.Fault.IsTransient);
        Assert.True((await first.EchoAsync(Token)).IsSuccess);
    }

    [Fact]
    public async Task Who_is_not_let_in_or_put_out_is_told_of_with_the_reason_and_a_host_that_throws_harms_nobody()
    {
        var archive = new SmallArchive { Decide = static i => i.CallingAeTitle is "STRANGER" ? AssociationDecision.CallingAeTitleNotRecognized : AssociationDecision.Accept, ThrowsWhenTold = true };
        await using var listener = new DimseListener(Options with { MaxConnectionsPerAddress = 2, MaxAssociations = 1 }, archive, TimeProvider.System);
        await using (var first = await ConnectAsync(listener))
        {
            await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener)); // one association too many
            Assert.Equal(FaultCode.PeerBusy, await archive.RefusalAsync());
            while (listener.Connections > 1) await Task.Yield(); // the one that was rejected has its place until it is closed
            using var second = new TcpClient();
            await second.ConnectAsync(listener.EndPoint, Token);
            await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener)); // one connection too many
            Assert.Equal(FaultCode.PeerBusy, await archive.RefusalAsync());
            Assert.True((await first.EchoAsync(Token)).IsSuccess);
            await first.ReleaseAsync();
        }

        while (listener.Connections > 0) await Task.Yield();
        var stranger = new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "STRANGER" };
        Assert.Equal(FaultCode.AssociationRejected, (await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, stranger))).Fault.Code);
        Assert.Equal(FaultCode.AssociationRejected, await archive.RefusalAsync());
        while (listener.Connections > 0) await Task.Yield();
        using (var violator = await RawPeer.AskAsync(listener.EndPoint, [new ProposedContext(1, Ct, [Elements.Explicit])]))
        {
            await violator.SendAsync([0xFF]);
            await violator.AbortedAsync();
        }

        Assert.Equal(FaultCode.ProtocolViolation, await archive.RefusalAsync());
        while (listener.Connections > 0) await Task.Yield();
        using (var gone = await RawPeer.AskAsync(listener.EndPoint, [new ProposedContext(1, Ct, [Elements.Explicit])])) // goes by himself
        {
        }

        while (listener.Connections > 0) await Task.Yield();
        await using (var last = await ConnectAsync(listener))
        {
            Assert.True((await last.EchoAsync(Token)).IsSuccess);
            await last.ReleaseAsync();
        }

        await listener.DisposeAsync();
        Assert.Equal(0, archive.Refusals);
    }

    [Fact]
    public async Task A_peer_that_asks_for_nothing_in_time_is_told_of()
    {
        var (archive, time) = (new SmallArchive(), new Microsoft.Extensions.Time.Testing.FakeTimeProvider());
        await using var listener = new DimseListener(Options, archive, time);
        using var silent = new TcpClient();
        await silent.ConnectAsync(listener.EndPoint, Token);
        var told = archive.RefusalAsync();
        while (!told.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(30));
            await Task.Yield();
        }

        Assert.Equal(FaultCode.PeerTimeout, await told);
    }

    [Fact]
    public async Task With_all_connections_in_use_by_associations_one_more_is_closed()
    {
        await using var listener = new DimseListener(Options with { MaxConnections = 1 }, new SmallArchive(), TimeProvider.System);
        await using var first = await ConnectAsync(listener);
        Assert.Equal(FaultCode.PeerClosedEarly, (await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener))).Fault.Code);
        Assert.True((await first.EchoAsync(Token)).IsSuccess);
    }

    [Theory, InlineData(64, 64, 1_024, true), InlineData(65, 64, 1_024, false), InlineData(65, 65, 1_024, true), InlineData(1_018, 1_024, 1_024, true), InlineData(1_024, 1_024, 1_024, false)]
    public async Task A_request_has_no_more_transfer_syntaxes_and_items_than_the_options_allow(int syntaxes, int mostSyntaxes, int mostItems, bool isTaken)
    {
        var archive = new SmallArchive();
        await using var listener = new DimseListener(Options with { MaxTransferSyntaxes = mostSyntaxes, MaxAssociateItems = mostItems }, archive, TimeProvider.System);
        using var peer = await RawPeer.ConnectAsync(listener.EndPoint);
        await peer.SendAsync(Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, [new ProposedContext(1, Ct, [.. Enumerable.Range(1, syntaxes).Select(i => $"1.2.{i}")])], [])));
        Assert.Equal(isTaken ? PduType.AssociateAccept : PduType.Abort, (await peer.ReadPduAsync())?.Type);
        if (!isTaken) Assert.Equal(FaultCode.MessageTooLong, await archive.RefusalAsync());
    }

    [Fact]
    public async Task A_data_set_longer_than_allowed_is_aborted()
    {
        await using var listener = new DimseListener(Options with { MaxDataSetLength = 10_000 }, new SmallArchive(), TimeProvider.System);
        await using (var association = await ConnectAsync(listener))
        {
            Assert.True((await association.StoreAsync(Ct, "1.2.1", Elements.Explicit, Elements.Body(new byte[10_000]), Token)).IsSuccess);
            await Assert.ThrowsAsync<AssociationException>(() => association.StoreAsync(Ct, "1.2.2", Elements.Explicit, Elements.Body(new byte[10_002]), Token));
        }
    }

    [Fact]
    public async Task The_data_set_of_a_response_is_held_up_to_its_limit()
    {
        await using var listener = new DimseListener(Options, new LongAnswers(), TimeProvider.System);
        await using var association = await ConnectAsync(listener, new DimseClientOptions { Security = DimseSecurity.Plaintext, MaxResponseLength = 1_024 });
        var e = await Assert.ThrowsAsync<AssociationException>(async () => await association.FindAsync(Find, Elements.Element(0x00080052, "CS", "STUDY"), Token).ToListAsync(Token));
        Assert.Equal(FaultCode.MessageTooLong, e.Fault.Code);
    }

    [Theory]
    [InlineData("1.2.3.4.5", "")] // another instance
    [InlineData("1.2.3", "FF00")] // pending
    [InlineData("1.2.3", "id")] // another message
    public async Task An_answer_that_does_not_fit_its_request_is_no_success(string uid, string how)
    {
        using var fake = new TcpListener(IPAddress.Loopback, 0);
        fake.Start();
        var serving = AnswerAsync(fake, uid, how);
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", ((IPEndPoint)fake.LocalEndpoint).Port, "SCP", [new ContextProposal(Ct, [Elements.Explicit])],
            new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);
        var e = await Assert.ThrowsAsync<AssociationException>(() => association.StoreAsync(Ct, "1.2.3", Elements.Explicit, Elements.Body([1, 2]), Token));
        Assert.Equal(FaultCode.ProtocolViolation, e.Fault.Code);
        await Assert.ThrowsAsync<AssociationException>(() => association.EchoAsync(Token));
        await serving;
    }

    private static async Task AnswerAsync(TcpListener listener, string uid, string how)
    {
        using var peer = await listener.AcceptTcpClientAsync(Token);
        var stream = peer.GetStream();
        await ReadPduAsync(stream);
        await stream.WriteAsync(Pdus.Encode(new AssociateAccept("SCP", "A", Associate.DicomApplicationContext, [new ContextResult(1, 0, Elements.Explicit)], [])), Token);
        await ReadPduAsync(stream);
        var command = new Dimse.Messages.CommandSet().With(Dimse.Messages.CommandSet.Field, 0x8001).With(Dimse.Messages.CommandSet.MessageIdBeingRespondedTo, how is "id" ? (ushort)99 : (ushort)1)
            .With(Dimse.Messages.CommandSet.DataSetType, 0x0101).With(Dimse.Messages.CommandSet.Status, how is "FF00" ? (ushort)0xFF00 : (ushort)0).WithUid(Dimse.Messages.CommandSet.AffectedSopInstanceUid, uid).Encode();
        var pdu = new byte[12 + command.Length];
        PduWriter.WriteDataHeader(pdu, 1, true, true, command.Length);
        command.CopyTo(pdu, 12);
        await stream.WriteAsync(pdu, Token);
        try
        {
            while (await stream.ReadAsync(new byte[256], Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // closed with a reset
        }
    }

    private static async Task ReadPduAsync(NetworkStream stream)
    {
        var header = new byte[6];
        await stream.ReadExactlyAsync(header, Token);
        await stream.ReadExactlyAsync(new byte[(header[4] << 8) | header[5]], Token);
    }

    /// <summary>Decides on the first association when it is told to, and on all others at once.</summary>
    private sealed class SlowToDecide : IDimseHandler
    {
        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Decision { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken)
        {
            if (Asked.TrySetResult()) await Decision.Task.WaitAsync(cancellationToken);
            return AssociationDecision.Accept;
        }

        public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(proposal.TransferSyntaxes[0]);
    }

    private sealed class LongAnswers : IDimseHandler
    {
        public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.Accept);
        public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(proposal.TransferSyntaxes[0]);

        public async IAsyncEnumerable<QueryMatch> OnFindAsync(QueryIndication query, System.IO.Pipelines.PipeReader identifier,
            [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Elements.ReadAllAsync(identifier, cancellationToken);
            yield return new QueryMatch(new byte[1_026]);
        }
    }
}
