namespace Dicom.Migration.Evidence;

/// <summary>How a target is audited.</summary>
public sealed class AuditOptions
{
    /// <summary>Objects drawn at random, each as likely as any other; 1 to 10,000,000. Default <see langword="null"/>: all Verified objects are read.</summary>
    public int? Sample { get; init; }
    /// <summary>What the draw begins with: the same seed on the same ledger draws the same objects. Needs <see cref="Sample"/>. Default: chosen at random.</summary>
    public int? Seed { get; init; }
    /// <summary>Objects that the target is asked for at once; 1 to 10,000. Default 64.</summary>
    public int BatchLength { get; init; } = 64;
    /// <summary>The limits of comparing one object that differs.</summary>
    public DifferenceOptions Differences { get; init; } = new();
}
