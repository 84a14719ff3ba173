using System.IO.Pipelines;
using System.Net.Sockets;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Services;
using Dicom.Migration.Dimse.Transport;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse;

/// <summary>An association that this side requested: C-ECHO and C-STORE as SCU (PS3.7 §9.1).</summary>
/// <remarks>After any exception of a request, but one before it was sent, the association is aborted: make another.</remarks>
public sealed class DimseAssociation : IAsyncDisposable
{
    /// <summary>Implementation Class UID of this SDK (PS3.7 §D.3.3.2): derived from a UUID (PS3.5 §B.2).</summary>
    internal const string ImplementationUid = "2.25.240862372530472218674206731158361245813";
    internal const string ImplementationVersion = "DICOM_MIGRATION";
    /// <summary>Longest PDU sent, in bytes, whatever more the peer allows; also if it sets no limit.</summary>
    private const uint LargestSent = 131_072;
    /// <summary>A peer that takes less cannot be given a command in reasonable pieces.</summary>
    private const uint SmallestSent = 64;

    private readonly DimseSession _session;
    private readonly Task _running;

    private DimseAssociation(DimseSession session, IReadOnlyList<AcceptedContext> contexts)
    {
        (_session, Contexts) = (session, contexts);
        _running = session.RunAsync(CancellationToken.None);
    }

    /// <summary>What the peer accepted, in the order of the proposals.</summary>
    public IReadOnlyList<AcceptedContext> Contexts { get; }

    /// <summary>Connects and negotiates.</summary>
    /// <param name="host">Name or address of the peer.</param>
    /// <param name="port">Its TCP port.</param>
    /// <param name="calledAeTitle">Its AE title; 1 to 16 characters.</param>
    /// <param name="proposals">1 to 128 contexts; identifiers are given in this order: 1, 3, 5 ...</param>
    /// <param name="options">Limits and times.</param>
    /// <param name="timeProvider">The clock of all timeouts.</param>
    /// <param name="cancellationToken">Gives up connecting or negotiating.</param>
    /// <exception cref="AssociationException">The peer cannot be reached, is silent, rejects, or breaks the protocol.</exception>
    public static async Task<DimseAssociation> ConnectAsync(string host, int port, string calledAeTitle, IReadOnlyList<ContextProposal> proposals,
        AssociationOptions options, TimeProvider timeProvider, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(proposals);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        ArgumentOutOfRangeException.ThrowIfZero(proposals.Count, nameof(proposals));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(proposals.Count, PduParser.MaxContexts, nameof(proposals));
        using var artim = new CancellationTokenSource(options.ArtimTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(artim.Token, cancellationToken);
        UpperLayerConnection? connection = null;
        try
        {
            var stream = await SocketStream.ConnectAsync(host, port, either.Token).ConfigureAwait(false);
            connection = new UpperLayerConnection(stream, isRequestor: true, timeProvider, options.MaxPduLength, options.ArtimTimeout, options.IdleTimeout);
            connection.On(Event.Evt2);
            var request = new AssociateRequest(calledAeTitle, options.AeTitle, Associate.DicomApplicationContext,
                proposals.Select((p, i) => new ProposedContext((byte)(2 * i + 1), p.AbstractSyntax, p.TransferSyntaxes)).ToList(), OurItems(options, options.OperationsWindow, 1));
            await connection.SendAsync(request).ConfigureAwait(false);
            var accept = await AnswerAsync(connection, either.Token).ConfigureAwait(false);
            var contexts = Match(request, accept);
            var info = new AssociationInfo(calledAeTitle, options.AeTitle, host);
            var window = options.OperationsWindow == 1 ? 1 : Window(accept.Find<AsynchronousOperationsWindow>()?.Invoked ?? 1, options.OperationsWindow);
            var negotiated = new Negotiated(info, contexts.ToDictionary(c => c.Id), PeerMaximum(accept), window, 1);
            return new DimseAssociation(new DimseSession(connection, negotiated, options, timeProvider, handler: null), contexts);
        }
        catch (Exception e)
        {
            if (connection is not null) await AbortAsync(connection, e).ConfigureAwait(false);
            if (e is SocketException) throw new AssociationException(new Fault(FaultCode.PeerUnreachable), "The peer cannot be reached.", e);
            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new AssociationException(new Fault(FaultCode.PeerTimeout), "The peer did not answer the request for an association in time.", e);
            throw;
        }
    }

    /// <summary>C-ECHO (PS3.7 §9.1.5), over the first context of the Verification SOP class.</summary>
    /// <param name="cancellationToken">Gives up, and aborts the association.</param>
    /// <returns>The peer's status.</returns>
    public async Task<DimseStatus> EchoAsync(CancellationToken cancellationToken = default)
    {
        const string verification = "1.2.840.10008.1.1";
        var context = Contexts.FirstOrDefault(c => string.Equals(c.AbstractSyntax, verification, StringComparison.Ordinal)) ?? throw NotNegotiated();
        var command = new CommandSet().WithUid(CommandSet.AffectedSopClassUid, verification).With(CommandSet.Field, CommandField.EchoRequest)
            .With(CommandSet.DataSetType, CommandSet.NoDataSet);
        return new DimseStatus((await _session.RequestAsync(context.Id, command, null, cancellationToken).ConfigureAwait(false)).UInt16(CommandSet.Status));
    }

    /// <summary>C-STORE (PS3.7 §9.1.1). As many may be under way as the operations window allows; more wait.</summary>
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
        if (!DicomUid.IsValid(sopInstanceUid)) throw new AssociationException(new Fault(FaultCode.MalformedUid), "The SOP instance UID is malformed.");
        var context = Contexts.FirstOrDefault(c => string.Equals(c.AbstractSyntax, sopClassUid, StringComparison.Ordinal)
            && string.Equals(c.TransferSyntax, transferSyntaxUid, StringComparison.Ordinal)) ?? throw NotNegotiated();
        var command = new CommandSet().WithUid(CommandSet.AffectedSopClassUid, sopClassUid).With(CommandSet.Field, CommandField.StoreRequest)
            .With(CommandSet.Priority, 0).With(CommandSet.DataSetType, 0).WithUid(CommandSet.AffectedSopInstanceUid, sopInstanceUid);
        return new DimseStatus((await _session.RequestAsync(context.Id, command, body, cancellationToken).ConfigureAwait(false)).UInt16(CommandSet.Status));
    }

