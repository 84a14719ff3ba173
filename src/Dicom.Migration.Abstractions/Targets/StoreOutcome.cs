namespace Dicom.Migration;

/// <summary>How storing one instance ended. Evidence of level L0 and no more.</summary>
/// <param name="Disposition">What the target did.</param>
/// <param name="Reference">Where it is; <see langword="null"/> if it was not stored.</param>
/// <param name="Fault">Why it was not stored, or what has to be looked at although it was.</param>
public sealed record StoreOutcome(StoreDisposition Disposition, StoredReference? Reference, Fault? Fault = null)
{
    /// <summary>SHA-256 of the data set that was really sent, if the target takes it in another encoding only and the content is proven to be the same (D2);
    /// <see langword="null"/> if it was sent as it was given. A note (<see cref="FaultCode.EncodingDiffers"/>) goes with it.</summary>
    public LedgerDigest? SentDigest { get; init; }
    /// <summary>Whether the target says that it holds the instance.</summary>
    public bool IsStored => Disposition is not StoreDisposition.NotStored;
}
