namespace Dicom.Migration.FileSystem.Media;

/// <summary>What a file is, told from its first bytes.</summary>
internal enum FileKind
{
    /// <summary>A file of no bytes.</summary>
    Empty,
    /// <summary>Nothing tells that it is DICOM.</summary>
    NotDicom,
    /// <summary>ZIP, TAR or GZ.</summary>
    Container,
    /// <summary>A DICOMDIR (PS3.10 §8.6).</summary>
    MediaDirectory,
    /// <summary>A data set, with or without what PS3.10 asks to stand before it.</summary>
    Instance,
    /// <summary>It shows signs of DICOM and cannot be read.</summary>
    Damaged,
}
