namespace Dicom.Migration.Dimse;

/// <summary>A presentation context that both sides agreed on.</summary>
/// <param name="Id">Odd, 1 to 255.</param>
/// <param name="AbstractSyntax">SOP class UID.</param>
/// <param name="TransferSyntax">The transfer syntax UID that was accepted.</param>
/// <param name="Roles">What the requestor of the association may be.</param>
public sealed record AcceptedContext(byte Id, string AbstractSyntax, string TransferSyntax, ContextRoles Roles = ContextRoles.Scu);
