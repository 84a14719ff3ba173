namespace Dicom.Migration.Dimse;

/// <summary>A C-STORE request as it came in (PS3.7 §9.3.1.1).</summary>
/// <param name="Association">On whose behalf.</param>
/// <param name="Context">The presentation context; its transfer syntax is that of the data set.</param>
/// <param name="SopClassUid">Affected SOP Class UID; a claim, the data set may say otherwise.</param>
/// <param name="SopInstanceUid">Affected SOP Instance UID, 1 to 64 digits and periods; a claim, too.</param>
/// <param name="MoveOriginatorAeTitle">Who asked for the C-MOVE this belongs to; empty if it belongs to none.</param>
/// <param name="MoveOriginatorMessageId">Message ID of that C-MOVE.</param>
public sealed record StoreIndication(AssociationInfo Association, AcceptedContext Context, string SopClassUid, string SopInstanceUid,
    string MoveOriginatorAeTitle, ushort? MoveOriginatorMessageId);
