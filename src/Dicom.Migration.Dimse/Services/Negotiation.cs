using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Services;

/// <summary>Makes and reads the proposals of A-ASSOCIATE, for both sides (PS3.8 §7.1, PS3.7 Annex D).</summary>
internal static class Negotiation
{
    /// <summary>Implementation Class UID of this SDK (PS3.7 §D.3.3.2): derived from a UUID (PS3.5 §B.2).</summary>
    private const string ImplementationUid = "2.25.240862372530472218674206731158361245813";
    private const string ImplementationVersion = "DICOM_MIGRATION";
    /// <summary>Longest PDU sent, in bytes, whatever more the peer allows; also if it sets no limit.</summary>
    private const uint LargestSent = 131_072;
    /// <summary>A peer that takes less cannot be given a command in reasonable pieces.</summary>
    private const uint SmallestSent = 64;

    /// <summary>What to ask for.</summary>
    public static AssociateRequest Request(string calledAeTitle, IReadOnlyList<ContextProposal> proposals, DimseClientOptions options, bool performs)
    {
        var items = UserItems(options, options.OperationsWindow, performs ? options.OperationsWindow : 1);
        foreach (var proposal in proposals.DistinctBy(p => p.AbstractSyntax, StringComparer.Ordinal))
            if (proposal.Roles != ContextRoles.Scu) items.Add(Item(proposal.AbstractSyntax, proposal.Roles));
        foreach (var extended in options.Extended) items.Add(new ExtendedNegotiationItem(extended.SopClassUid, extended.Information));
        foreach (var common in options.CommonExtended) items.Add(new CommonExtendedNegotiationItem(0, common.SopClassUid, common.ServiceClassUid, common.RelatedSopClassUids));
        if (options.Identity is { } identity) items.Add(new UserIdentityItem((byte)identity.Kind, identity.WantsResponse ? (byte)1 : (byte)0, identity.Primary, identity.Secondary));
        var contexts = proposals.Select((p, i) => new ProposedContext((byte)(2 * i + 1), p.AbstractSyntax, p.TransferSyntaxes)).ToList();
        return new AssociateRequest(calledAeTitle, options.AeTitle, Associate.DicomApplicationContext, contexts, items);
    }

    /// <summary>What was agreed on, of what was asked for.</summary>
    /// <exception cref="AssociationException">The peer accepts what was not offered, or ignores the user identity.</exception>
    public static Negotiated Conclude(AssociateRequest request, AssociateAccept accept, string host)
    {
        var asked = request.UserItems.OfType<RoleSelection>().ToDictionary(r => r.SopClassUid, Roles, StringComparer.Ordinal);
        var granted = accept.UserItems.OfType<RoleSelection>().DistinctBy(r => r.SopClassUid, StringComparer.Ordinal).ToDictionary(r => r.SopClassUid, Roles, StringComparer.Ordinal);
        var contexts = new Dictionary<byte, AcceptedContext>();
        foreach (var result in accept.Contexts.OrderBy(c => c.Id))
        {
            var proposed = request.Contexts.FirstOrDefault(c => c.Id == result.Id) ?? throw ItemCursor.Violation(0, "The peer answers a presentation context that was not proposed.");
            if (result.Result != 0) continue;
            if (!proposed.TransferSyntaxes.Contains(result.TransferSyntax!, StringComparer.Ordinal)) throw ItemCursor.Violation(0, "The peer accepts a transfer syntax that was not offered.");
            // PS3.7 §D.3.3.4: without an answer, the default roles are in force.
            var roles = asked.TryGetValue(proposed.AbstractSyntax, out var wanted) && granted.TryGetValue(proposed.AbstractSyntax, out var given) ? wanted & given : ContextRoles.Scu;
            contexts[result.Id] = new AcceptedContext(result.Id, proposed.AbstractSyntax, result.TransferSyntax!, roles);
        }

        if (request.Find<UserIdentityItem>() is { ResponseRequested: 1 } && accept.Find<UserIdentityResponse>() is null)
            throw new AssociationException(new Fault(FaultCode.AssociationRejected), "The peer does not confirm the user identity: it may not have looked at it.");
        var (ours, theirs) = (request.Find<AsynchronousOperationsWindow>(), accept.Find<AsynchronousOperationsWindow>());
        var info = new AssociationInfo(request.CalledAeTitle, request.CallingAeTitle, host);
        return new Negotiated(info, true, contexts, PeerMaximum(accept), Window(theirs?.Invoked, ours?.Invoked), Window(theirs?.Performed, ours?.Performed));
    }

    /// <summary>Who asks, and what it says about itself.</summary>
    public static AssociationInfo Info(AssociateRequest request, string remote)
    {
        var identity = request.Find<UserIdentityItem>();
        return new AssociationInfo(request.CalledAeTitle.Trim(' '), request.CallingAeTitle.Trim(' '), remote) // spaces alone are insignificant (PS3.5 §6.2, VR AE)
        {
            Identity = identity is null ? null : new UserIdentity((UserIdentityKind)identity.Kind, identity.Primary, identity.Secondary, identity.ResponseRequested == 1),
            Extended = request.UserItems.OfType<ExtendedNegotiationItem>().Select(e => new ExtendedNegotiation(e.SopClassUid, e.Information)).ToList(),
            CommonExtended = request.UserItems.OfType<CommonExtendedNegotiationItem>().Select(e => new CommonExtendedNegotiation(e.SopClassUid, e.ServiceClassUid, e.RelatedSopClassUids)).ToList(),
        };
    }

