using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Services;

/// <summary>DIMSE messages over an open association, for either side (PS3.7 §7, PS3.8 Annex E).</summary>
internal sealed class DimseSession : IAsyncDisposable
{
    private const int Turn = 1 << 22; // bytes that are taken in one go
    private readonly UpperLayerConnection _connection;
    private readonly Negotiated _negotiated;
    private readonly AssociationOptions _options;
    private readonly TimeProvider _time;
    private readonly MessageReceiver _receiver;
    private readonly MessageSender _sender;
    private readonly RequestPerformer _performer;
    private readonly PendingRequests _pending;
    private readonly ConcurrentDictionary<Task, byte> _operations = new();
    private readonly OperationWindow _window;
    private readonly CancellationTokenSource _ended = new();
    private Deadline? _silence; // of the reading side, as long as it reads
    private CancellationToken _untilRest; // the time for what is missing of a PDU
    private int _performing;
    private AssociationException? _failure;

    public DimseSession(UpperLayerConnection connection, Negotiated negotiated, AssociationOptions options, TimeProvider time, IDimseHandler? handler)
    {
        (_connection, _negotiated, _options, _time) = (connection, negotiated, options, time);
        _pending = new PendingRequests(options.FirstMessageId);
        _window = new OperationWindow(negotiated.InvokeWindow, options.RunsCallerInline);
        _receiver = new MessageReceiver(negotiated, options, time, BeginAsync, ReadRestAsync);
        _sender = new MessageSender(connection, negotiated.PeerMaxLength);
        _performer = new RequestPerformer(this, negotiated, handler, options);
    }

