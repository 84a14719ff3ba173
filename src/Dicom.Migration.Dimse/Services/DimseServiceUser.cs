using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Services;

namespace Dicom.Migration.Dimse;

/// <summary>Sends requests over an open association, whichever side asked for it (PS3.7 §9.1, §10.1).</summary>
/// <remarks>
/// As many requests may be under way as the operations window allows; more wait. After an exception of a request, but one before it was sent
/// (<see cref="FaultCode.NotNegotiable"/>, <see cref="FaultCode.MalformedUid"/>; <see cref="InvalidOperationException"/> of a handler that has not
/// read its body to the end), the association is aborted: make another.
/// A query that is left before its last response, or cancelled, is ended by C-CANCEL, and the association goes on. Data sets are encoded
/// in the transfer syntax of the context; <see cref="Find(string)"/> tells it.
/// </remarks>
public class DimseServiceUser
{
    private const string Verification = "1.2.840.10008.1.1";
    private readonly DimseSession _session;
    private readonly AssociationOptions _options;
    private readonly TimeProvider _time;

    internal DimseServiceUser(DimseSession session, IReadOnlyList<AcceptedContext> contexts, AssociationOptions options, TimeProvider time) =>
        (_session, Contexts, _options, _time) = (session, contexts, options, time);

    /// <summary>What was agreed on, in the order of the identifiers.</summary>
    public IReadOnlyList<AcceptedContext> Contexts { get; }

    /// <summary>Cancelled when the association ended.</summary>
    public CancellationToken Ended => _session.Ended;

    /// <summary>The first accepted context of a SOP class, which its requests use; <see langword="null"/> if there is none.</summary>
    /// <param name="sopClassUid">SOP class.</param>
    public AcceptedContext? Find(string sopClassUid) => Contexts.FirstOrDefault(c => string.Equals(c.AbstractSyntax, sopClassUid, StringComparison.Ordinal));

    /// <summary>C-ECHO (PS3.7 §9.1.5), over the first context of the Verification SOP class.</summary>
    /// <param name="cancellationToken">Gives up, and aborts the association.</param>
    /// <returns>The peer's status.</returns>
    public async Task<DimseStatus> EchoAsync(CancellationToken cancellationToken = default)
    {
        var command = Command(CommandField.EchoRequest, Verification, hasDataSet: false);
        return (await _session.RequestAsync(Demand(Verification), command, null, cancellationToken).ConfigureAwait(false)).Status;
    }

