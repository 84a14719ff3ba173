namespace Dicom.Migration.Dimse;

/// <summary>A C-FIND, C-GET or C-MOVE request as it came in (PS3.7 §9.3.2 to §9.3.4).</summary>
/// <param name="Association">On whose behalf.</param>
/// <param name="Context">The presentation context; its transfer syntax is that of the identifier and of the answers' identifiers.</param>
/// <param name="SopClassUid">The information model.</param>
/// <param name="Priority">0 medium, 1 high, 2 low.</param>
/// <param name="MoveDestination">AE title to send to; empty unless it is a C-MOVE.</param>
public sealed record QueryIndication(AssociationInfo Association, AcceptedContext Context, string SopClassUid, ushort Priority, string MoveDestination);
