using System.Collections.Concurrent;
using System.IO.Pipelines;
using Dicom.Migration.Dimse.Messages;

namespace Dicom.Migration.Dimse.Services;

/// <summary>Has the host perform what the peer asks for, and answers (PS3.7 §9.3, §10.3).</summary>
internal sealed class RequestPerformer(DimseSession session, Negotiated negotiated, IDimseHandler? handler, AssociationOptions options)
{
    private static readonly PipeOptions BodyOptions = Options(PipeScheduler.ThreadPool);
    private static readonly PipeOptions InlineBodyOptions = Options(PipeScheduler.Inline);
    private static readonly DimseStatus DuplicateInvocation = new(0x0210); // PS3.7 §C.5.4
    private readonly bool _isInline = options.RunsHandlerInline;
    private readonly ConcurrentDictionary<ushort, byte> _outstanding = new(); // message IDs
    private readonly ConcurrentDictionary<ushort, CancellationTokenSource> _queries = new();
    private readonly ConcurrentQueue<Pipe> _pipes = new(); // as many as operations were under way at a time
    private readonly AsyncLocal<StreamedBody?> _performed = new();

    /// <summary>Whether whoever calls is an operation of this association whose data set is not all here.</summary>
    /// <remarks>The answer to a request that it makes now may be behind the rest, which is read no further than the operation reads it.</remarks>
    public bool IsInsideBody => _performed.Value is { IsHere: false };

    /// <summary>Whether a request is performed where the association is read. A query is not: its handler may never await, and C-CANCEL has to be read meanwhile.</summary>
    public bool IsInline(ushort field) => _isInline && !CommandField.IsQuery(field);

    /// <summary>What takes the data set of the next request.</summary>
    public StreamedBody Open(byte contextId, ushort field)
    {
        var isHere = IsInline(field);
        return new StreamedBody(contextId, field == CommandField.StoreRequest ? options.MaxDataSetLength : options.MaxRequestLength, isHere == _isInline && _pipes.TryDequeue(out var pipe) ? pipe : new Pipe(isHere ? InlineBodyOptions : BodyOptions), isHere);
    }

    /// <summary>A whole request is here: from now on it can be cancelled.</summary>
    /// <returns><see langword="false"/> if one of its number is outstanding: two answers under one number could not be told apart.</returns>
    public bool Admit(ushort messageId, ushort field)
    {
        if (!_outstanding.TryAdd(messageId, 0)) return false;
        if (CommandField.IsQuery(field)) _queries[messageId] = CancellationTokenSource.CreateLinkedTokenSource(session.Ended);
        return true;
    }

    /// <summary>C-CANCEL: for an operation that is over, it is void (PS3.7 §9.3.2.3).</summary>
    public void Cancel(ushort messageId)
    {
        if (!_queries.TryGetValue(messageId, out var query)) return;
        try
        {
            _ = query.CancelAsync(); // what the handler does about it is not done where the association is read
        }
        catch (ObjectDisposedException)
        {
            // over in the same instant
        }
    }

    /// <summary>Performs one operation and sends its responses.</summary>
    /// <param name="context">Its context.</param> <param name="command">The request.</param> <param name="body">Its data set.</param> <param name="isAdmitted">What <see cref="Admit"/> said.</param>
    public async Task PerformAsync(AcceptedContext context, CommandSet command, StreamedBody body, bool isAdmitted)
    {
        _performed.Value = body; // for what is called from here alone
        var id = command.UInt16(CommandSet.MessageId);
        var answer = await PerformSafelyAsync(context, command, body, isAdmitted).ConfigureAwait(false);
        await body.WhenHere.ConfigureAwait(false); // no status, good or bad, before the last fragment
        if (answer.Command.UInt16(CommandSet.Status) == DimseStatus.Success.Code && IsInline(command.UInt16(CommandSet.Field)) == _isInline) // a handler that gave up may have left a read behind, which must not take from the next data set
        {
            body.Pipe.Reset();
            _pipes.Enqueue(body.Pipe);
        }

        if (isAdmitted) Forget(id);
        session.OperationIsOver();
        if (command.UInt16(CommandSet.Field) == CommandField.StoreRequest) DimseMeter.Stored(new DimseStatus(answer.Command.UInt16(CommandSet.Status)), isSent: false);
        await session.SendAsync(context, answer.Command, answer.DataSet).ConfigureAwait(false);
    }

    private void Forget(ushort messageId)
    {
        if (_queries.TryRemove(messageId, out var query)) query.Dispose();
        _outstanding.TryRemove(messageId, out _);
    }

    private readonly record struct Answer(CommandSet Command, ReadOnlyMemory<byte>? DataSet);

