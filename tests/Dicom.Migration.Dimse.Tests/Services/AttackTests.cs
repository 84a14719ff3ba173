using System.Net;
using System.Net.Sockets;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Messages that are whole and well formed, and make no sense where they come.</summary>
public class AttackTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2", Find = "1.2.840.10008.5.1.4.1.2.2.1", Get = "1.2.840.10008.5.1.4.1.2.2.3", Verification = "1.2.840.10008.1.1", Commitment = "1.2.840.10008.1.20.1";
    private static readonly byte[] Keys = Elements.Element(0x00080052, "CS", "STUDY");
    private static readonly ProposedContext[] Contexts =
        [new(1, Verification, [Elements.Implicit]), new(3, Ct, [Elements.Explicit]), new(5, Find, [Elements.Explicit]), new(7, Commitment, [Elements.Explicit]), new(9, "1.2.3.999", [Elements.Explicit])];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DimseListener Listen(IDimseHandler handler, DimseListenerOptions? options = null) =>
        new((options ?? new DimseListenerOptions { Security = DimseSecurity.Plaintext }) with { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, handler, TimeProvider.System);

    private static SmallArchive Archive(bool findsForEver = false) => new()
    {
        FindsForEver = findsForEver, Context = static p => p.AbstractSyntax is "1.2.3.999" ? ContextDecision.AbstractSyntaxNotSupported : ContextDecision.Accept(p.TransferSyntaxes[0], p.Roles),
    };

    private static CommandSet Command(ushort field, string sopClass, bool hasDataSet, ushort id = 1) => new CommandSet().WithUid(CommandSet.AffectedSopClassUid, sopClass).With(CommandSet.Field, field)
        .With(CommandSet.MessageId, id).With(CommandSet.DataSetType, hasDataSet ? (ushort)1 : CommandSet.NoDataSet);

    private static CommandSet Response(ushort field, ushort id, ushort status, bool hasDataSet = false) => new CommandSet().With(CommandSet.Field, (ushort)(field | CommandField.Response))
        .With(CommandSet.MessageIdBeingRespondedTo, id).With(CommandSet.Status, status).With(CommandSet.DataSetType, hasDataSet ? (ushort)1 : CommandSet.NoDataSet);

    private static CommandSet Cancel(ushort id) => new CommandSet().With(CommandSet.Field, CommandField.CancelRequest).With(CommandSet.MessageIdBeingRespondedTo, id).With(CommandSet.DataSetType, CommandSet.NoDataSet);

    private static CommandSet Echo(ushort id = 1) => Command(CommandField.EchoRequest, Verification, hasDataSet: false, id);

    private static CommandSet Store(string instance, ushort id = 1) => Command(CommandField.StoreRequest, Ct, hasDataSet: true, id).WithUid(CommandSet.AffectedSopInstanceUid, instance);

    private static async Task StillAnswersAsync(RawPeer peer)
    {
        await peer.SayAsync(1, Echo(777));
        var answer = await peer.HearAsync();
        Assert.Equal((CommandField.EchoRequest | CommandField.Response, 777, 0), (answer!.UInt16(CommandSet.Field), answer.UInt16(CommandSet.MessageIdBeingRespondedTo), answer.UInt16(CommandSet.Status)));
    }

    // ---- a listener and what it is told ----

    public static TheoryData<string> Nonsense =>
    [
        "a response to nothing", "a response to its own request", "a data set where the command said none", "a C-STORE without a data set", "a data set in another context", "a command in a refused context",
        "a data set in a refused context", "a command without a message ID", "a response without a number", "a C-CANCEL without a number", "a command set of one element", "one operation more than agreed",
        "a command that is too long", "an element of another group", "an element twice", "a status of three bytes",
    ];

    [Theory, MemberData(nameof(Nonsense))]
    public async Task A_message_that_makes_no_sense_ends_its_association_and_no_other(string what)
    {
        var archive = Archive(findsForEver: true);
        archive.Instances["1.2.3"] = [];
        await using var listener = Listen(archive);
        using var other = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        switch (what)
        {
            case "a response to nothing": await peer.SayAsync(1, Response(CommandField.EchoRequest, 1, 0)); break;
            case "a response to its own request":
                await StillAnswersAsync(peer);
                await peer.SayAsync(1, Response(CommandField.EchoRequest, 777, 0));
                break;
            case "a data set where the command said none": await peer.SayAsync(1, Echo(), [1, 2]); break;
            case "a C-STORE without a data set": await peer.SayAsync(3, Command(CommandField.StoreRequest, Ct, hasDataSet: false).WithUid(CommandSet.AffectedSopInstanceUid, "1.2.4")); break;
            case "a data set in another context":
                await peer.SayAsync(3, Store("1.2.4"));
                await peer.SendAsync(Pdus.Value(5, false, true, [1, 2]));
                break;
            case "a command in a refused context": await peer.SayAsync(9, Command(CommandField.StoreRequest, "1.2.3.999", hasDataSet: true), [1, 2]); break;
            case "a data set in a refused context":
                await peer.SayAsync(3, Store("1.2.4"));
                await peer.SendAsync(Pdus.Value(9, false, true, [1, 2]));
                break;
            case "a command without a message ID": await peer.SayAsync(1, new CommandSet().With(CommandSet.Field, CommandField.EchoRequest).With(CommandSet.DataSetType, CommandSet.NoDataSet)); break;
            case "a response without a number": await peer.SayAsync(1, new CommandSet().With(CommandSet.Field, 0x8030).With(CommandSet.Status, 0).With(CommandSet.DataSetType, CommandSet.NoDataSet)); break;
            case "a C-CANCEL without a number": await peer.SayAsync(1, new CommandSet().With(CommandSet.Field, CommandField.CancelRequest).With(CommandSet.DataSetType, CommandSet.NoDataSet)); break;
            case "a command set of one element": await peer.SayAsync(1, new CommandSet().With(CommandSet.Field, CommandField.EchoRequest)); break;
            case "one operation more than agreed":
                await peer.SayAsync(5, Command(CommandField.FindRequest, Find, hasDataSet: true), Keys);
                await peer.SayAsync(1, Echo(2));
                break;
            case "a command that is too long":
                for (var i = 0; i < 5; i++) await peer.SendAsync(Pdus.Value(1, true, false, new byte[CommandSet.MaxLength / 4]));
                break;
            case "an element of another group": await peer.SendAsync(Pdus.Value(1, true, true, [.. Echo().Encode(), 8, 0, 0x18, 0, 2, 0, 0, 0, 0x31, 0])); break;
            case "an element twice": await peer.SendAsync(Pdus.Value(1, true, true, [.. Echo().Encode(), 0, 0, 0x10, 1, 2, 0, 0, 0, 1, 0])); break;
            case "a status of three bytes": await peer.SendAsync(Pdus.Value(1, true, true, [.. Echo().Encode(), 0, 0, 0, 9, 3, 0, 0, 0, 0, 0, 0])); break;
            default: throw new InvalidOperationException();
        }

        if (what is "a status of three bytes") Assert.NotNull(await peer.HearAsync()); // nobody asks a request for its status
        else Assert.Equal(((byte)2, (byte)6), await peer.AbortedAsync());
        await StillAnswersAsync(other);
        Assert.DoesNotContain("1.2.4", archive.Instances.Keys);
    }

    [Fact]
    public async Task A_C_CANCEL_for_nothing_changes_nothing()
    {
        await using var listener = Listen(Archive());
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        await peer.SayAsync(5, Cancel(1));
        await peer.SayAsync(1, Echo(5));
        await peer.HearAsync();
        await peer.SayAsync(1, Cancel(5)); // over already, and no query
        await peer.SayAsync(9, new CommandSet().With(CommandSet.Field, 0x0999).With(CommandSet.MessageId, 6).With(CommandSet.DataSetType, CommandSet.NoDataSet));
        Assert.NotNull(await peer.AbortedAsync()); // but the context was refused
        using var next = await RawPeer.AskAsync(listener.EndPoint, Contexts);
        await next.SayAsync(1, new CommandSet().With(CommandSet.Field, 0x0999).With(CommandSet.MessageId, 6).With(CommandSet.DataSetType, CommandSet.NoDataSet));
        Assert.Equal(DimseStatus.UnrecognizedOperation.Code, (await next.HearAsync())!.UInt16(CommandSet.Status));
        await StillAnswersAsync(next);
    }

    [Fact]
    public async Task A_second_request_under_the_number_of_one_that_is_outstanding_is_a_duplicate_and_cancels_nothing()
    {
        var archive = Archive(findsForEver: true);
        archive.Instances["1.2.3"] = [];
        await using var listener = Listen(archive, new DimseListenerOptions { Security = DimseSecurity.Plaintext, OperationsWindow = 4 });
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts, new AsynchronousOperationsWindow(4, 4));
        await peer.SayAsync(5, Command(CommandField.FindRequest, Find, hasDataSet: true, 9), Keys);
        Assert.Equal(DimseStatus.Pending.Code, (await peer.HearAsync())!.UInt16(CommandSet.Status));
        await peer.SayAsync(5, Command(CommandField.FindRequest, Find, hasDataSet: true, 9), Keys);
        CommandSet? answer;
        do answer = await peer.HearAsync();
        while (answer!.UInt16(CommandSet.Status) == DimseStatus.Pending.Code);
        Assert.Equal(0x0210, answer.UInt16(CommandSet.Status)); // duplicate invocation (PS3.7 §C.5)
        Assert.Equal(DimseStatus.Pending.Code, (await peer.HearAsync())!.UInt16(CommandSet.Status)); // the first one goes on,
        await peer.SayAsync(5, Cancel(9)); // and hears of its cancellation
        do answer = await peer.HearAsync();
        while (answer!.UInt16(CommandSet.Status) == DimseStatus.Pending.Code);
        Assert.Equal(DimseStatus.Cancel.Code, answer.UInt16(CommandSet.Status));
        Assert.Single(archive.Bodies);
        await peer.SayAsync(1, Echo(9)); // the number is free again
        Assert.Equal(0, (await peer.HearAsync())!.UInt16(CommandSet.Status));
    }

    [Theory, InlineData(false, false, true), InlineData(false, true, true), InlineData(true, false, false), InlineData(true, true, true)]
    public async Task An_event_report_without_the_role_for_it_is_taken_unless_the_host_requires_it(bool isRequired, bool hasRole, bool isTaken)
    {
        var archive = Archive();
        await using var listener = Listen(archive, new DimseListenerOptions { Security = DimseSecurity.Plaintext, RequiresEventReportRole = isRequired });
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts, hasRole ? [new RoleSelection(Commitment, 0, 1)] : []);
        await peer.SayAsync(7, Command(CommandField.EventReportRequest, Commitment, hasDataSet: true).WithUid(CommandSet.AffectedSopInstanceUid, "1.2.840.10008.1.20.1.1").With(CommandSet.EventTypeId, 1), Keys);
        Assert.Equal(isTaken ? DimseStatus.Success.Code : DimseStatus.NotAuthorized.Code, (await peer.HearAsync())!.UInt16(CommandSet.Status));
        Assert.Equal(isTaken ? [hasRole] : [], archive.Requests.Select(r => r.HasRole));
        await StillAnswersAsync(peer);
    }

    [Fact]
    public async Task A_host_that_throws_when_it_is_told_of_the_end_leaves_no_request_hanging()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = RawPeer.AcceptAsync(listener);
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, "SCP",
            [new ContextProposal(Verification, [Elements.Implicit])], new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);
        using var told = association.Ended.Register(static () => throw new InvalidOperationException());
        using var peer = await accepting;
        var echo = association.EchoAsync(Token);
        await peer.HearAsync();
        peer.Dispose();
        Assert.Equal(FaultCode.PeerClosedEarly, (await Assert.ThrowsAsync<AssociationException>(() => echo)).Fault.Code);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_handler_that_throws_or_waits_when_it_is_cancelled_holds_up_no_other_request(bool throws)
    {
        var handler = new BadlyCancelled(throws);
        await using var listener = Listen(handler, new DimseListenerOptions { Security = DimseSecurity.Plaintext, OperationsWindow = 4, RunsHandlerInline = true });
        using var peer = await RawPeer.AskAsync(listener.EndPoint, Contexts, new AsynchronousOperationsWindow(4, 4));
        await peer.SayAsync(5, Command(CommandField.FindRequest, Find, hasDataSet: true, 9), Keys);
        await handler.Begun.Task.WaitAsync(Token);
        await peer.SayAsync(5, Cancel(9));
        await handler.Told.Task.WaitAsync(Token);
        await peer.SayAsync(1, Echo(10));
        if (throws) handler.MayEnd.Set(); // the query is over already, and its answer may be the first
        var first = (await peer.HearAsync())!;
        handler.MayEnd.Set();
        var second = (await peer.HearAsync())!;
        if (!throws) Assert.Equal(10, first.UInt16(CommandSet.MessageIdBeingRespondedTo));
        Assert.Equal([(9, DimseStatus.Cancel.Code), (10, (ushort)0)], new[] { first, second }.Select(static m => ((int)m.UInt16(CommandSet.MessageIdBeingRespondedTo), m.UInt16(CommandSet.Status))).Order());
    }

    /// <summary>Finds nothing until it is cancelled, and then does what a callback should not.</summary>
    private sealed class BadlyCancelled(bool throws) : IDimseHandler
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public ManualResetEventSlim MayEnd { get; } = new();

        public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.Accept);
        public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(proposal.TransferSyntaxes[0]);

        public async IAsyncEnumerable<QueryMatch> OnFindAsync(QueryIndication query, System.IO.Pipelines.PipeReader identifier, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var second = cancellationToken.Register(() => cancelled.TrySetCanceled(cancellationToken)); // called last
            using var first = cancellationToken.Register(() =>
            {
                Told.TrySetResult();
                if (throws) throw new InvalidOperationException();
                MayEnd.Wait();
            });
            Begun.TrySetResult();
            await cancelled.Task;
            yield break;
        }
    }

    // ---- a client and what it is answered ----

    public static TheoryData<string> Answers =>
        ["a pending response after the last", "two last responses", "another message's number", "another service's answer", "a pending response to a C-ECHO", "a C-FIND's answer to a C-ECHO", "an answer to a request that is over"];

    [Theory, MemberData(nameof(Answers))]
    public async Task An_answer_that_fits_no_request_ends_the_association_and_is_taken_for_no_other_s(string what)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = RawPeer.AcceptAsync(listener);
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, "SCP",
            [new ContextProposal(Verification, [Elements.Implicit]), new ContextProposal(Find, [Elements.Explicit])], new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);
        using var peer = await accepting;
        if (what.StartsWith("a pending response after", StringComparison.Ordinal) || what is "two last responses" or "another service's answer")
        {
            var matches = association.FindAsync(Find, Keys, Token).ToListAsync(Token).AsTask();
            var id = (await peer.HearAsync())!.UInt16(CommandSet.MessageId);
            if (what is "another service's answer") await peer.SayAsync(3, Response(CommandField.MoveRequest, id, 0));
            else
            {
                await peer.SayAsync(3, Response(CommandField.FindRequest, id, 0xFF00, hasDataSet: true), Keys);
                await peer.SayAsync(3, Response(CommandField.FindRequest, id, 0));
                if (what is "two last responses") await peer.SayAsync(3, Response(CommandField.FindRequest, id, 0));
                else await peer.SayAsync(3, Response(CommandField.FindRequest, id, 0xFF00, hasDataSet: true), Keys);
            }

            Assert.Equal(((byte)2, (byte)6), await peer.AbortedAsync());
            if (what is "another service's answer") await Assert.ThrowsAsync<AssociationException>(() => matches);
            else Assert.Equal([0xFF00, 0], (await matches).Select(static m => (int)m.Status.Code)); // what came before is what it was
        }
        else
        {
            var echo = association.EchoAsync(Token);
            var id = (await peer.HearAsync())!.UInt16(CommandSet.MessageId);
            if (what is "an answer to a request that is over")
            {
                await peer.SayAsync(1, Response(CommandField.EchoRequest, id, 0));
                Assert.True((await echo).IsSuccess);
                echo = association.EchoAsync(Token);
                await peer.HearAsync();
            }

            await peer.SayAsync(1, what switch
            {
                "another message's number" => Response(CommandField.EchoRequest, (ushort)(id + 1), 0),
                "a pending response to a C-ECHO" => Response(CommandField.EchoRequest, id, 0xFF00),
                "a C-FIND's answer to a C-ECHO" => Response(CommandField.FindRequest, id, 0),
                _ => Response(CommandField.EchoRequest, id, 0),
            });
            Assert.Equal(((byte)2, (byte)6), await peer.AbortedAsync());
            Assert.Equal(FaultCode.ProtocolViolation, (await Assert.ThrowsAsync<AssociationException>(() => echo)).Fault.Code);
        }

        await Assert.ThrowsAsync<AssociationException>(() => association.EchoAsync(Token));
    }

    [Fact]
    public async Task What_a_peer_asks_of_a_side_that_performs_nothing_is_refused_and_harms_nothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accepting = RawPeer.AcceptAsync(listener);
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, "SCP",
            [new ContextProposal(Verification, [Elements.Implicit]), new ContextProposal(Get, [Elements.Explicit]), new ContextProposal(Ct, [Elements.Explicit])], new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);
        using var peer = await accepting;
        foreach (var (context, command, dataSet) in new (byte, CommandSet, byte[][])[] { (1, Echo(1), []), (5, Store("1.2.3", 2), [new byte[100_000], new byte[100_000]]), (3, Command(CommandField.GetRequest, Get, true, 3), [Keys]) })
        {
            await peer.SayAsync(context, command, dataSet);
            Assert.Equal(DimseStatus.NotAuthorized.Code, (await peer.HearAsync())!.UInt16(CommandSet.Status)); // these roles were not agreed on
        }

        var echo = association.EchoAsync(Token);
        var id = (await peer.HearAsync())!.UInt16(CommandSet.MessageId);
        await peer.SayAsync(1, Response(CommandField.EchoRequest, id, 0));
        Assert.True((await echo).IsSuccess);
    }
}
