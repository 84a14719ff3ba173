using Dicom.Migration.Dimse.Messages;

namespace Dicom.Migration.Dimse.Services;

/// <summary>What an association's two sides agreed on.</summary>
/// <param name="Info">Who asked for it.</param>
/// <param name="IsRequestor">Whether this side did.</param>
/// <param name="Contexts">Accepted contexts by identifier.</param>
/// <param name="PeerMaxLength">Longest P-DATA-TF to send, in bytes without header.</param>
/// <param name="InvokeWindow">Most requests of ours outstanding.</param>
/// <param name="PerformWindow">Most requests of the peer outstanding.</param>
internal sealed record Negotiated(AssociationInfo Info, bool IsRequestor, IReadOnlyDictionary<byte, AcceptedContext> Contexts, int PeerMaxLength, int InvokeWindow, int PerformWindow)
{
    /// <summary>Whether one side may invoke an operation in a context (PS3.7 §D.3.3.4).</summary>
    /// <param name="context">The context.</param> <param name="field">The request.</param> <param name="isOurs">Whether this side invokes it.</param>
    public bool Allows(AcceptedContext context, ushort field, bool isOurs)
    {
        var requestorInvokes = isOurs == IsRequestor;
        var needed = requestorInvokes == CommandField.IsInvokedByScp(field) ? ContextRoles.Scp : ContextRoles.Scu;
        return context.Roles.HasFlag(needed);
    }

    /// <summary>Whether a request of the peer is one of the service that its context was accepted for. A request of DIMSE-N may name another class of the same meta class (PS3.4).</summary>
    /// <param name="context">The context.</param> <param name="request">The request.</param> <param name="takesOtherClasses">Whether a C-STORE may name any class.</param>
    public bool Fits(AcceptedContext context, CommandSet request, bool takesOtherClasses)
    {
        var field = request.UInt16(CommandSet.Field);
        if (field != CommandField.StoreRequest && !CommandField.IsQuery(field)) return true;
        var sopClass = request.Uid(CommandSet.AffectedSopClassUid);
        if (string.Equals(sopClass, context.AbstractSyntax, StringComparison.Ordinal)) return true;
        return field == CommandField.StoreRequest && (takesOtherClasses || Info.CommonExtended.Any(c =>
            string.Equals(c.SopClassUid, sopClass, StringComparison.Ordinal) && c.RelatedSopClassUids.Contains(context.AbstractSyntax, StringComparer.Ordinal)));
    }
}