    private async Task<Answer> PerformSafelyAsync(AcceptedContext context, CommandSet command, StreamedBody body, bool isAdmitted)
    {
        try
        {
            return !isAdmitted ? Last(command, DuplicateInvocation) : await AnswerAsync(context, command, body).ConfigureAwait(false);
        }
        catch (DimseFailureException e)
        {
            return Last(command, e.Status);
        }
#pragma warning disable CA1031 // whatever a handler throws: one operation fails, the association and the process go on
        catch (Exception)
        {
            return Last(command, DimseStatus.ProcessingFailure);
        }
#pragma warning restore CA1031
        finally
        {
            await body.Reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    private async Task<Answer> AnswerAsync(AcceptedContext context, CommandSet command, StreamedBody body)
    {
        var field = command.UInt16(CommandSet.Field);
        var hasRole = negotiated.Allows(context, field, isOurs: false);
        if (!hasRole && (field != CommandField.EventReportRequest || options.RequiresEventReportRole)) return Last(command, DimseStatus.NotAuthorized);
        if (field == CommandField.EchoRequest)
            return Last(command, handler is null ? DimseStatus.Success : await handler.OnEchoAsync(negotiated.Info, session.Ended).ConfigureAwait(false));
        if (handler is null) return Last(command, DimseStatus.UnrecognizedOperation);
        if (!negotiated.Fits(context, command, options.AcceptsOtherSopClasses)) return Last(command, DimseStatus.SopClassNotSupported);
        switch (field)
        {
            case CommandField.StoreRequest:
                var (sopClass, sopInstance) = (command.Uid(CommandSet.AffectedSopClassUid), command.Uid(CommandSet.AffectedSopInstanceUid));
                if (sopClass.Length == 0 || sopInstance.Length == 0) return Last(command, DimseStatus.InvalidInstance);
                var originator = command.Text(CommandSet.MoveOriginatorAeTitle);
                var store = new StoreIndication(negotiated.Info, context, sopClass, sopInstance,
                    AeTitles.IsValid(originator) ? originator : "", command.OptionalUInt16(CommandSet.MoveOriginatorMessageId));
                return Last(command, await handler.OnStoreAsync(store, body.Reader, session.Ended).ConfigureAwait(false));
            case CommandField.MoveRequest when !AeTitles.IsValid(command.Text(CommandSet.MoveDestination)):
                return Last(command, DimseStatus.MoveDestinationUnknown);
            case CommandField.FindRequest or CommandField.GetRequest or CommandField.MoveRequest:
                return await QueryAsync(context, command, body).ConfigureAwait(false);
            case CommandField.ActionRequest or CommandField.EventReportRequest or CommandField.CreateRequest or CommandField.SetRequest
                or CommandField.GetAttributesRequest or CommandField.DeleteRequest:
                return await NormalizedAsync(context, command, hasRole, body.Reader).ConfigureAwait(false);
            default:
                return Last(command, DimseStatus.UnrecognizedOperation);
        }
    }

    private async Task<Answer> QueryAsync(AcceptedContext context, CommandSet command, StreamedBody identifier)
    {
        var id = command.UInt16(CommandSet.MessageId);
        var cancel = _queries[id];
        try
        {
            var query = new QueryIndication(negotiated.Info, context, command.Uid(CommandSet.AffectedSopClassUid), command.OptionalUInt16(CommandSet.Priority) ?? 0,
                command.Text(CommandSet.MoveDestination));
            if (command.UInt16(CommandSet.Field) == CommandField.FindRequest) return Last(command, await FindAsync(query, command, identifier.Reader, cancel.Token).ConfigureAwait(false));
            var retrieval = new Retrieval(session, negotiated, handler!, context, command);
            await retrieval.RunAsync(query, identifier, cancel.Token).ConfigureAwait(false);
            return new Answer(retrieval.LastResponse(out var failed), failed);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return Last(command, DimseStatus.Cancel);
        }
    }

    private async Task<DimseStatus> FindAsync(QueryIndication query, CommandSet command, PipeReader identifier, CancellationToken cancellationToken)
    {
        await foreach (var match in handler!.OnFindAsync(query, identifier, cancellationToken).WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var response = Responses.To(command, match.IgnoresOptionalKeys ? DimseStatus.PendingWithWarning : DimseStatus.Pending, hasDataSet: true);
            await session.SendAsync(query.Context, response, match.Identifier).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested(); // a handler that ends early when it is told so has not found all
        return DimseStatus.Success;
    }

    private async Task<Answer> NormalizedAsync(AcceptedContext context, CommandSet command, bool hasRole, PipeReader body)
    {
        var field = command.UInt16(CommandSet.Field);
        var (sopClass, sopInstance) = CommandField.NamesRequested(field) ? (CommandSet.RequestedSopClassUid, CommandSet.RequestedSopInstanceUid)
            : (CommandSet.AffectedSopClassUid, CommandSet.AffectedSopInstanceUid);
        var type = command.OptionalUInt16(field == CommandField.ActionRequest ? CommandSet.ActionTypeId : CommandSet.EventTypeId);
        var request = new NormalizedIndication(negotiated.Info, context, command.Uid(sopClass), command.Uid(sopInstance), type,
            command.Tags(CommandSet.AttributeIdentifierList), command.HasDataSet) { HasRole = hasRole };
        var answer = field switch
        {
            CommandField.ActionRequest => await handler!.OnActionAsync(request, body, session.Ended).ConfigureAwait(false),
            CommandField.EventReportRequest => await handler!.OnEventReportAsync(request, body, session.Ended).ConfigureAwait(false),
            CommandField.CreateRequest => await handler!.OnCreateAsync(request, body, session.Ended).ConfigureAwait(false),
            CommandField.SetRequest => await handler!.OnSetAsync(request, body, session.Ended).ConfigureAwait(false),
            CommandField.GetAttributesRequest => await handler!.OnGetAttributesAsync(request, session.Ended).ConfigureAwait(false),
            _ => await handler!.OnDeleteAsync(request, session.Ended).ConfigureAwait(false),
        };
        var response = Responses.To(command, answer.Status, hasDataSet: !answer.DataSet.IsEmpty);
        if (answer.SopInstanceUid is { } made) response.WithUid(CommandSet.AffectedSopInstanceUid, made);
        return answer.DataSet.IsEmpty ? new Answer(response, null) : new Answer(response, answer.DataSet);
    }

    private static PipeOptions Options(PipeScheduler ofReader) =>
        new(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19, minimumSegmentSize: 131_072, readerScheduler: ofReader, useSynchronizationContext: false);

    private static Answer Last(CommandSet request, DimseStatus status) => new(Responses.To(request, status, hasDataSet: false), null);
}
