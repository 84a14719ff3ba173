using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Dicom.Migration.Dimse.Services;
using Dicom.Migration.Dimse.Transport;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse;

/// <summary>An association that this side asked for.</summary>
public sealed class DimseAssociation : DimseServiceUser, IAsyncDisposable
{
    private readonly DimseSession _session;
    private readonly AssociationOptions _options;
    private readonly TimeProvider _time;
    private Task _running = Task.CompletedTask;

    private DimseAssociation(DimseSession session, Negotiated negotiated, AssociateAccept accept, X509Certificate2? certificate, AssociationOptions options, TimeProvider time)
        : base(session, negotiated.Contexts.Values.ToList(), options, time)
    {
        (_session, _options, _time) = (session, options, time);
        PeerCertificate = certificate;
        Extended = accept.UserItems.OfType<ExtendedNegotiationItem>().Select(e => new ExtendedNegotiation(e.SopClassUid, e.Information)).ToList();
        IdentityResponse = accept.Find<UserIdentityResponse>()?.Response;
        PeerMaxPduLength = accept.Find<MaximumLength>()?.Length ?? 0;
        OperationsWindow = negotiated.InvokeWindow;
    }

    /// <summary>What the peer accepts of the extended negotiation (PS3.7 §D.3.3.5).</summary>
    public IReadOnlyList<ExtendedNegotiation> Extended { get; }

    /// <summary>Longest P-DATA-TF that the peer takes, in bytes, as it says; 0 is no limit (PS3.8 §D.1).</summary>
    public long PeerMaxPduLength { get; }

    /// <summary>Requests that may be outstanding: no more than were asked for (PS3.7 §D.3.3.3).</summary>
    public int OperationsWindow { get; }

    /// <summary>The peer's confirmation of the user identity; a ticket, assertion or token is in it (PS3.7 §D.3.3.7.2).</summary>
    public ReadOnlyMemory<byte>? IdentityResponse { get; }

    /// <summary>The certificate that the peer proved to have; <see langword="null"/> over plaintext. Its end is worth a look: behind it no association is made any more.</summary>
    public X509Certificate2? PeerCertificate { get; }

    /// <summary>Connects and negotiates.</summary>
    /// <param name="host">Name or address of the peer.</param>
    /// <param name="port">Its TCP port.</param>
    /// <param name="calledAeTitle">Its AE title; 1 to 16 characters.</param>
    /// <param name="proposals">1 to 128 contexts; identifiers are given in this order: 1, 3, 5 ...</param>
    /// <param name="options">Limits and times.</param>
    /// <param name="timeProvider">The clock of all timeouts.</param>
    /// <param name="handler">Performs what the peer asks for in turn: the C-STOREs of a C-GET, N-EVENT-REPORT; <see langword="null"/> for nothing.</param>
    /// <param name="cancellationToken">Gives up connecting or negotiating.</param>
    /// <exception cref="AssociationException">The peer cannot be reached, has no room, is silent, refuses TLS, rejects, or breaks the protocol; or credentials of ours cannot be read
    /// (<see cref="FaultCode.InvalidConfiguration"/>).</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are no proposals, or more than an association has contexts; or one has more than 64 transfer syntaxes.</exception>
    /// <exception cref="InvalidOperationException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static async Task<DimseAssociation> ConnectAsync(string host, int port, string calledAeTitle, IReadOnlyList<ContextProposal> proposals,
        DimseClientOptions options, TimeProvider timeProvider, IDimseHandler? handler = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return await OpenAsync(ConnectAsync, host, calledAeTitle, proposals, options, timeProvider, handler, cancellationToken).ConfigureAwait(false);