    /// <summary>Answers a request that is let in.</summary>
    public static (AssociateAccept Accept, Negotiated Negotiated) Answer(AssociateRequest request, AssociationInfo info, AssociationDecision decision, AssociationOptions options, IDimseHandler handler)
    {
        var asked = request.UserItems.OfType<RoleSelection>().DistinctBy(r => r.SopClassUid, StringComparer.Ordinal).ToDictionary(r => r.SopClassUid, Roles, StringComparer.Ordinal);
        var granted = new Dictionary<string, ContextRoles>(StringComparer.Ordinal);
        var results = new List<ContextResult>();
        foreach (var proposed in request.Contexts)
        {
            var roles = asked.GetValueOrDefault(proposed.AbstractSyntax, ContextRoles.Scu);
            var answer = handler.OnContext(info, new ContextProposal(proposed.AbstractSyntax, proposed.TransferSyntaxes) { Roles = roles });
            if (answer.TransferSyntax is { } chosen && !proposed.TransferSyntaxes.Contains(chosen, StringComparer.Ordinal)) answer = ContextDecision.TransferSyntaxesNotSupported;
            if (!answer.IsAccepted && answer.Result == 0) answer = ContextDecision.NoReason; // the default of the type: nobody decided
            if (answer.IsAccepted) granted[proposed.AbstractSyntax] = granted.GetValueOrDefault(proposed.AbstractSyntax) | (roles & answer.Roles);
            results.Add(new ContextResult(proposed.Id, answer.Result, answer.TransferSyntax ?? proposed.TransferSyntaxes[0]));
        }

        var window = request.Find<AsynchronousOperationsWindow>();
        var (invoked, performed) = (Window(window?.Invoked, options.OperationsWindow), Window(window?.Performed, options.OperationsWindow));
        var items = UserItems(options, invoked, performed);
        foreach (var sopClass in asked.Keys)
            if (granted.TryGetValue(sopClass, out var roles)) items.Add(Item(sopClass, roles));
        foreach (var extended in decision.Extended) items.Add(new ExtendedNegotiationItem(extended.SopClassUid, extended.Information));
        if (info.Identity is { WantsResponse: true } && decision.IdentityResponse is { } response) items.Add(new UserIdentityResponse(response));

        var accepted = results.Where(r => r.Result == 0).Select(r => (r, request.Contexts.First(c => c.Id == r.Id).AbstractSyntax))
            .ToDictionary(p => p.r.Id, p => new AcceptedContext(p.r.Id, p.AbstractSyntax, p.r.TransferSyntax!, granted[p.AbstractSyntax]));
        var accept = new AssociateAccept(request.CalledAeTitle, request.CallingAeTitle, Associate.DicomApplicationContext, results, items) { Reserved = request.Reserved };
        return (accept, new Negotiated(info, false, accepted, PeerMaximum(request), performed, invoked));
    }

    /// <summary>Longest P-DATA-TF to send to a peer.</summary>
    public static int PeerMaximum(Associate peer) => (peer.Find<MaximumLength>()?.Length ?? 0) switch
    {
        0 => (int)LargestSent,
        < SmallestSent => throw new AssociationException(new Fault(FaultCode.ProtocolViolation), "The peer's maximum PDU length leaves no room for a message."),
        var length => (int)Math.Min(length, LargestSent),
    };

    private static List<UserItem> UserItems(AssociationOptions options, int invoked, int performed)
    {
        var items = new List<UserItem> { new MaximumLength((uint)options.MaxPduLength), new ImplementationClassUid(ImplementationUid) };
        if (invoked != 1 || performed != 1) items.Add(new AsynchronousOperationsWindow((ushort)invoked, (ushort)performed));
        items.Add(new ImplementationVersionName(ImplementationVersion));
        return items;
    }

    /// <summary>The smaller of two windows; 0 is no limit, and without an item there is one operation at a time (PS3.7 §D.3.3.3.1).</summary>
    private static int Window(ushort? theirs, int? ours) => theirs is null || ours is null ? 1 : theirs == 0 ? ours.Value : Math.Min(theirs.Value, ours.Value);

    private static ContextRoles Roles(RoleSelection item) => (item.ScuRole == 1 ? ContextRoles.Scu : ContextRoles.None) | (item.ScpRole == 1 ? ContextRoles.Scp : ContextRoles.None);

    private static RoleSelection Item(string sopClassUid, ContextRoles roles) =>
        new(sopClassUid, roles.HasFlag(ContextRoles.Scu) ? (byte)1 : (byte)0, roles.HasFlag(ContextRoles.Scp) ? (byte)1 : (byte)0);
}
