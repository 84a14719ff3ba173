namespace Dicom.Migration.Dimse;

/// <summary>A SOP class, and the transfer syntaxes to offer for it, as one presentation context (PS3.8 §9.3.2.2).</summary>
/// <param name="AbstractSyntax">SOP class UID.</param>
/// <param name="TransferSyntaxes">Transfer syntax UIDs, 1 to 64. The peer chooses one: offer one per context to know which.</param>
public sealed record ContextProposal(string AbstractSyntax, IReadOnlyList<string> TransferSyntaxes)
{
    /// <summary>Roles the requestor asks for. They are negotiated for a SOP class, not for a context: the same in all of its contexts.</summary>
    public ContextRoles Roles { get; init; } = ContextRoles.Scu;
}
