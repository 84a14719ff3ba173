namespace Dicom.Migration.FileSystem.Media;

/// <summary>A directory record (PS3.3 §F.3.2.2).</summary>
/// <param name="Offset">Of its item in the DICOMDIR, in bytes: what links to it are.</param>
/// <param name="Next">Offset of the next record of the same entity (0004,1400); 0 for none.</param>
/// <param name="Lower">Offset of the first record of the entity below (0004,1420); 0 for none.</param>
/// <param name="File">Components of Referenced File ID (0004,1500); empty if it refers to none, or no longer counts.</param>
internal sealed record MediaDirectoryRecord(long Offset, long Next, long Lower, string[] File);
