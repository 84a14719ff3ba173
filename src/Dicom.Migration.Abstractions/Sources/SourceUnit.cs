namespace Dicom.Migration;

/// <summary>What is claimed, read and retried as one.</summary>
/// <param name="Key">Names the unit at its source for good: a second listing of the same unit has the same key. May hold what identifies
/// a patient (a path, a UID): it is for the ledger, not for logs.</param>
/// <param name="Kind">What the key names.</param>
public sealed record SourceUnit(string Key, SourceUnitKind Kind)
{
    /// <summary>Size in bytes, if the source knows it without opening the unit.</summary>
    public long? Bytes { get; init; }
    /// <summary>Number of instances, if the source knows it.</summary>
    public int? Instances { get; init; }
    /// <summary>SOP Instance UIDs that have to arrive, if the source lists them; any order.</summary>
    public IReadOnlyList<string>? ExpectedSopInstanceUids { get; init; }
    /// <summary>Given to <see cref="IMigrationSource.DiscoverAsync"/>, goes on behind this unit; <see langword="null"/> if one cannot go on here.</summary>
    public SourceCursor? Cursor { get; init; }
}