    /// <summary>Cancelled when the association ended.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Sends a request, its data set after it, and waits for the answer.</summary>
    public async Task<DimseResponse> RequestAsync(AcceptedContext context, CommandSet command, PipeReader? body, CancellationToken cancellationToken)
    {
        Demand(context, command);
        await _window.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var read = body is null ? default : await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            var pending = new PendingAnswer((ushort)(command.UInt16(CommandSet.Field) | CommandField.Response), _options.RunsCallerInline);
            var id = Register(pending);
            try
            {
                await _sender.SendAsync(context.Id, command.With(CommandSet.MessageId, id), body, read, cancellationToken).ConfigureAwait(false);
                return await pending.Answer.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                // Half a message, or an answer that may still come and must never be taken for another's: the association is of no more use.
                await AbortAsync().ConfigureAwait(false);
                throw;
            }
            finally
            {
                _pending.Remove(id, pending);
            }
        }
        finally
        {
            _window.Release();
        }
    }

    /// <summary>Sends a query and yields its responses, the last one included. Left early, or cancelled, it sends C-CANCEL and waits for the last response.</summary>
    public async IAsyncEnumerable<DimseResponse> QueryAsync(AcceptedContext context, CommandSet command, ReadOnlyMemory<byte> identifier,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Demand(context, command);
        await _window.WaitAsync(cancellationToken).ConfigureAwait(false);
        var pending = new PendingQuery((ushort)(command.UInt16(CommandSet.Field) | CommandField.Response));
        var (id, isSent, isOver) = ((ushort)0, false, false);
        try
        {
            id = Register(pending);
            await SendAsync(context, command.With(CommandSet.MessageId, id), identifier).ConfigureAwait(false);
            isSent = true;
            await foreach (var response in pending.Responses.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                isOver = !response.Status.IsPending;
                yield return response;
            }
        }
        finally
        {
            if (isSent && !isOver) await CancelAsync(context.Id, id, pending).ConfigureAwait(false);
            else if (!isSent) await AbortAsync().ConfigureAwait(false);
            _pending.Remove(id, pending);
            _window.Release();
        }
    }

    /// <summary>Sends a message whose data set is short.</summary>
    public async ValueTask SendAsync(AcceptedContext context, CommandSet command, ReadOnlyMemory<byte>? dataSet)
    {
        var body = dataSet is { } bytes ? PipeReader.Create(new ReadOnlySequence<byte>(bytes)) : null;
        var read = body is null ? default : await body.ReadAsync(CancellationToken.None).ConfigureAwait(false);
        await _sender.SendAsync(context.Id, command, body, read, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>The last answer to an operation is about to be sent: it allows the peer its next request.</summary>
    public void OperationIsOver() => Interlocked.Decrement(ref _performing);

    /// <summary>Reads until the association ends. Ends without an exception by release alone.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _connection.Closed);
        try
        {
            await ReadAllAsync(either.Token).ConfigureAwait(false);
        }
        catch (AssociationException e)
        {
            _failure = e;
            await FailAsync(e, stop).ConfigureAwait(false);
            throw;
        }
        catch (OperationCanceledException)
        {
            _failure = Over();
            await AbortAsync().ConfigureAwait(false);
            if (stop.IsCancellationRequested) throw;
            throw _failure;
        }
        finally
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Asks to release; done when <see cref="RunAsync"/> ends.</summary>
    public async Task ReleaseAsync()
    {
        _connection.On(Event.Evt11);
        await _connection.SendAsync(new ReleaseRequest()).ConfigureAwait(false);
    }

    /// <summary>A-ABORT by the user, and the connection is closed.</summary>
    public async Task AbortAsync()
    {
        try
        {
            if (_connection.On(Event.Evt15) is UpperLayerAction.AA1) await _connection.AbortAsync(new Abort(0, 0)).ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            // it is over already
        }

        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_operations.Keys).ConfigureAwait(false);
    }

    private static AssociationException Over() => new(new Fault(FaultCode.PeerClosedEarly), "The association has ended.");

    private void Demand(AcceptedContext context, CommandSet command)
    {
        if (!_negotiated.Allows(context, command.UInt16(CommandSet.Field), isOurs: true))
            throw new AssociationException(new Fault(FaultCode.NotNegotiable), "The role that the request needs was not agreed on (PS3.7 §D.3.3.4).");
        if (_performer.IsInsideBody)
            throw new InvalidOperationException("A handler sends a request over the association whose data set it has not read to its end: it may wait for itself. Read it first.");
    }

    private ushort Register(PendingRequest pending)
    {
        var id = _pending.Add(pending);
        if (!_ended.IsCancellationRequested) return id;
        _pending.Remove(id, pending);
        throw _failure ?? Over();
    }

    /// <summary>C-CANCEL (PS3.7 §9.3.2.3), and what comes until the last response is dropped.</summary>
    private async Task CancelAsync(byte contextId, ushort id, PendingQuery pending)
    {
        try
        {
            await _sender.SendAsync(contextId, new CommandSet().With(CommandSet.Field, CommandField.CancelRequest).With(CommandSet.MessageIdBeingRespondedTo, id)
                .With(CommandSet.DataSetType, CommandSet.NoDataSet), null, default, CancellationToken.None).ConfigureAwait(false);
            using var patience = new CancellationTokenSource(_options.IdleTimeout, _time);
            await foreach (var _ in pending.Responses.ReadAllAsync(patience.Token).ConfigureAwait(false))
            {
            }
        }
        catch (Exception e) when (e is MigrationException or OperationCanceledException)
        {
            await AbortAsync().ConfigureAwait(false); // it does not stop: its answers must never be taken for another's
        }
    }

    private async Task ReadAllAsync(CancellationToken stop)
    {
        using var silence = _silence = new Deadline(_options.IdleTimeout, _time, stop);
        var taken = 0L;
        while (true)
        {
            if (taken > Turn)
            {
                taken = 0;
                if (ThreadPool.PendingWorkItemCount > 0) await Task.Yield(); // a peer that is always faster than we are must not keep the thread from the others
            }

            if (await ReadAsync(silence, stop).ConfigureAwait(false) is not { } frame)
            {
                var state = _connection.State;
                _connection.On(Event.Evt17);
                throw state == State.Sta13 ? Over() : new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The peer closed the connection without a release.");
            }

            taken += Pdu.HeaderLength + frame.Body.Length + frame.Missing;
            var happened = frame.Type switch
            {
                PduType.AssociateRequest => Event.Evt6, PduType.AssociateAccept => Event.Evt3, PduType.AssociateReject => Event.Evt4,
                PduType.DataTransfer => Event.Evt10, PduType.ReleaseRequest => Event.Evt12, PduType.ReleaseResponse => Event.Evt13, _ => Event.Evt16,
            };
            switch (_connection.On(happened))
            {
                case UpperLayerAction.DT2 or UpperLayerAction.AR6:
                    await _receiver.TakeAsync(frame, stop).ConfigureAwait(false);
                    break;
                case UpperLayerAction.AR2:
                    if (_receiver.IsInMessage || _performing > 0) throw ItemCursor.Violation(0, "The peer asks to release with an operation outstanding."); // one of ours may have crossed it, and fails
                    _connection.On(Event.Evt14);
                    await _connection.SendAsync(new ReleaseResponse()).ConfigureAwait(false);
                    await _connection.DrainAsync(stop).ConfigureAwait(false);
                    return;
                case UpperLayerAction.AR8:
                    if (_connection.State is State.Sta9)
                    {
                        _connection.On(Event.Evt14);
                        await _connection.SendAsync(new ReleaseResponse()).ConfigureAwait(false);
                    }

                    break;
                case UpperLayerAction.AR10:
                    _connection.On(Event.Evt14);
                    await _connection.SendAsync(new ReleaseResponse()).ConfigureAwait(false);
                    await _connection.DrainAsync(stop).ConfigureAwait(false);
                    return;
                case UpperLayerAction.AR3:
                    return;
                case UpperLayerAction.AA3:
                    throw new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The peer aborted the association.");
                case UpperLayerAction.AA8:
                    await _connection.AbortAsync(new Abort(2, 2)).ConfigureAwait(false);
                    await _connection.DrainAsync(stop).ConfigureAwait(false);
                    throw new AssociationException(new Fault(FaultCode.ProtocolViolation), "A PDU came in a state that does not allow it (PS3.8 Table 9-10).");
                default: // AA6, AA7: we have aborted
                    throw Over();
            }
        }
    }

    private async ValueTask<PduFrame?> ReadAsync(Deadline silence, CancellationToken stop)
    {
        if (_connection.TryRead(out var frame)) return frame;
        while (true)
        {
            try
            {
                return await _connection.ReadAsync(silence.Start()).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // Silence is the peer's only if it is not waiting for us: for an answer of ours, or for the rest of what we send.
                if (_receiver.IsInMessage || Volatile.Read(ref _performing) == 0 || _pending.IsAnswerOwed) DemandRecentActivity();
            }
        }
    }

    private async ValueTask<int> ReadRestAsync(Memory<byte> memory, bool isAnew, bool isLast, CancellationToken stop)
    {
        if (isAnew) _untilRest = _silence!.Start();
        while (true)
        {
            try
            {
                return await _connection.ReadRestAsync(memory, isLast, _untilRest).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                DemandRecentActivity();
                _untilRest = _silence!.Start();
            }
        }
    }

    private void DemandRecentActivity()
    {
        if (_time.GetElapsedTime(_connection.LastActivity) >= _options.IdleTimeout)
            throw new AssociationException(new Fault(FaultCode.PeerTimeout), "The peer was silent for longer than the idle timeout.");
    }

    /// <summary>A whole command is here.</summary>
    private async ValueTask<IncomingBody?> BeginAsync(AcceptedContext context, CommandSet command, CancellationToken cancellationToken)
    {
        var field = command.UInt16(CommandSet.Field);
        if ((field & CommandField.Response) != 0) return await AnswerAsync(context, command, cancellationToken).ConfigureAwait(false);
        if (field == CommandField.CancelRequest)
        {
            _performer.Cancel(command.UInt16(CommandSet.MessageIdBeingRespondedTo));
            return null;
        }

        if (_performing >= _negotiated.PerformWindow) throw ItemCursor.Violation(0, "The peer has more operations outstanding than were agreed on.");
        if (field == CommandField.StoreRequest && !command.HasDataSet) throw ItemCursor.Violation(0, "A C-STORE request has no data set.");
        Interlocked.Increment(ref _performing);
        var isAdmitted = _performer.Admit(command.UInt16(CommandSet.MessageId), field);
        var body = _performer.Open(context.Id, field);
        body.OnBegin(b => Begin(context, command, b, isAdmitted));
        if (command.HasDataSet) return body;
        await body.CompleteAsync(cancellationToken).ConfigureAwait(false);
        body.Begin();
        return body;
    }

    private void Begin(AcceptedContext context, CommandSet command, StreamedBody body, bool isAdmitted)
    {
        var operation = _performer.IsInline(command.UInt16(CommandSet.Field)) ? PerformAsync(context, command, body, isAdmitted) : Task.Run(() => PerformAsync(context, command, body, isAdmitted), CancellationToken.None);
        if (operation.IsCompleted) return; // it throws nothing that is not handled
        _operations[operation] = 0;
        _ = ForgetWhenDoneAsync(operation);
    }

    private async ValueTask<IncomingBody?> AnswerAsync(AcceptedContext context, CommandSet command, CancellationToken cancellationToken)
    {
        var pending = _pending.AnsweredBy(command);
        if (command.HasDataSet) return new HeldBody(context.Id, _options.MaxResponseLength, AnsweredAsync);
        await AnsweredAsync(default, cancellationToken).ConfigureAwait(false);
        return null;

        ValueTask AnsweredAsync(ReadOnlyMemory<byte> dataSet, CancellationToken token)
        {
            var response = DimseResponse.From(command, context, dataSet);
            if (!response.Status.IsPending) _pending.Remove(command.UInt16(CommandSet.MessageIdBeingRespondedTo), pending); // here, and not when its caller wakes: one more answer is a violation
            return pending.OnResponseAsync(response, token);
        }
    }

    private async Task PerformAsync(AcceptedContext context, CommandSet command, StreamedBody body, bool isAdmitted)
    {
        try
        {
            await _performer.PerformAsync(context, command, body, isAdmitted).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MigrationException or OperationCanceledException)
        {
            // No answer can be given: the reading side ends, and says why. If it is ending already, or is being released, what it tells the peer must not be cut off.
            if (_connection.State is State.Sta6 or State.Sta8) await _connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task ForgetWhenDoneAsync(Task operation)
    {
        await operation.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _operations.TryRemove(operation, out _);
    }

    private async Task FailAsync(AssociationException e, CancellationToken stop)
    {
        // A malformed PDU (Evt19), or a message that breaks the rules of DIMSE: abort, then wait for the peer to close.
        if (e.Fault.Code is FaultCode.PeerClosedEarly || _connection.State is State.Sta1 or State.Sta13) return;
        try
        {
            _connection.On(Event.Evt19);
            await _connection.AbortAsync(new Abort(2, e.Fault.Code is FaultCode.PeerTimeout ? (byte)0 : e.AbortReason)).ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            return; // the peer is gone: nobody to tell
        }

        await FailAllAsync(e).ConfigureAwait(false); // nobody here waits for the peer to close
        if (e.Fault.Code is not FaultCode.PeerTimeout) await _connection.DrainAsync(stop).ConfigureAwait(false);
    }

    private async Task FailAllAsync(Exception cause)
    {
        var telling = _ended.CancelAsync(); // from here on no request is taken; whoever asked to be told is told elsewhere
        _receiver.Fail(cause);
        _pending.Fail(cause);
        _window.Fail(cause);
        await telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what it throws is the host's
    }

    private async Task EndAsync()
    {
        await FailAllAsync(_failure ?? Over()).ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
    }
}
