namespace Dicom.Migration.Evidence;

/// <summary>Counts what an audit finds.</summary>
public sealed class AuditTally
{
    private readonly long[] _counts = new long[Enum.GetValues<DifferenceClass>().Length];

    /// <summary>Objects read.</summary>
    public long Objects => _counts.Sum();
    /// <summary>Bytes of data sets read.</summary>
    public long Bytes { get; private set; }
    /// <summary>Objects with a difference that counts.</summary>
    public long Differences => Enum.GetValues<DifferenceClass>().Where(Difference.Counts).Sum(Count);
    /// <summary>The seed of the sample; <see langword="null"/> if all Verified objects were read.</summary>
    public int? Seed { get; init; }

    /// <summary>Objects of one class.</summary>
    /// <param name="difference">The class.</param>
    public long Count(DifferenceClass difference) => _counts[(int)difference];

    /// <summary>Takes one finding.</summary>
    /// <param name="finding">The finding.</param>
    public void Add(AuditFinding finding)
    {
        ArgumentNullException.ThrowIfNull(finding);
        _counts[(int)finding.Class]++;
        Bytes += finding.Bytes;
    }
}