    /// <summary>C-STORE (PS3.7 §9.1.1).</summary>
    /// <param name="sopClassUid">SOP class; with the transfer syntax it picks the context.</param>
    /// <param name="sopInstanceUid">SOP instance.</param>
    /// <param name="transferSyntaxUid">Transfer syntax of <paramref name="body"/>.</param>
    /// <param name="body">The encoded data set: no preamble, no file meta. Read to its end; the caller completes it.</param>
    /// <param name="cancellationToken">Gives up, and aborts the association.</param>
    /// <returns>The peer's status. A success is a hint, not a proof.</returns>
    /// <exception cref="AssociationException">No context fits (<see cref="FaultCode.NotNegotiable"/>), or the association failed: what the peer has is not known then.</exception>
    public async Task<DimseStatus> StoreAsync(string sopClassUid, string sopInstanceUid, string transferSyntaxUid, PipeReader body, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(body);
        var instance = new OutgoingInstance(sopClassUid, sopInstanceUid, transferSyntaxUid, _ => ValueTask.FromResult(body));
        return await StoreAsync(instance, body, StoreCommand(instance), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>C-STORE of an instance that is opened now, and closed after it; as part of a C-MOVE, if <paramref name="originator"/> is given.</summary>
    /// <param name="instance">The instance.</param> <param name="originator">The C-MOVE.</param> <param name="cancellationToken">Gives up, and aborts the association.</param>
    /// <returns>The peer's status.</returns>
    public async Task<DimseStatus> StoreAsync(OutgoingInstance instance, MoveOriginator? originator, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var command = StoreCommand(instance);
        if (originator is { } move) command.WithAeTitle(CommandSet.MoveOriginatorAeTitle, move.AeTitle).With(CommandSet.MoveOriginatorMessageId, move.MessageId);
        var body = await instance.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await StoreAsync(instance, body, command, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await body.CompleteAsync().ConfigureAwait(false);
        }
    }

    /// <summary>C-FIND (PS3.7 §9.1.2). Each pending response has a match; the last response has the outcome.</summary>
    /// <param name="sopClassUid">The information model.</param> <param name="identifier">The keys, encoded.</param> <param name="cancellationToken">Sends C-CANCEL.</param>
    /// <exception cref="AssociationException">More matches or more time than the options allow (<see cref="FaultCode.QueryTooLarge"/>): it was cancelled.</exception>
    public async IAsyncEnumerable<DimseResponse> FindAsync(string sopClassUid, ReadOnlyMemory<byte> identifier, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var limit = new CancellationTokenSource(_options.QueryTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var command = Command(CommandField.FindRequest, sopClassUid, hasDataSet: true).With(CommandSet.Priority, 0);
        var responses = _session.QueryAsync(Demand(sopClassUid), command, identifier, either.Token).GetAsyncEnumerator(CancellationToken.None);
        await using var owned = responses.ConfigureAwait(false);
        for (var matches = 0; ; matches++)
        {
            try
            {
                if (!await responses.MoveNextAsync().ConfigureAwait(false)) yield break;
            }
            catch (OperationCanceledException e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new AssociationException(new Fault(FaultCode.QueryTooLarge), "A query took longer than it may, and was cancelled: ask for less at a time.", e);
            }

            if (matches == _options.MaxMatches && responses.Current.Status.IsPending)
                throw new AssociationException(new Fault(FaultCode.QueryTooLarge), "A query has more matches than it may have, and was cancelled: ask for less at a time.");
            yield return responses.Current;
        }
    }

    /// <summary>C-GET (PS3.7 §9.1.3): the instances come to <see cref="IDimseHandler.OnStoreAsync"/> of this association's handler, in the contexts
    /// whose <see cref="AcceptedContext.Roles"/> allow it.</summary>
    /// <param name="sopClassUid">The information model.</param> <param name="identifier">The keys, encoded.</param> <param name="cancellationToken">Sends C-CANCEL.</param>
    public IAsyncEnumerable<DimseResponse> GetAsync(string sopClassUid, ReadOnlyMemory<byte> identifier, CancellationToken cancellationToken = default) =>
        _session.QueryAsync(Demand(sopClassUid), Command(CommandField.GetRequest, sopClassUid, hasDataSet: true).With(CommandSet.Priority, 0), identifier, cancellationToken);

    /// <summary>C-MOVE (PS3.7 §9.1.4).</summary>
    /// <param name="sopClassUid">The information model.</param> <param name="destination">AE title to send to; the peer has to know its address.</param>
    /// <param name="identifier">The keys, encoded.</param> <param name="cancellationToken">Sends C-CANCEL.</param>
    public IAsyncEnumerable<DimseResponse> MoveAsync(string sopClassUid, string destination, ReadOnlyMemory<byte> identifier, CancellationToken cancellationToken = default) =>
        _session.QueryAsync(Demand(sopClassUid), Command(CommandField.MoveRequest, sopClassUid, hasDataSet: true).With(CommandSet.Priority, 0)
            .WithAeTitle(CommandSet.MoveDestination, destination), identifier, cancellationToken);

    /// <summary>N-ACTION (PS3.7 §10.1.4).</summary>
    /// <param name="sopClassUid">SOP class.</param> <param name="sopInstanceUid">SOP instance.</param> <param name="actionType">Action Type ID.</param>
    /// <param name="information">Action information, encoded; empty for none.</param> <param name="cancellationToken">Gives up, and aborts the association.</param>
    public Task<DimseResponse> ActionAsync(string sopClassUid, string sopInstanceUid, ushort actionType, ReadOnlyMemory<byte> information, CancellationToken cancellationToken = default) =>
        NormalizedAsync(CommandField.ActionRequest, sopClassUid, sopInstanceUid, information, c => c.With(CommandSet.ActionTypeId, actionType), cancellationToken);

    /// <summary>N-EVENT-REPORT (PS3.7 §10.1.1), which the SCP sends.</summary>
    /// <param name="sopClassUid">SOP class.</param> <param name="sopInstanceUid">SOP instance.</param> <param name="eventType">Event Type ID.</param>
    /// <param name="information">Event information, encoded; empty for none.</param> <param name="cancellationToken">Gives up, and aborts the association.</param>
    public Task<DimseResponse> EventReportAsync(string sopClassUid, string sopInstanceUid, ushort eventType, ReadOnlyMemory<byte> information, CancellationToken cancellationToken = default) =>
        NormalizedAsync(CommandField.EventReportRequest, sopClassUid, sopInstanceUid, information, c => c.With(CommandSet.EventTypeId, eventType), cancellationToken);

    /// <summary>N-CREATE (PS3.7 §10.1.5).</summary>
    /// <param name="sopClassUid">SOP class.</param> <param name="sopInstanceUid">SOP instance; <see langword="null"/> leaves it to the peer.</param>
    /// <param name="attributes">Attributes, encoded; empty for none.</param> <param name="cancellationToken">Gives up, and aborts the association.</param>
    public Task<DimseResponse> CreateAsync(string sopClassUid, string? sopInstanceUid, ReadOnlyMemory<byte> attributes, CancellationToken cancellationToken = default) =>
        NormalizedAsync(CommandField.CreateRequest, sopClassUid, sopInstanceUid, attributes, null, cancellationToken);

    /// <summary>N-SET (PS3.7 §10.1.3).</summary>
    /// <param name="sopClassUid">SOP class.</param> <param name="sopInstanceUid">SOP instance.</param>
    /// <param name="attributes">Attributes to change, encoded.</param> <param name="cancellationToken">Gives up, and aborts the association.</param>
    public Task<DimseResponse> SetAsync(string sopClassUid, string sopInstanceUid, ReadOnlyMemory<byte> attributes, CancellationToken cancellationToken = default) =>
        NormalizedAsync(CommandField.SetRequest, sopClassUid, sopInstanceUid, attributes, null, cancellationToken);

    /// <summary>N-GET (PS3.7 §10.1.2).</summary>
    /// <param name="sopClassUid">SOP class.</param> <param name="sopInstanceUid">SOP instance.</param>
    /// <param name="attributes">What to return; empty asks for all.</param> <param name="cancellationToken">Gives up, and aborts the association.</param>
    public Task<DimseResponse> GetAttributesAsync(string sopClassUid, string sopInstanceUid, IReadOnlyList<DicomTag> attributes, CancellationToken cancellationToken = default) =>
        NormalizedAsync(CommandField.GetAttributesRequest, sopClassUid, sopInstanceUid, default,
            c => attributes.Count == 0 ? c : c.WithTags(CommandSet.AttributeIdentifierList, attributes), cancellationToken);

    /// <summary>N-DELETE (PS3.7 §10.1.6).</summary>
    /// <param name="sopClassUid">SOP class.</param> <param name="sopInstanceUid">SOP instance.</param> <param name="cancellationToken">Gives up, and aborts the association.</param>
    public Task<DimseResponse> DeleteAsync(string sopClassUid, string sopInstanceUid, CancellationToken cancellationToken = default) =>
        NormalizedAsync(CommandField.DeleteRequest, sopClassUid, sopInstanceUid, default, null, cancellationToken);

    internal static CommandSet StoreCommand(OutgoingInstance instance)
    {
        if (!DicomUid.IsValid(instance.SopInstanceUid)) throw new AssociationException(new Fault(FaultCode.MalformedUid), "The SOP instance UID is malformed.");
        return Command(CommandField.StoreRequest, instance.SopClassUid, hasDataSet: true).With(CommandSet.Priority, 0).WithUid(CommandSet.AffectedSopInstanceUid, instance.SopInstanceUid);
    }

    private static CommandSet Command(ushort field, string sopClassUid, bool hasDataSet) =>
        new CommandSet().WithUid(CommandField.NamesRequested(field) ? CommandSet.RequestedSopClassUid : CommandSet.AffectedSopClassUid, sopClassUid)
            .With(CommandSet.Field, field).With(CommandSet.DataSetType, hasDataSet ? (ushort)0 : CommandSet.NoDataSet);

    private static AssociationException NotNegotiated() => new(new Fault(FaultCode.NotNegotiable), "No accepted presentation context fits.");

    private AcceptedContext Demand(string sopClassUid) => Find(sopClassUid) ?? throw NotNegotiated();

    private async Task<DimseStatus> StoreAsync(OutgoingInstance instance, PipeReader body, CommandSet command, CancellationToken cancellationToken)
    {
        var context = Contexts.FirstOrDefault(c => string.Equals(c.AbstractSyntax, instance.SopClassUid, StringComparison.Ordinal)
            && string.Equals(c.TransferSyntax, instance.TransferSyntaxUid, StringComparison.Ordinal)) ?? throw NotNegotiated();
        var response = await _session.RequestAsync(context, command, body, cancellationToken).ConfigureAwait(false);
        if (response.SopInstanceUid.Length > 0 && !string.Equals(response.SopInstanceUid, instance.SopInstanceUid, StringComparison.Ordinal))
        {
            await _session.AbortAsync().ConfigureAwait(false); // answers and requests are out of step: what is stored is not known
            throw new AssociationException(new Fault(FaultCode.ProtocolViolation), "The peer answers a C-STORE with the UID of another instance.");
        }

        DimseMeter.Stored(response.Status, isSent: true);
        return response.Status;
    }

    private Task<DimseResponse> NormalizedAsync(ushort field, string sopClassUid, string? sopInstanceUid, ReadOnlyMemory<byte> dataSet, Func<CommandSet, CommandSet>? with, CancellationToken cancellationToken)
    {
        if (sopInstanceUid is not null && !DicomUid.IsValid(sopInstanceUid)) throw new AssociationException(new Fault(FaultCode.MalformedUid), "The SOP instance UID is malformed.");
        var command = Command(field, sopClassUid, !dataSet.IsEmpty);
        if (sopInstanceUid is not null) command.WithUid(CommandField.NamesRequested(field) ? CommandSet.RequestedSopInstanceUid : CommandSet.AffectedSopInstanceUid, sopInstanceUid);
        command = with?.Invoke(command) ?? command;
        var body = dataSet.IsEmpty ? null : PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(dataSet));
        var context = Find(sopClassUid) ?? Contexts.FirstOrDefault(c => MetaSopClasses.Contains(c.AbstractSyntax, sopClassUid)) ?? throw NotNegotiated();
        return _session.RequestAsync(context, command, body, cancellationToken);
    }
}
