using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Services;

/// <summary>What an association's two sides agreed on.</summary>
internal sealed record Negotiated(AssociationInfo Info, IReadOnlyDictionary<byte, AcceptedContext> Contexts, int PeerMaxLength, int InvokeWindow, int PerformWindow);

/// <summary>DIMSE messages over an open association, for either side (PS3.7 §7, PS3.8 Annex E).</summary>
internal sealed class DimseSession(UpperLayerConnection connection, Negotiated negotiated, AssociationOptions options, TimeProvider time, IDimseHandler? handler) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<ushort, Pending> _pending = new();
    private readonly ConcurrentDictionary<Task, byte> _operations = new();
    private readonly SemaphoreSlim _window = new(negotiated.InvokeWindow);
    private readonly SemaphoreSlim _message = new(1, 1); // PS3.8 §E.1: the fragments of two messages are not mixed
    private readonly CancellationTokenSource _ended = new();
    private readonly ArrayBufferWriter<byte> _command = new();
    private byte _commandContext;
    private IncomingBody? _body;
    private CancellationToken _stop;
    private int _performing;
    private int _messageId;
    private AssociationException? _failure;

    private sealed record Pending(ushort ResponseField, TaskCompletionSource<CommandSet> Answer);

    private sealed record IncomingBody(byte ContextId, Pipe? Pipe, TaskCompletionSource Done)
    {
        public long Length { get; set; }
        public bool IsDropped { get; set; }
    }

    /// <summary>Sends a request, its data set after it, and waits for the answer.</summary>
    public async Task<CommandSet> RequestAsync(byte contextId, CommandSet command, PipeReader? body, CancellationToken cancellationToken)
    {
        await _window.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var id = (ushort)Interlocked.Increment(ref _messageId);
            var field = (ushort)(command.UInt16(CommandSet.Field) | CommandField.Response);
            var pending = new Pending(field, new TaskCompletionSource<CommandSet>(TaskCreationOptions.RunContinuationsAsynchronously));
            _pending[id] = pending;
            if (_ended.IsCancellationRequested) throw _failure ?? Closed();
            try
            {
                await SendAsync(contextId, command.With(CommandSet.MessageId, id), body, cancellationToken).ConfigureAwait(false);
                return await pending.Answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                // Half a message, or an answer that may still come and must never be taken for another's: the association is of no more use.
                await AbortAsync().ConfigureAwait(false);
                throw;
            }
            finally
            {
                _pending.TryRemove(id, out _);
                _ = pending.Answer.Task.Exception; // seen
            }
        }
        finally
        {
            _window.Release();
        }
    }

    /// <summary>Reads until the association ends. Ends without an exception by release alone.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        _stop = stop;
        try
        {
            await ReadAllAsync(stop).ConfigureAwait(false);
        }
        catch (AssociationException e)
        {
            _failure = e;
            await FailAsync(e).ConfigureAwait(false);
            throw;
        }
        catch (OperationCanceledException)
        {
            _failure = Closed();
            await AbortAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Asks to release; done when <see cref="RunAsync"/> ends.</summary>
    public async Task ReleaseAsync()
    {
        connection.On(Event.Evt11);
        await connection.SendAsync(new ReleaseRequest()).ConfigureAwait(false);
    }

    /// <summary>A-ABORT by the user, and the connection is closed.</summary>
    public async Task AbortAsync()
    {
        try
        {
            if (connection.On(Event.Evt15) is UpperLayerAction.AA1) await connection.SendAsync(new Abort(0, 0)).ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            // it is over already
        }

        await connection.DisposeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_operations.Keys).ConfigureAwait(false);
    }

    private static AssociationException Closed() => new(new Fault(FaultCode.PeerClosedEarly), "The association has ended.");

    private async Task ReadAllAsync(CancellationToken stop)
    {
        while (true)
        {
            if (await ReadAsync(stop).ConfigureAwait(false) is not { } frame)
            {
                var state = connection.State;
                connection.On(Event.Evt17);
                throw state == State.Sta13 ? Closed() : new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The peer closed the connection without a release.");
            }

            var happened = frame.Type switch
            {
                PduType.AssociateRequest => Event.Evt6, PduType.AssociateAccept => Event.Evt3, PduType.AssociateReject => Event.Evt4,
                PduType.DataTransfer => Event.Evt10, PduType.ReleaseRequest => Event.Evt12, PduType.ReleaseResponse => Event.Evt13, _ => Event.Evt16,
            };
            switch (connection.On(happened))
            {
                case UpperLayerAction.DT2 or UpperLayerAction.AR6:
                    await TakeAsync(frame.Body).ConfigureAwait(false);
                    break;
                case UpperLayerAction.AR2:
                    if (_body is not null || _performing > 0 || !_pending.IsEmpty) throw ItemCursor.Violation(0, "The peer asks to release with an operation outstanding.");
                    connection.On(Event.Evt14);
                    await connection.SendAsync(new ReleaseResponse()).ConfigureAwait(false);
                    await connection.DrainAsync().ConfigureAwait(false);
                    return;
                case UpperLayerAction.AR8:
                    if (connection.State is State.Sta9)
                    {
                        connection.On(Event.Evt14);
                        await connection.SendAsync(new ReleaseResponse()).ConfigureAwait(false);
                    }

                    break;
                case UpperLayerAction.AR10:
                    connection.On(Event.Evt14);
                    await connection.SendAsync(new ReleaseResponse()).ConfigureAwait(false);
                    await connection.DrainAsync().ConfigureAwait(false);
                    return;
                case UpperLayerAction.AR3:
                    return;
                case UpperLayerAction.AA3:
                    throw new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The peer aborted the association.");
                case UpperLayerAction.AA8:
                    await connection.SendAsync(new Abort(2, 2)).ConfigureAwait(false);
                    await connection.DrainAsync().ConfigureAwait(false);
                    throw new AssociationException(new Fault(FaultCode.ProtocolViolation), "A PDU came in a state that does not allow it (PS3.8 Table 9-10).");
                default: // AA6, AA7: we have aborted
                    throw Closed();
            }
        }
    }

    private async ValueTask<PduFrame?> ReadAsync(CancellationToken stop)
    {
        while (true)
        {
            using var timeout = new CancellationTokenSource(options.IdleTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
            try
            {
                return await connection.ReadAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // Silence is the peer's only if it is not waiting for us: for an answer of ours, or for the rest of what we send.
                if (_body is null && Volatile.Read(ref _performing) > 0) continue;
                if (time.GetElapsedTime(connection.LastActivity) < options.IdleTimeout) continue;
                throw new AssociationException(new Fault(FaultCode.PeerTimeout), "The peer was silent for longer than the idle timeout.");
            }
        }
    }

    private async ValueTask TakeAsync(ReadOnlySequence<byte> pdu)
    {
        foreach (var value in Values(pdu))
        {
            if (value.IsCommand) await TakeCommandAsync(value).ConfigureAwait(false);
            else await TakeBodyAsync(value).ConfigureAwait(false);
        }
    }

    private static List<PresentationDataValue> Values(ReadOnlySequence<byte> pdu)
    {
        var values = new List<PresentationDataValue>(1);
        for (var reader = new PresentationDataReader(pdu); reader.TryRead();) values.Add(reader.Current);
        return values;
    }

    private async ValueTask TakeCommandAsync(PresentationDataValue value)
    {
        if (_body is not null) throw ItemCursor.Violation(0, "A command stands inside a data set (PS3.8 Annex E).");
        if (_command.WrittenCount > 0 && value.ContextId != _commandContext) throw ItemCursor.Violation(0, "The fragments of two commands are mixed.");
        if (!negotiated.Contexts.TryGetValue(value.ContextId, out var context)) throw ItemCursor.Violation(0, "A message uses a presentation context that was not accepted.");
        if (_command.WrittenCount + value.Fragment.Length > CommandSet.MaxLength) throw new AssociationException(new Fault(FaultCode.MessageTooLong), "A command set is longer than its limit.");
        foreach (var memory in value.Fragment) _command.Write(memory.Span);
        _commandContext = value.ContextId;
        if (!value.IsLast) return;
        var command = CommandSet.Parse(_command.WrittenSpan);
        _command.ResetWrittenCount();
        await DispatchAsync(context, command).ConfigureAwait(false);
    }

    private async ValueTask TakeBodyAsync(PresentationDataValue value)
    {
        if (_body is not { } body || body.ContextId != value.ContextId) throw ItemCursor.Violation(0, "A data set fragment follows no command of its context (PS3.8 Annex E).");
        body.Length += value.Fragment.Length;
        if (body.Length > options.MaxDataSetLength) throw new AssociationException(new Fault(FaultCode.MessageTooLong), "A data set is longer than its limit.");
        if (body.Pipe is { } pipe && !body.IsDropped)
        {
            foreach (var memory in value.Fragment) pipe.Writer.Write(memory.Span);
            body.IsDropped = (await pipe.Writer.FlushAsync(_stop).ConfigureAwait(false)).IsCompleted; // waits while the handler is slower than the peer
        }

        if (!value.IsLast) return;
        if (body.Pipe is not null) await body.Pipe.Writer.CompleteAsync().ConfigureAwait(false);
        _body = null;
        body.Done.SetResult();
    }

    private async ValueTask DispatchAsync(AcceptedContext context, CommandSet command)
    {
        var field = command.UInt16(CommandSet.Field);
        if ((field & CommandField.Response) != 0)
        {
            if (!_pending.TryRemove(command.UInt16(CommandSet.MessageIdBeingRespondedTo), out var pending) || pending.ResponseField != field || command.HasDataSet)
                throw ItemCursor.Violation(0, "A response answers no request of ours.");
            pending.Answer.TrySetResult(command);
            return;
        }

        if (field == CommandField.CancelRequest) return;
        if (_performing >= negotiated.PerformWindow) throw ItemCursor.Violation(0, "The peer has more operations outstanding than were agreed on.");
        Interlocked.Increment(ref _performing);
        var isStore = field == CommandField.StoreRequest && handler is not null;
        if (isStore && !command.HasDataSet) throw ItemCursor.Violation(0, "A C-STORE request has no data set.");
        var isValid = isStore && DicomUid.IsValid(command.Text(CommandSet.AffectedSopInstanceUid)) && DicomUid.IsValid(command.Text(CommandSet.AffectedSopClassUid));
        var body = new IncomingBody(context.Id, isValid ? new Pipe(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19, useSynchronizationContext: false)) : null,
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        if (command.HasDataSet) _body = body;
        else body.Done.SetResult();
        var status = field == CommandField.EchoRequest ? DimseStatus.Success : isStore ? DimseStatus.InvalidInstance : DimseStatus.UnrecognizedOperation;
        var operation = Task.Run(() => PerformAsync(context, command, body, status));
        _operations[operation] = 0;
        _ = ForgetWhenDoneAsync(operation);
    }

    private async Task ForgetWhenDoneAsync(Task operation)
    {
        await operation.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _operations.TryRemove(operation, out _);
    }

    private async Task PerformAsync(AcceptedContext context, CommandSet command, IncomingBody body, DimseStatus status)
    {
        try
        {
            if (body.Pipe is { } pipe) status = await StoreAsync(context, command, pipe.Reader).ConfigureAwait(false);
            await body.Done.Task.ConfigureAwait(false); // no status, good or bad, before the last fragment
            var answer = new CommandSet().With(CommandSet.Field, (ushort)(command.UInt16(CommandSet.Field) | CommandField.Response))
                .With(CommandSet.MessageIdBeingRespondedTo, command.UInt16(CommandSet.MessageId))
                .With(CommandSet.DataSetType, CommandSet.NoDataSet).With(CommandSet.Status, status.Code);
            foreach (var element in (ReadOnlySpan<ushort>)[CommandSet.AffectedSopClassUid, CommandSet.AffectedSopInstanceUid])
                if (command.Text(element) is { Length: > 0 } uid && DicomUid.IsValid(uid)) answer.WithUid(element, uid);
            Interlocked.Decrement(ref _performing); // before the answer: it allows the peer its next request
            await SendAsync(context.Id, answer, null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MigrationException or OperationCanceledException)
        {
            await connection.DisposeAsync().ConfigureAwait(false); // no answer can be given: the reading side ends, and says why
        }
    }

    private async Task<DimseStatus> StoreAsync(AcceptedContext context, CommandSet command, PipeReader body)
    {
        try
        {
            var indication = new StoreIndication(negotiated.Info, context, command.Text(CommandSet.AffectedSopClassUid), command.Text(CommandSet.AffectedSopInstanceUid),
                command.Text(CommandSet.MoveOriginatorAeTitle), command.OptionalUInt16(CommandSet.MoveOriginatorMessageId));
            return await handler!.OnStoreAsync(indication, body, _ended.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // whatever a handler throws: one instance fails, the association and the process go on
        catch (Exception)
        {
            return DimseStatus.ProcessingFailure;
        }
#pragma warning restore CA1031
        finally
        {
            await body.CompleteAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask SendAsync(byte contextId, CommandSet command, PipeReader? body, CancellationToken cancellationToken)
    {
        var largest = (negotiated.PeerMaxLength - 6) & ~1; // PS3.8 §9.3.5.1: the value header is inside the maximum; fragments are even
        var buffer = ArrayPool<byte>.Shared.Rent(12 + largest);
        await _message.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var rest = new ReadOnlySequence<byte>(command.Encode());
            for (; rest.Length > largest; rest = rest.Slice(largest)) await SendFragmentAsync(buffer, contextId, true, false, rest.Slice(0, largest)).ConfigureAwait(false);
            await SendFragmentAsync(buffer, contextId, true, true, rest).ConfigureAwait(false);
            while (body is not null)
            {
                var read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
                rest = read.Buffer;
                for (; rest.Length > largest; rest = rest.Slice(largest)) await SendFragmentAsync(buffer, contextId, false, false, rest.Slice(0, largest)).ConfigureAwait(false);
                if (read.IsCompleted)
                {
                    await SendFragmentAsync(buffer, contextId, false, true, rest).ConfigureAwait(false);
                    body.AdvanceTo(rest.End);
                    return;
                }

                body.AdvanceTo(rest.Start, rest.End);
            }
        }
        finally
        {
            _message.Release();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ValueTask SendFragmentAsync(byte[] buffer, byte contextId, bool isCommand, bool isLast, ReadOnlySequence<byte> fragment)
    {
        connection.On(Event.Evt9);
        PduWriter.WriteDataHeader(buffer, contextId, isCommand, isLast, (int)fragment.Length);
        fragment.CopyTo(buffer.AsSpan(12));
        return connection.SendAsync(buffer.AsMemory(0, 12 + (int)fragment.Length));
    }

    private async Task FailAsync(AssociationException e)
    {
        // A malformed PDU (Evt19), or a message that breaks the rules of DIMSE: abort, then wait for the peer to close.
        if (e.Fault.Code is FaultCode.PeerClosedEarly || connection.State is State.Sta1 or State.Sta13) return;
        try
        {
            connection.On(Event.Evt19);
            await connection.SendAsync(new Abort(2, e.Fault.Code is FaultCode.PeerTimeout ? (byte)0 : (byte)6)).ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            return; // the peer is gone: nobody to tell
        }

        if (e.Fault.Code is not FaultCode.PeerTimeout) await connection.DrainAsync().ConfigureAwait(false);
    }

    private async Task EndAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        var cause = _failure ?? Closed();
        if (_body is { } body)
        {
            if (body.Pipe is not null) await body.Pipe.Writer.CompleteAsync(cause).ConfigureAwait(false); // half a data set never looks whole
            body.Done.TrySetException(cause);
        }

        foreach (var pending in _pending.Values) pending.Answer.TrySetException(cause);
        await connection.DisposeAsync().ConfigureAwait(false);
    }
}
