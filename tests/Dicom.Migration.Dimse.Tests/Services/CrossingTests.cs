using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Services;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>What comes back to back, what crosses on its way, and what is never answered.</summary>
public class CrossingTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2", Mr = "1.2.840.10008.5.1.4.1.1.4", Find = "1.2.840.10008.5.1.4.1.2.2.1", Move = "1.2.840.10008.5.1.4.1.2.2.2", Verification = "1.2.840.10008.1.1",
        Commitment = "1.2.840.10008.1.20.1";

    private static readonly byte[] Keys = Elements.Element(0x00080052, "CS", "STUDY");
    private static readonly ProposedContext[] Contexts =
        [new(1, Verification, [Elements.Implicit]), new(3, Ct, [Elements.Explicit]), new(5, Find, [Elements.Explicit]), new(7, Commitment, [Elements.Explicit])];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DimseListener Listen(IDimseHandler handler, Func<DimseListenerOptions, DimseListenerOptions>? with = null, TimeProvider? time = null)
    {
        var options = new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
        return new DimseListener(with?.Invoke(options) ?? options, handler, time ?? TimeProvider.System);
    }

    private static CommandSet Command(ushort field, string sopClass, bool hasDataSet, ushort id = 1) => new CommandSet().WithUid(CommandSet.AffectedSopClassUid, sopClass).With(CommandSet.Field, field)
        .With(CommandSet.MessageId, id).With(CommandSet.DataSetType, hasDataSet ? (ushort)1 : CommandSet.NoDataSet);

    private static byte[] Wire(byte context, CommandSet command) => Pdus.Value(context, true, true, command.Encode());
    private static CommandSet Cancel(ushort id) => new CommandSet().With(CommandSet.Field, CommandField.CancelRequest).With(CommandSet.MessageIdBeingRespondedTo, id).With(CommandSet.DataSetType, CommandSet.NoDataSet);

    private static async Task<ushort> StatusAsync(RawPeer peer)
    {
        CommandSet? answer;
        do answer = await peer.HearAsync();
        while (answer is not null && new DimseStatus(answer.UInt16(CommandSet.Status)).IsPending);
        return Assert.IsType<CommandSet>(answer).UInt16(CommandSet.Status);
    }

    [Fact]
    public async Task A_C_CANCEL_right_behind_its_request_is_heard()
    {
        var handler = new Handler();
        await using var listener = Listen(handler);
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        await peer.SendAsync([.. Wire(5, Command(CommandField.FindRequest, Find, hasDataSet: true, 9)), .. Pdus.Value(5, false, true, Keys), .. Wire(5, Cancel(9))]);
        Assert.Equal(DimseStatus.Cancel.Code, await StatusAsync(peer));
    }

    [Fact]
    public async Task A_query_that_ends_early_because_it_is_cancelled_is_not_called_whole()
    {
        var handler = new Handler { EndsQuietly = true };
        await using var listener = Listen(handler);
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        await peer.SendAsync([.. Wire(5, Command(CommandField.FindRequest, Find, hasDataSet: true, 9)), .. Pdus.Value(5, false, true, Keys)]);
        await handler.Finding.Task.WaitAsync(Token);
        await peer.SendAsync(Wire(5, Cancel(9)));
        Assert.Equal(DimseStatus.Cancel.Code, await StatusAsync(peer));
    }

    [Fact]
    public async Task A_peer_that_answers_and_releases_in_one_breath_is_released()
    {
        for (var i = 0; i < 20; i++) await AnswerAndReleaseAsync(); // which of two threads is first is a matter of luck
    }

    private static async Task AnswerAndReleaseAsync()
    {
        var handler = new Handler();
        await using var listener = Listen(handler);
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        var reporting = (await handler.Peer.Task.WaitAsync(Token)).EventReportAsync(Commitment, "1.2.3", 1, Keys, Token);
        Assert.Equal(CommandField.EventReportRequest, (await peer.HearAsync())!.UInt16(CommandSet.Field));
        var answer = new CommandSet().With(CommandSet.Field, (ushort)(CommandField.EventReportRequest | CommandField.Response)).With(CommandSet.MessageIdBeingRespondedTo, 1).With(CommandSet.Status, 0)
            .With(CommandSet.DataSetType, CommandSet.NoDataSet);
        await peer.SendAsync([.. Wire(7, answer), .. Pdus.Encode(new ReleaseRequest())]);
        Assert.True((await reporting).Status.IsSuccess);
        Assert.Equal(PduType.ReleaseResponse, await peer.HearPduAsync());
    }

    [Fact]
    public async Task A_release_that_crosses_our_request_is_answered_and_the_request_fails()
    {
        var handler = new Handler();
        await using var listener = Listen(handler);
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        var reporting = (await handler.Peer.Task.WaitAsync(Token)).EventReportAsync(Commitment, "1.2.3", 1, Keys, Token);
        await peer.HearAsync();
        await peer.SendAsync(Pdus.Encode(new ReleaseRequest()));
        Assert.Equal(PduType.ReleaseResponse, await peer.HearPduAsync());
        peer.Dispose();
        Assert.Equal(FaultCode.PeerClosedEarly, (await Assert.ThrowsAsync<AssociationException>(() => reporting)).Fault.Code);
    }

    [Fact]
    public async Task A_request_that_crosses_our_release_does_not_cut_the_connection()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var handler = new Handler();
        var connecting = DimseAssociation.ConnectAsync("127.0.0.1", ((IPEndPoint)server.LocalEndpoint).Port, "SCP", [new(Commitment, [Elements.Explicit])],
            new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, handler, Token);
        using var peer = await RawPeer.AcceptAsync(server);
        await using var association = await connecting;
        var releasing = association.ReleaseAsync();
        Assert.Equal(PduType.ReleaseRequest, await peer.HearPduAsync());
        await peer.SayAsync(1, Command(CommandField.EventReportRequest, Commitment, hasDataSet: true).WithUid(CommandSet.AffectedSopInstanceUid, "1.2.3").With(CommandSet.EventTypeId, 1), Keys);
        await handler.Reported.Task.WaitAsync(Token); // it is performed, and cannot be answered any more
        await peer.SendAsync(Pdus.Encode(new ReleaseResponse()));
        await releasing;
    }

    [Fact]
    public async Task A_release_that_is_not_answered_ends_when_ARTIM_expires()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var time = new FakeTimeProvider();
        var connecting = DimseAssociation.ConnectAsync("127.0.0.1", ((IPEndPoint)server.LocalEndpoint).Port, "SCP", [new(Verification, [Elements.Implicit])],
            new DimseClientOptions { Security = DimseSecurity.Plaintext, IdleTimeout = TimeSpan.FromDays(1) }, time, null, Token);
        using var peer = await RawPeer.AcceptAsync(server);
        await using var association = await connecting;
        var releasing = association.ReleaseAsync();
        Assert.Equal(PduType.ReleaseRequest, await peer.HearPduAsync());
        while (!releasing.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(31)); // again, if the wait began after
            await Task.Yield();
        }

        Assert.Equal(FaultCode.PeerTimeout, (await Assert.ThrowsAsync<AssociationException>(() => releasing)).Fault.Code);
        Assert.True(await peer.HearPduAsync() is PduType.Abort or null); // closed, if the clock ran away from the abort
    }

    [Fact]
    public async Task Who_waits_for_a_place_in_the_operations_window_learns_that_the_association_is_over()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var connecting = DimseAssociation.ConnectAsync("127.0.0.1", ((IPEndPoint)server.LocalEndpoint).Port, "SCP", [new(Verification, [Elements.Implicit])],
            new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);
        var peer = await RawPeer.AcceptAsync(server);
        await using var association = await connecting;
        Task[] echoes = [.. Enumerable.Range(0, 5).Select(_ => association.EchoAsync(Token))];
        await peer.HearAsync();
        peer.Dispose();
        foreach (var echo in echoes) await Assert.ThrowsAsync<AssociationException>(() => echo);
        await Assert.ThrowsAsync<AssociationException>(() => association.EchoAsync(Token));
    }

    [Fact]
    public async Task A_peer_that_owes_an_answer_while_it_waits_for_ours_is_a_timeout()
    {
        var handler = new Handler { AsksFirst = true };
        var time = new FakeTimeProvider();
        await using var listener = Listen(handler, time: time);
        using var peer = await RawPeer.AskAsync(listener.EndPoint, [new(1, Verification, [Elements.Implicit]), new(5, Find, [Elements.Explicit])], new RoleSelection(Verification, 1, 1));
        await peer.SendAsync([.. Wire(5, Command(CommandField.FindRequest, Find, hasDataSet: true)), .. Pdus.Value(5, false, true, Keys)]);
        Assert.Equal(CommandField.EchoRequest, (await peer.HearAsync())!.UInt16(CommandSet.Field)); // and it is never answered
        var aborted = peer.AbortedAsync();
        while (!aborted.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(60));
            await Task.Yield();
        }

        if (await aborted is { } abort) Assert.Equal(((byte)2, (byte)0), abort); // unless the clock ran away from that, too
        Assert.Equal(FaultCode.PeerTimeout, Assert.IsType<AssociationException>(await handler.Asked.Task.WaitAsync(Token)).Fault.Code);
    }

    [Theory]
    [InlineData(1, "move", Move, 0x0122)] // accepted for C-ECHO alone
    [InlineData(1, "find", Find, 0x0122)]
    [InlineData(5, "store", Ct, 0x0122)]
    [InlineData(3, "store", Mr, 0x0122)]
    [InlineData(3, "store", Ct, 0)]
    public async Task A_context_is_good_for_the_service_that_it_was_accepted_for(byte context, string service, string sopClass, int status)
    {
        var handler = new Handler();
        await using var listener = Listen(handler);
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        Assert.Equal(status, await AskAsync(peer, context, service, sopClass));
        Assert.Equal(status == 0, handler.Called);
    }

    [Fact]
    public async Task A_C_STORE_may_name_another_class_if_the_host_says_so_or_it_was_negotiated()
    {
        await using var lenient = Listen(new Handler(), static o => o with { AcceptsOtherSopClasses = true });
        using (var peer = await RawPeer.AskAsync(lenient.EndPoint, Contexts)) Assert.Equal(0, await AskAsync(peer, 3, "store", Mr));
        await using var strict = Listen(new Handler());
        using (var peer = await RawPeer.AskAsync(strict.EndPoint, Contexts, new CommonExtendedNegotiationItem(0, Mr, "1.2.840.10008.4.2", [Ct]))) Assert.Equal(0, await AskAsync(peer, 3, "store", Mr));
    }

    [Theory, InlineData(CommandField.EventReportRequest), InlineData(CommandField.FindRequest)]
    public async Task A_request_other_than_C_STORE_has_a_limit_of_its_own(int field)
    {
        var handler = new Handler();
        await using var listener = Listen(handler, static o => o with { MaxRequestLength = 65_536 });
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        var request = Command((ushort)field, field == CommandField.FindRequest ? Find : Commitment, hasDataSet: true).WithUid(CommandSet.AffectedSopInstanceUid, "1.2.3").With(CommandSet.EventTypeId, 1);
        var context = field == CommandField.FindRequest ? (byte)5 : (byte)7;
        await peer.SayAsync(context, request, new byte[65_536], new byte[2]);
        Assert.NotNull(await peer.AbortedAsync());
    }

    [Fact]
    public async Task A_context_that_nobody_decided_on_is_refused()
    {
        await using var listener = Listen(new Handler { Context = static p => p.AbstractSyntax == Ct ? default : ContextDecision.Accept(p.TransferSyntaxes[0]) });
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", [new(Verification, [Elements.Implicit]), new(Ct, [Elements.Explicit])],
            new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);
        Assert.Equal(Verification, Assert.Single(association.Contexts).AbstractSyntax);
    }

    [Fact]
    public async Task A_listener_that_is_stopped_does_not_wait_for_a_peer_that_it_rejected()
    {
        var listener = Listen(new Handler { Decision = AssociationDecision.CalledAeTitleNotRecognized }, static o => o with { ArtimTimeout = TimeSpan.FromDays(1) });
        using var client = new TcpClient();
        await client.ConnectAsync(listener.EndPoint, Token);
        await client.GetStream().WriteAsync(Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, Contexts, [])), Token);
        var first = new byte[1];
        await client.GetStream().ReadExactlyAsync(first, Token);
        Assert.Equal((byte)PduType.AssociateReject, first[0]); // and the peer keeps its connection open
        await listener.DisposeAsync().AsTask().WaitAsync(Token);
    }

    [Fact]
    public async Task A_listener_may_be_stopped_twice()
    {
        var listener = Listen(new Handler());
        await listener.DisposeAsync();
        await listener.DisposeAsync();
    }

    [Fact]
    public async Task A_handler_that_is_asked_about_a_connection_that_had_to_make_room_is_told_so()
    {
        var handler = new Handler { IsAskedForEver = true };
        await using var listener = Listen(handler, static o => o with { MaxConnections = 1 });
        using var first = new TcpClient();
        await first.ConnectAsync(listener.EndPoint, Token);
        await first.GetStream().WriteAsync(Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, Contexts, [])), Token);
        await handler.Asking.Task.WaitAsync(Token);
        using var second = new TcpClient();
        await second.ConnectAsync(listener.EndPoint, Token);
        await handler.ToldToEnd.Task.WaitAsync(Token);
    }

    [Theory, InlineData(""), InlineData("../../etc"), InlineData("A\u001bB"), InlineData("A\r\nB"), InlineData("                "), InlineData("SEVENTEEN-LETTERS")]
    public async Task A_move_to_a_title_that_is_none_is_refused(string destination)
    {
        var handler = new Handler();
        await using var listener = Listen(handler);
        using var peer = await RawPeer.AskAsync(listener.EndPoint, [new(1, Move, [Elements.Explicit])]);
        await peer.SayAsync(1, Command(CommandField.MoveRequest, Move, hasDataSet: true).WithAeTitle(CommandSet.MoveDestination, destination), Keys);
        var status = await StatusAsync(peer);
        Assert.Equal(destination == "../../etc" ? DimseStatus.ProcessingFailure.Code : DimseStatus.MoveDestinationUnknown.Code, status); // odd, and a title all the same: nobody takes it for a path
        Assert.Equal(destination == "../../etc", handler.Called);
    }

    private static async Task<ushort> AskAsync(RawPeer peer, byte context, string service, string sopClass)
    {
        if (service == "store") await peer.SayAsync(context, Command(CommandField.StoreRequest, sopClass, hasDataSet: true).WithUid(CommandSet.AffectedSopInstanceUid, "1.2.3"), Keys);
        else await peer.SayAsync(context, Command(service == "find" ? CommandField.FindRequest : CommandField.MoveRequest, sopClass, hasDataSet: true), Keys);
        return await StatusAsync(peer);
    }

    private sealed class Handler : IDimseHandler
    {
        public AssociationDecision Decision { get; init; } = AssociationDecision.Accept;
        public Func<ContextProposal, ContextDecision> Context { get; init; } = static p => ContextDecision.Accept(p.TransferSyntaxes[0], p.Roles);
        public bool EndsQuietly { get; init; }
        public bool AsksFirst { get; init; }
        public bool Called { get; private set; }
        public TaskCompletionSource<DimseServiceUser> Peer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Finding { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Reported { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource<Exception?> Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsAskedForEver { get; init; }
        public TaskCompletionSource Asking { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource ToldToEnd { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken)
        {
            if (!IsAskedForEver) return Decision;
            using var registration = cancellationToken.Register(() => ToldToEnd.TrySetResult());
            Asking.TrySetResult();
            await ToldToEnd.Task.WaitAsync(Token);
            return Decision;
        }

        public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => Context(proposal);
        public void OnOpened(AssociationInfo association, DimseServiceUser peer) => Peer.TrySetResult(peer);

        public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
        {
            Called = true;
            await Elements.ReadAllAsync(body, cancellationToken);
            return DimseStatus.Success;
        }

        public async IAsyncEnumerable<QueryMatch> OnFindAsync(QueryIndication query, PipeReader identifier, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            Called = true;
            await Elements.ReadAllAsync(identifier, cancellationToken);
            if (AsksFirst)
            {
                Asked.TrySetResult(await Record.ExceptionAsync(async () => await (await Peer.Task).EchoAsync(CancellationToken.None)));
                yield break;
            }

            var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = cancellationToken.Register(() => cancelled.TrySetResult());
            yield return new QueryMatch(Elements.Element(0x0020000D, "UI", "1.2.3"));
            Finding.TrySetResult();
            await cancelled.Task.WaitAsync(Token); // for ever, unless it is told to end
            if (!EndsQuietly) cancellationToken.ThrowIfCancellationRequested();
        }

        public ValueTask<MovePlan> OnMoveAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken)
        {
            Called = true;
            throw new DimseFailureException(DimseStatus.ProcessingFailure);
        }

        public async ValueTask<NormalizedAnswer> OnEventReportAsync(NormalizedIndication report, PipeReader information, CancellationToken cancellationToken)
        {
            await Elements.ReadAllAsync(information, cancellationToken);
            Reported.TrySetResult();
            return new NormalizedAnswer(DimseStatus.Success);
        }
    }
}
