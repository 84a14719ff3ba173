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
    /// <summary>What the source knows of the unit's content without reading it (of a file its size and times, of a study a change number), as an opaque
    /// text of at most <see cref="MaxStampLength"/> characters; <see langword="null"/> if it knows nothing.</summary>
    /// <remarks>As long as the content is the same, so is the stamp. A unit that is done and is listed with another one is read again: what is
    /// unchanged is proven by its digest and not sent again. A stamp that changes without need costs a reading; one that does not change hides what did.</remarks>
    /// <exception cref="ArgumentException">It is longer.</exception>
    public string? Stamp
    {
        get;
        init => field = value is { Length: > MaxStampLength } ? throw new ArgumentException("A stamp has at most 256 characters; give a digest of it.", nameof(value)) : value;
    }

    /// <summary>Most characters in a <see cref="Stamp"/>.</summary>
    public const int MaxStampLength = 256;

    /// <summary>Given to <see cref="IMigrationSource.DiscoverAsync"/>, goes on behind this unit; <see langword="null"/> if one cannot go on here.</summary>
    public SourceCursor? Cursor { get; init; }
}
