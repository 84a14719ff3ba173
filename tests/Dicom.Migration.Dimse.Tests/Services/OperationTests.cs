using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Tests.Faults;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Operations of both sides at the same time over one association, where the handler runs elsewhere and where the association is read.</summary>
public class OperationTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2", Find = "1.2.840.10008.5.1.4.1.2.2.1", Get = "1.2.840.10008.5.1.4.1.2.2.3", Verification = "1.2.840.10008.1.1";
    private const int MostMatches = 200_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DimseListenerOptions Options(bool isInline) =>
        new() { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0), RunsHandlerInline = isInline, OperationsWindow = 8 };

    private static Task<DimseAssociation> ConnectAsync(DimseListener listener, bool isInline, IReadOnlyList<ContextProposal> proposals, IDimseHandler? handler = null) =>
        DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", proposals,
            new DimseClientOptions { Security = DimseSecurity.Plaintext, OperationsWindow = 8, RunsHandlerInline = isInline }, TimeProvider.System, handler, Token);

    private static byte[] FindRequest { get; } = new CommandSet().WithUid(CommandSet.AffectedSopClassUid, Find).With(CommandSet.Field, CommandField.FindRequest).With(CommandSet.MessageId, 7).With(CommandSet.Priority, 0)
        .With(CommandSet.DataSetType, 0).Encode();

    private static void AskToFind(FedStream stream)
    {
        stream.Give(Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, [new ProposedContext(1, Find, [Elements.Explicit])], [])), isLast: false);
        stream.Give(Pdus.Value(1, true, true, FindRequest), isLast: false);
        stream.Give(Pdus.Value(1, false, true, Elements.Element(0x00080052, "CS", "STUDY")), isLast: false);
    }

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_query_whose_handler_never_waits_hears_of_a_C_CANCEL(bool isInline)
    {
        var handler = new Tireless();
        await using var listener = new DimseListener(Options(isInline), handler, TimeProvider.System);
        await using var stream = new FedStream(65_536); // takes all that is sent at once: nothing ever waits for the peer
        using var artim = new CancellationTokenSource();
        var serving = Task.Run(() => listener.ServeAsync(stream, null, "", static () => true, artim), Token);
        AskToFind(stream);
        await handler.Begun.Task.WaitAsync(Token);
        stream.Give(Pdus.Value(1, true, true, new CommandSet().With(CommandSet.Field, CommandField.CancelRequest).With(CommandSet.MessageIdBeingRespondedTo, 7).With(CommandSet.DataSetType, CommandSet.NoDataSet).Encode()), isLast: false);
        handler.MayGoOn.Set();
        Assert.True(await handler.Ended.Task.WaitAsync(Token), "It ended by itself.");
        stream.Give(default, isLast: true);
        await Assert.ThrowsAsync<AssociationException>(() => serving);
    }

    [Fact]
    public async Task An_abort_that_is_under_way_is_not_cut_off_by_an_operation_that_can_answer_no_more()
    {
        for (var i = 0; i < 20; i++) await AbortAsync(); // which of the two is first is a matter of luck
    }

    private static async Task AbortAsync()
    {
        var handler = new Tireless();
        await using var listener = new DimseListener(Options(isInline: false), handler, TimeProvider.System);
        await using var stream = new SlowToAbort();
        using var artim = new CancellationTokenSource();
        var serving = Task.Run(() => listener.ServeAsync(stream, null, "", static () => true, artim), Token);
        AskToFind(stream);
        await handler.Begun.Task.WaitAsync(Token);
        stream.Give(Pdus.Value(3, true, true, FindRequest), isLast: false); // a context that there is not
        await stream.Begun.Task.WaitAsync(Token);
        handler.MayGoOn.Set();
        await handler.Ended.Task.WaitAsync(Token); // its first answer was refused
        stream.MayGoOn.SetResult();
        Assert.True(await stream.Aborted.Task.WaitAsync(Token), "The connection was closed first.");
        stream.Give(default, isLast: true);
        await Assert.ThrowsAsync<AssociationException>(() => serving);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_handler_that_asks_the_peer_before_it_has_read_its_body_does_not_wait_for_itself(bool isInline)
    {
        var handler = new Asking();
        await using var listener = new DimseListener(Options(isInline), handler, TimeProvider.System);
        await using var association = await ConnectAsync(listener, isInline, [new(Verification, [Elements.Implicit]) { Roles = ContextRoles.ScuAndScp }, new(Ct, [Elements.Explicit])]);
        foreach (var length in (int[])[2_000_000, 8_000_000])
            Assert.Equal(DimseStatus.Success, await association.StoreAsync(Ct, $"1.2.{length}", Elements.Explicit, Elements.Body(Bytes(length)), Token));
        Assert.Equal([false, true, false, true], handler.Asked); // before, and after the last byte
        await association.ReleaseAsync();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Data_sets_of_all_lengths_whose_operations_end_in_any_order_arrive_whole(bool isInline)
    {
        var handler = new Unordered();
        await using var listener = new DimseListener(Options(isInline), handler, TimeProvider.System);
        await using var association = await ConnectAsync(listener, isInline, [new(Verification, [Elements.Implicit]), new(Ct, [Elements.Explicit])]);
        Assert.Equal(8, association.OperationsWindow);
        int[] lengths = [0, 1, 100, 65_535, 65_536, 65_537, 131_068, 300_000, 1_048_575, 1_048_576, 1_048_577, 5_000_000];
        var stores = Enumerable.Range(0, 8 * lengths.Length).Select(async i =>
        {
            var length = lengths[i * 7 % lengths.Length] + i;
            Assert.True((await association.StoreAsync(Ct, $"1.2.{i}", Elements.Explicit, Elements.Body(Bytes(length)), Token)).IsSuccess);
            Assert.True(handler.Stored[$"1.2.{i}"].AsSpan().SequenceEqual(Bytes(length)));
        });
        var echoes = Enumerable.Range(0, 50).Select(async _ => Assert.True((await association.EchoAsync(Token)).IsSuccess));
        await Task.WhenAll(stores.Concat(echoes));
        Assert.True(handler.Overtakings > 0);
        await association.ReleaseAsync();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task C_GETs_and_C_STOREs_both_ways_over_one_association_mix_nothing_up(bool isInline)
    {
        var (archive, mine) = (new SmallArchive(), new SmallArchive());
        for (var i = 0; i < 30; i++) archive.Instances[$"1.2.3.{i}"] = [.. Elements.Instance(Ct, $"1.2.3.{i}"), .. Bytes(i * 50_000)];
        await using var listener = new DimseListener(Options(isInline), archive, TimeProvider.System);
        await using var association = await ConnectAsync(listener, isInline,
            [new(Verification, [Elements.Implicit]), new(Get, [Elements.Explicit]), new(Ct, [Elements.Explicit]) { Roles = ContextRoles.ScuAndScp }], mine);
        var gets = Enumerable.Range(0, 3).Select(async _ =>
        {
            var last = await association.GetAsync(Get, Elements.Element(0x00080052, "CS", "IMAGE"), Token).LastAsync(Token);
            Assert.Equal((DimseStatus.Success, (ushort?)0), (last.Status, last.Failed));
            Assert.True(last.Completed >= 30);
        });
        var stores = Enumerable.Range(0, 30).Select(async i =>
        {
            Assert.True((await association.StoreAsync(Ct, $"1.2.4.{i}", Elements.Explicit, Elements.Body([.. Elements.Instance(Ct, $"1.2.4.{i}"), .. Bytes(i * 70_000)]), Token)).IsSuccess);
            Assert.True((await association.EchoAsync(Token)).IsSuccess);
        });
        await Task.WhenAll(gets.Concat(stores));
        for (var i = 0; i < 30; i++)
        {
            Assert.True(mine.Instances[$"1.2.3.{i}"].AsSpan().SequenceEqual((byte[])[.. Elements.Instance(Ct, $"1.2.3.{i}"), .. Bytes(i * 50_000)]));
            Assert.True(archive.Instances[$"1.2.4.{i}"].AsSpan().SequenceEqual((byte[])[.. Elements.Instance(Ct, $"1.2.4.{i}"), .. Bytes(i * 70_000)]));
        }

        await association.ReleaseAsync();
    }

    private abstract class Handler : IDimseHandler
    {
        public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.Accept);
        public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(proposal.TransferSyntaxes[0], proposal.Roles);
        public virtual void OnOpened(AssociationInfo association, DimseServiceUser peer)
        {
        }

        public virtual ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken) => ValueTask.FromResult(DimseStatus.UnrecognizedOperation);
        public virtual IAsyncEnumerable<QueryMatch> OnFindAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken) => AsyncEnumerable.Empty<QueryMatch>();
    }

    /// <summary>Finds and finds, and never awaits anything that is not there.</summary>
    private sealed class Tireless : Handler
    {
        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public ManualResetEventSlim MayGoOn { get; } = new();
        /// <summary>Done when the query is over; whether it was cancelled.</summary>
        public TaskCompletionSource<bool> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

#pragma warning disable CS1998 // that is the point
        public override async IAsyncEnumerable<QueryMatch> OnFindAsync(QueryIndication query, PipeReader identifier, [EnumeratorCancellation] CancellationToken cancellationToken)
#pragma warning restore CS1998
        {
            try
            {
                Begun.TrySetResult();
                MayGoOn.Wait(cancellationToken);
                var match = Elements.Element(0x0020000D, "UI", "1.2.3");
                for (var i = 0; i < MostMatches && !cancellationToken.IsCancellationRequested; i++) yield return new QueryMatch(match);
            }
            finally
            {
                Ended.TrySetResult(cancellationToken.IsCancellationRequested); // also if whoever takes the matches, or the wait, was told first
            }
        }
    }

    /// <summary>A connection that takes all at once, and an A-ABORT not before it is told to.</summary>
    private sealed class SlowToAbort() : FedStream(65_536)
    {
        private bool _isClosed;

        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource MayGoOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whether the connection was still open when the abort could go.</summary>
        public TaskCompletionSource<bool> Aborted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.Span[0] != (byte)PduType.Abort) return;
            Begun.SetResult();
            await MayGoOn.Task.WaitAsync(cancellationToken);
            Aborted.SetResult(!Volatile.Read(ref _isClosed));
        }

        protected override void Dispose(bool disposing)
        {
            Volatile.Write(ref _isClosed, true);
            base.Dispose(disposing);
        }
    }

    /// <summary>Asks the peer for a C-ECHO, too early and then in time.</summary>
    private sealed class Asking : Handler
    {
        private DimseServiceUser? _peer;

        public List<bool> Asked { get; } = [];

        public override void OnOpened(AssociationInfo association, DimseServiceUser peer) => _peer = peer;

        public override async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
        {
            await AskAsync(cancellationToken);
            await Elements.ReadAllAsync(body, cancellationToken);
            await AskAsync(cancellationToken);
            return DimseStatus.Success;
        }

        private async Task AskAsync(CancellationToken cancellationToken)
        {
            try
            {
                Asked.Add((await _peer!.EchoAsync(cancellationToken)).IsSuccess);
            }
            catch (InvalidOperationException)
            {
                Asked.Add(false);
            }
        }
    }

    /// <summary>Answers every second C-STORE when a later one is through, as far as there is a later one.</summary>
    private sealed class Unordered : Handler
    {
        private readonly Lock _gate = new();
        private TaskCompletionSource? _held;

        public System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> Stored { get; } = new(StringComparer.Ordinal);
        public int Overtakings { get; private set; }

        public override async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
        {
            Stored[store.SopInstanceUid] = await Elements.ReadAllAsync(body, cancellationToken);
            Task? held = null;
            lock (_gate)
            {
                if (_held is { } other)
                {
                    _held = null;
                    Overtakings++;
                    other.SetResult();
                }
                else
                {
                    _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    held = _held.Task;
                }
            }

            if (held is not null) await held.WaitAsync(cancellationToken);
            return DimseStatus.Success;
        }
    }
}
