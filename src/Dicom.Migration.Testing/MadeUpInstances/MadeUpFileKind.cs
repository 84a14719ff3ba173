namespace Dicom.Migration.Testing;

/// <summary>What a file of a made-up archive is.</summary>
public enum MadeUpFileKind
{
    /// <summary>A well-formed instance, and the first file with its UID.</summary>
    Instance,
    /// <summary>The same bytes as another file.</summary>
    Duplicate,
    /// <summary>The SOP Instance UID of another file, and other content.</summary>
    Conflict,
    /// <summary>An instance with a defect; some are readable with an assumption.</summary>
    Damaged,
    /// <summary>No DICOM: text, JPEG, PDF.</summary>
    NotDicom,
    /// <summary>A ZIP, TAR or GZ file; what is in it is listed by itself.</summary>
    Container,
}
