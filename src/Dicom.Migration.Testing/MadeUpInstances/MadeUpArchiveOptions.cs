namespace Dicom.Migration.Testing;

/// <summary>How large a made-up archive is. What is 0 is left out.</summary>
public sealed record MadeUpArchiveOptions
{
    /// <summary>Well-formed instances in the tree, four to a study. Default 240.</summary>
    public int Instances { get; init; } = 240;
    /// <summary>Files with the bytes of another. Default 12; at most <see cref="Instances"/>.</summary>
    public int Duplicates { get; init; } = 12;
    /// <summary>Files with the UID of another and other content. Default 6; at most <see cref="Instances"/>.</summary>
    public int Conflicts { get; init; } = 6;
    /// <summary>Whether each defect is there. Default true.</summary>
    public bool HasDamaged { get; init; } = true;
    /// <summary>Whether there are files that are no DICOM. Default true.</summary>
    public bool HasNotDicom { get; init; } = true;
    /// <summary>Instances in each of the ZIP and the TAR container; the GZ container has one. 0: no containers. Default 6.</summary>
    public int InContainers { get; init; } = 6;
}
