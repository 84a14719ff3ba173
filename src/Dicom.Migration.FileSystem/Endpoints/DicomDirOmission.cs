namespace Dicom.Migration.FileSystem;

/// <summary>Why a file in the folder has no record in its DICOMDIR. The file itself stays where it is.</summary>
public enum DicomDirOmission
{
    /// <summary>Its head cannot be read, or breaks off.</summary>
    Unreadable,
    /// <summary>It has no preamble, prefix or file meta information, or none that names the transfer syntax: no file of a File-set (PS3.10 §7).</summary>
    NotPart10,
    /// <summary>It has no, or no well-formed, SOP Class, SOP Instance, Study or Series Instance UID: there is no place for it in the tree of records.</summary>
    NoIdentity,
    /// <summary>No Referenced File ID can name it: its path has other characters, or more of them, than PS3.10 §8.5 allows.</summary>
    NoFileId,
}
