namespace Dicom.Migration.Testing;

/// <summary>One file of a made-up archive, or one inside a container of it.</summary>
/// <param name="Path">Relative to the archive's folder, or to the root of the container; separated by /.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Sha256">Of the file, hexadecimal, capital letters (D0).</param>
public sealed record MadeUpFile(string Path, MadeUpFileKind Kind, long Length, string Sha256)
{
    /// <summary>Path of the container it is in; <see langword="null"/> where it lies in the folder itself.</summary>
    public string? Container { get; init; }
    /// <summary>Path of the file that it repeats or contradicts, as it is in the manifest.</summary>
    public string? Of { get; init; }
    /// <summary>What was written; <see langword="null"/> for containers and what is no DICOM. Of a conflict: its own content.</summary>
    public MadeUpInstance? Instance { get; init; }
    /// <summary>The fault it should end in; <see langword="null"/> where it is readable, or a container. Not said of duplicates and conflicts: that is for the migration to decide.</summary>
    public FaultCode? ExpectedFault { get; init; }
}
