namespace Dicom.Migration;

/// <summary>Names an instance at a target, so that evidence can be asked for later, by another process too.</summary>
/// <param name="StudyInstanceUid">Study Instance UID.</param>
/// <param name="SeriesInstanceUid">Series Instance UID.</param>
/// <param name="SopClassUid">SOP Class UID.</param>
/// <param name="SopInstanceUid">SOP Instance UID.</param>
/// <param name="Location">The target's own name for it (a relative path, a URL path), if it has one. For the ledger, not for logs.</param>
public sealed record StoredReference(string StudyInstanceUid, string SeriesInstanceUid, string SopClassUid, string SopInstanceUid, string? Location = null);
