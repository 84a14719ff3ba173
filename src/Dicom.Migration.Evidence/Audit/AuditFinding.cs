namespace Dicom.Migration.Evidence;

/// <summary>What reading one Verified object again gave.</summary>
/// <param name="Number">Its number in the ledger.</param>
/// <param name="Difference">How it stands to what the ledger has, and which tags differ. Without the source at hand, other bytes are
/// Unexplained, without tags.</param>
/// <param name="Bytes">Bytes of the encoded data set that were read.</param>
public sealed record AuditFinding(long Number, Difference Difference, long Bytes)
{
    /// <summary>The class of the difference.</summary>
    public DifferenceClass Class => Difference.Class;
    /// <summary>Whether it has to be looked at.</summary>
    public bool Counts => Difference.Counts(Class);
}
