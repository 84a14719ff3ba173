namespace Dicom.Migration.Engine;

/// <summary>What a run tells while it goes on; counts only.</summary>
public readonly record struct MigrationProgress
{
    /// <summary>Units on record; grows while the source is listed.</summary>
    public long UnitsListed { get; init; }
    /// <summary>Whether the source has listed all.</summary>
    public bool IsListingComplete { get; init; }
    /// <summary>Units complete, in this run and those before.</summary>
    public long UnitsDone { get; init; }
    /// <summary>Objects acknowledged by the target in this run.</summary>
    public long ObjectsStored { get; init; }
    /// <summary>Objects verified in this run.</summary>
    public long ObjectsVerified { get; init; }
    /// <summary>Objects excepted in this run.</summary>
    public long Exceptions { get; init; }
    /// <summary>Bytes of data sets acknowledged in this run.</summary>
    public long BytesStored { get; init; }
}
