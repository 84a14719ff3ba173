namespace Dicom.Migration.Engine;

/// <summary>How a run moves objects. Every number is a limit, with its unit and default.</summary>
public sealed class MigrationRunOptions
{
    /// <summary>Folder for objects larger than <see cref="LargestInMemory"/>; emptied by itself.</summary>
    public required string SpoolFolder { get; init; }
    /// <summary>Bytes held in memory at once, over all lanes. Default 256 MiB.</summary>
    public long ByteBudget { get; init; } = 256L << 20;
    /// <summary>Largest object kept in memory, in bytes; larger ones go through the spool folder. Default 4 MiB.</summary>
    public int LargestInMemory { get; init; } = 4 << 20;
    /// <summary>Units worked on at once, each by a lane with a target session of its own. Default 2.</summary>
    public int Lanes { get; init; } = 2;
    /// <summary>Units handed to a lane at once; they share their ledger commits. Default 64.</summary>
    public int UnitsPerBatch { get; init; } = 64;
    /// <summary>Attempts for one unit in one run before it is excepted. Default 3.</summary>
    public int Attempts { get; init; } = 3;
    /// <summary>How long a lease lasts without renewal. Default 60 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(60);
    /// <summary>The evidence asked for; the run uses it if the target can serve it, else the highest below. L0, the target's word alone, counts only if it is asked for here. Default L4.</summary>
    public EvidenceLevel Evidence { get; init; } = EvidenceLevel.L4;
}

/// <summary>What a run tells while it goes on; counts only.</summary>
/// <param name="UnitsDone">Units completed in this run.</param>
/// <param name="ObjectsStored">Objects acknowledged by the target in this run.</param>
/// <param name="ObjectsVerified">Objects verified in this run.</param>
/// <param name="Exceptions">Objects excepted in this run.</param>
/// <param name="BytesStored">Bytes of data sets acknowledged in this run.</param>
public readonly record struct MigrationProgress(long UnitsDone, long ObjectsStored, long ObjectsVerified, long Exceptions, long BytesStored);