        async Task<ProtectedStream> ConnectAsync(CancellationToken token)
        {
            var socket = await WatchedSocketStream.ConnectAsync(host, port, token).ConfigureAwait(false);
            return await options.Security.ProtectAsync(socket, host, timeProvider, token).ConfigureAwait(false);
        }
    }

    /// <summary>Negotiates over a connection, however it is made.</summary>
    internal static async Task<DimseAssociation> OpenAsync(Func<CancellationToken, Task<ProtectedStream>> connectAsync, string host, string calledAeTitle, IReadOnlyList<ContextProposal> proposals,
        DimseClientOptions options, TimeProvider timeProvider, IDimseHandler? handler, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(proposals);
        options.Check();
        ArgumentOutOfRangeException.ThrowIfZero(proposals.Count, nameof(proposals));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(proposals.Count, PduParser.MaxContexts, nameof(proposals));
        foreach (var proposal in proposals)
            ArgumentOutOfRangeException.ThrowIfGreaterThan(proposal.TransferSyntaxes.Count, PduParser.MaxTransferSyntaxes, nameof(proposals));
        using var artim = new CancellationTokenSource(options.ArtimTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(artim.Token, cancellationToken);
        UpperLayerConnection? connection = null;
        try
        {
            var (stream, certificate) = await connectAsync(either.Token).ConfigureAwait(false);
            connection = new UpperLayerConnection(AsyncDuplexStream.Of(stream), isRequestor: true, timeProvider, options.MaxPduLength, options.ArtimTimeout, options.IdleTimeout);
            connection.On(Event.Evt2);
            var request = Negotiation.Request(calledAeTitle, proposals, options, handler is not null);
            await connection.SendAsync(request).ConfigureAwait(false);
            var accept = await AnswerAsync(connection, options, either.Token).ConfigureAwait(false);
            var negotiated = Negotiation.Conclude(request, accept, host);
            var session = new DimseSession(connection, negotiated, options, timeProvider, handler);
            var association = new DimseAssociation(session, negotiated, accept, certificate, options, timeProvider);
            handler?.OnOpened(negotiated.Info, association);
            association._running = Task.Run(() => DimseMeter.CountAsync(session, isRequestor: true, CancellationToken.None), CancellationToken.None); // not here: as long as the peer has something to say, it reads on without a pause
            return association;
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

    /// <summary>Releases the association (PS3.8 §7.2). No request may be under way. A peer that does not answer within <see cref="AssociationOptions.ArtimTimeout"/> is aborted.</summary>
    /// <exception cref="AssociationException">It ended otherwise.</exception>
    public async Task ReleaseAsync()
    {
        await _session.ReleaseAsync().ConfigureAwait(false);
        try
        {
            await _running.WaitAsync(_options.ArtimTimeout, _time).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            await _session.AbortAsync().ConfigureAwait(false);
            throw new AssociationException(new Fault(FaultCode.PeerTimeout), "The peer did not answer the request to release in time.", e);
        }
    }

    /// <summary>Aborts the association unless it was released.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_running.IsCompleted) await _session.AbortAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _session.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Tells a peer why, as far as it can still be told.</summary>
    internal static async Task AbortAsync(UpperLayerConnection connection, Exception cause)
    {
        try
        {
            var isPeersFault = cause is AssociationException { Fault.Code: FaultCode.ProtocolViolation or FaultCode.MalformedUid or FaultCode.MessageTooLong };
            var action = connection.On(isPeersFault ? Event.Evt19 : Event.Evt15);
            if (action is UpperLayerAction.AA1) await connection.AbortAsync(new Abort(0, 0)).ConfigureAwait(false); // of the service user, whose fault it ever is (PS3.8 Table 9-8)
            else if (action is UpperLayerAction.AA8) await connection.AbortAsync(new Abort(2, ((AssociationException)cause).AbortReason)).ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            // it is over already
        }

        await connection.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<AssociateAccept> AnswerAsync(UpperLayerConnection connection, DimseClientOptions options, CancellationToken cancellationToken)
    {
        if (await connection.ReadAsync(cancellationToken).ConfigureAwait(false) is not { } frame)
            throw new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The peer closed the connection instead of answering.");
        if (frame.Type is PduType.DataTransfer) throw ItemCursor.Unexpected("A P-DATA-TF came before the association.");
        switch (PduParser.Parse(frame, options.MaxTransferSyntaxes, options.MaxAssociateItems))
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
                throw ItemCursor.Unexpected("A PDU came that answers no request for an association.");
        }
    }
}
