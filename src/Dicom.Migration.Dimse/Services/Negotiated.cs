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
}
