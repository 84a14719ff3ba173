using System.IO.Pipelines;

namespace Dicom.Migration.Dimse;

/// <summary>What is asked of this side of an association. One method is one service; what is not implemented is answered by 0211.</summary>
/// <remarks>
/// Called from many associations at the same time. A body is an encoded data set as it comes off the wire; it ends without an exception only
/// if the peer sent the last fragment, and until it is read the peer is read no further. The caller completes it. A
/// <see cref="DimseFailureException"/> is answered by its status, any other exception by 0110. No answer is sent before the last fragment is here.
/// A handler that asks something of the peer over the same association reads its body to the end first: the answer comes behind the body, and
/// would never be reached. Before that, a request is an <see cref="InvalidOperationException"/>, and nothing is sent.
/// </remarks>
public interface IDimseHandler
{
    /// <summary>Whether to let a peer in. Asked on the side that listens only.</summary>
    /// <param name="association">Who asks.</param>
    /// <param name="cancellationToken">The listener is being stopped, or ARTIM expired.</param>
    public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken);

    /// <summary>Answers a proposed context. Asked on the side that listens only.</summary>
    /// <param name="association">Who asks.</param>
    /// <param name="proposal">What is proposed.</param>
    public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal);

    /// <summary>An association was opened; what it needs can be asked of the peer through <paramref name="peer"/> as long as it is.</summary>
    /// <param name="association">Who asked.</param>
    /// <param name="peer">Sends requests over the same association, in the roles that were agreed on; not from a handler that has not read its body to the end.</param>
    public void OnOpened(AssociationInfo association, DimseServiceUser peer)
    {
    }

    /// <summary>Somebody was not let in, or was put out: what a log, a counter or an audit trail wants to know. Told on the side that listens only.</summary>
    /// <remarks>
    /// <see cref="FaultCode.TlsRefused"/>: no handshake, or a certificate that is not trusted. <see cref="FaultCode.AssociationRejected"/>: by this handler, or for AE titles, protocol version or
    /// application context. <see cref="FaultCode.PeerBusy"/>: over a limit of connections or associations, or closed to make room. <see cref="FaultCode.PeerTimeout"/>: silent or too slow.
    /// <see cref="FaultCode.ProtocolViolation"/>, <see cref="FaultCode.MessageTooLong"/> and the like: broke the rules. <see cref="FaultCode.Unexpected"/>: this handler threw while it let the peer in.
    /// Whoever goes by himself is not told of. Called where connections are taken: it returns at once. What it throws is dropped.
    /// </remarks>
    /// <param name="remote">Address it connects from, as text.</param>
    /// <param name="fault">Why; no value of what it sent.</param>
    public void OnRefused(string remote, Fault fault)
    {
    }

    /// <summary>C-ECHO (PS3.7 §9.1.5).</summary>
    /// <param name="association">On whose behalf.</param>
    /// <param name="cancellationToken">The association ended.</param>
    public ValueTask<DimseStatus> OnEchoAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(DimseStatus.Success);

    /// <summary>C-STORE (PS3.7 §9.1.1).</summary>
    /// <param name="store">What the command says.</param>
    /// <param name="body">The instance.</param>
    /// <param name="cancellationToken">The association ended.</param>
    public ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken) => ValueTask.FromResult(DimseStatus.UnrecognizedOperation);

    /// <summary>C-FIND (PS3.7 §9.1.2): each match is sent as it is yielded, and success after the last.</summary>
    /// <param name="query">What the command says.</param>
    /// <param name="identifier">The keys.</param>
    /// <param name="cancellationToken">The peer sent C-CANCEL, or the association ended.</param>
    public IAsyncEnumerable<QueryMatch> OnFindAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken) => throw Unrecognized();

    /// <summary>C-GET (PS3.7 §9.1.3): the instances are sent over the same association.</summary>
    /// <param name="query">What the command says.</param>
    /// <param name="identifier">The keys.</param>
    /// <param name="cancellationToken">The peer sent C-CANCEL, or the association ended.</param>
    public ValueTask<IReadOnlyList<OutgoingInstance>> OnGetAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken) => throw Unrecognized();

    /// <summary>C-MOVE (PS3.7 §9.1.4): the instances are sent over an association that the plan makes.</summary>
    /// <param name="query">What the command says.</param>
    /// <param name="identifier">The keys.</param>
    /// <param name="cancellationToken">The peer sent C-CANCEL, or the association ended.</param>
    public ValueTask<MovePlan> OnMoveAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken) => throw Unrecognized();

    /// <summary>N-ACTION (PS3.7 §10.1.4).</summary>
    /// <param name="request">What the command says.</param> <param name="body">Action information.</param> <param name="cancellationToken">The association ended.</param>
    public ValueTask<NormalizedAnswer> OnActionAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken) => throw Unrecognized();

    /// <summary>N-EVENT-REPORT (PS3.7 §10.1.1).</summary>
    /// <param name="request">What the command says.</param> <param name="body">Event information.</param> <param name="cancellationToken">The association ended.</param>
    public ValueTask<NormalizedAnswer> OnEventReportAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken) => throw Unrecognized();

    /// <summary>N-CREATE (PS3.7 §10.1.5).</summary>
    /// <param name="request">What the command says.</param> <param name="body">Attributes.</param> <param name="cancellationToken">The association ended.</param>
    public ValueTask<NormalizedAnswer> OnCreateAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken) => throw Unrecognized();

    /// <summary>N-SET (PS3.7 §10.1.3).</summary>
    /// <param name="request">What the command says.</param> <param name="body">Attributes to change.</param> <param name="cancellationToken">The association ended.</param>
    public ValueTask<NormalizedAnswer> OnSetAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken) => throw Unrecognized();

    /// <summary>N-GET (PS3.7 §10.1.2).</summary>
    /// <param name="request">What the command says.</param> <param name="cancellationToken">The association ended.</param>
    public ValueTask<NormalizedAnswer> OnGetAttributesAsync(NormalizedIndication request, CancellationToken cancellationToken) => throw Unrecognized();

    /// <summary>N-DELETE (PS3.7 §10.1.6).</summary>
    /// <param name="request">What the command says.</param> <param name="cancellationToken">The association ended.</param>
    public ValueTask<NormalizedAnswer> OnDeleteAsync(NormalizedIndication request, CancellationToken cancellationToken) => throw Unrecognized();

    private static DimseFailureException Unrecognized() => new(DimseStatus.UnrecognizedOperation);
}
