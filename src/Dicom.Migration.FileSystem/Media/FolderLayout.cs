namespace Dicom.Migration.FileSystem;

/// <summary>How a folder target names the files below its root.</summary>
public enum FolderLayout
{
    /// <summary>study/series/instance.dcm, by their UIDs: found by anyone who knows the UID. No names of PS3.10 §8.5.</summary>
    ByUid = 0,
    /// <summary>DICOM/study/series/instance, each name eight characters of a digest of the UID: Referenced File IDs as PS3.10 §8.5 wants them, under a DICOMDIR.</summary>
    FileSet = 1,
}