    /// <summary>Releases the association (PS3.8 §7.2). No request may be under way.</summary>
    /// <exception cref="AssociationException">It ended otherwise.</exception>
    public async Task ReleaseAsync()
    {
        await _session.ReleaseAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    /// <summary>Aborts the association unless it was released.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_running.IsCompleted) await _session.AbortAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _session.DisposeAsync().ConfigureAwait(false);
    }

    internal static List<UserItem> OurItems(AssociationOptions options, int invoked, int performed)
    {
        var items = new List<UserItem> { new MaximumLength((uint)options.MaxPduLength), new ImplementationClassUid(ImplementationUid) };
        if (invoked != 1 || performed != 1) items.Add(new AsynchronousOperationsWindow((ushort)invoked, (ushort)performed));
        items.Add(new ImplementationVersionName(ImplementationVersion));
        return items;
    }

    /// <summary>The smaller of two windows; 0 is no limit (PS3.7 §D.3.3.3.1).</summary>
    internal static int Window(int theirs, int ours) => theirs == 0 ? ours : Math.Min(theirs, ours);

    internal static int PeerMaximum(Associate peer) => (peer.Find<MaximumLength>()?.Length ?? 0) switch
    {
        0 => (int)LargestSent,
        < SmallestSent => throw new AssociationException(new Fault(FaultCode.ProtocolViolation), "The peer's maximum PDU length leaves no room for a message."),
        var length => (int)Math.Min(length, LargestSent),
    };

    /// <summary>Tells a peer why, as far as it can still be told.</summary>
    internal static async Task AbortAsync(UpperLayerConnection connection, Exception cause)
    {
        try
        {
            var isPeersFault = cause is AssociationException { Fault.Code: FaultCode.ProtocolViolation or FaultCode.MalformedUid or FaultCode.MessageTooLong };
            if (connection.On(isPeersFault ? Event.Evt19 : Event.Evt15) is UpperLayerAction.AA1 or UpperLayerAction.AA8)
                await connection.SendAsync(isPeersFault ? new Abort(2, 6) : new Abort(0, 0)).ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            // it is over already
        }

        await connection.DisposeAsync().ConfigureAwait(false);
    }

    private static AssociationException NotNegotiated() => new(new Fault(FaultCode.NotNegotiable), "No accepted presentation context fits.");

    private static async Task<AssociateAccept> AnswerAsync(UpperLayerConnection connection, CancellationToken cancellationToken)
    {
        if (await connection.ReadAsync(cancellationToken).ConfigureAwait(false) is not { } frame)
            throw new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The peer closed the connection instead of answering.");
        if (frame.Type is PduType.DataTransfer) throw ItemCursor.Violation(0, "A P-DATA-TF came before the association.");
        switch (PduParser.Parse(frame))
        {
            case AssociateAccept accept:
                connection.On(Event.Evt3);
                return accept;
            case AssociateReject reject:
                connection.On(Event.Evt4);
                // PS3.8 Table 9-21: result 2 is transient.
                throw new AssociationException(new Fault(reject.Result == 2 ? FaultCode.PeerBusy : FaultCode.AssociationRejected),
                    string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The peer rejects the association: result {reject.Result}, source {reject.Source}, reason {reject.Reason}."));
            case Abort:
                connection.On(Event.Evt16);
                throw new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The peer aborted instead of answering.");
            default:
                throw ItemCursor.Violation(0, "A PDU came that answers no request for an association.");
        }
    }

    private static List<AcceptedContext> Match(AssociateRequest request, AssociateAccept accept)
    {
        var contexts = new List<AcceptedContext>();
        foreach (var result in accept.Contexts.OrderBy(c => c.Id))
        {
            var proposed = request.Contexts.FirstOrDefault(c => c.Id == result.Id) ?? throw ItemCursor.Violation(0, "The peer answers a presentation context that was not proposed.");
            if (result.Result != 0) continue;
            if (!proposed.TransferSyntaxes.Contains(result.TransferSyntax!, StringComparer.Ordinal)) throw ItemCursor.Violation(0, "The peer accepts a transfer syntax that was not offered.");
            contexts.Add(new AcceptedContext(result.Id, proposed.AbstractSyntax, result.TransferSyntax!));
        }

        return contexts;
    }
}
