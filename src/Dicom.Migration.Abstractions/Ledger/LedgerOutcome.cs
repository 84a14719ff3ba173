namespace Dicom.Migration;

/// <summary>What became of an instance: the state it enters, and what is known with it.</summary>
/// <remarks>A digest, length or location left <see langword="null"/> keeps what is on record, but entering Sending forgets what was read back
/// from the target, and where it was. Fault, rule and evidence level are replaced by each outcome.</remarks>
/// <param name="State">The state it enters. Excluded needs a rule, Excepted a fault, Verified a level; a ledger refuses them without.</param>
public sealed record LedgerOutcome(InstanceState State)
{
    /// <summary>What went wrong, if anything did.</summary>
    public Fault? Fault { get; init; }
    /// <summary>Name of the rule that decided, if one did.</summary>
    public string? Rule { get; init; }
    /// <summary>What is known about it at the target.</summary>
    public EvidenceLevel? Evidence { get; init; }
    /// <summary>SHA-256 of the encoded data set as the source gave it, group 0002 excluded.</summary>
    public LedgerDigest? SourceDigest { get; init; }
    /// <summary>The same of the data set as it was sent, after rules.</summary>
    public LedgerDigest? SentDigest { get; init; }
    /// <summary>The same of the data set as it was read back from the target.</summary>
    public LedgerDigest? TargetDigest { get; init; }
    /// <summary>The target's own name for it (<see cref="StoredReference.Location"/>), where its UIDs alone do not find it: the target holds
    /// several objects under one SOP Instance UID. Otherwise left out, as ledgers hold 10^8 instances.</summary>
    public string? TargetLocation { get; init; }
    /// <summary>Size of the encoded data set in bytes.</summary>
    public long? Length { get; init; }
}

/// <summary>Enters an instance into a new state.</summary>
/// <param name="Number">The instance's number in this ledger.</param>
/// <param name="Outcome">The state and what is known with it.</param>
/// <param name="From">If given, the change is refused unless the instance is in this state: two workers cannot both move it.</param>
public sealed record LedgerChange(long Number, LedgerOutcome Outcome, InstanceState? From = null);

/// <summary>An instance that a source lists, as far as is known.</summary>
/// <param name="UnitKey">The unit it belongs to, on record already or listed in the same batch.</param>
/// <param name="SopInstanceUid">(0008,0018) as the source has it, well-formed or not; empty for an object without identity.</param>
/// <param name="Copy">0, or which further object of the same unit has this UID; the UID alone is no key.</param>
public sealed record LedgerDiscovery(string UnitKey, string SopInstanceUid, int Copy = 0)
{
    /// <summary>(0020,000D), if known.</summary>
    public string? StudyInstanceUid { get; init; }
    /// <summary>(0020,000E), if known.</summary>
    public string? SeriesInstanceUid { get; init; }
    /// <summary>(0008,0016), if known.</summary>
    public string? SopClassUid { get; init; }
    /// <summary>(0002,0010), if known.</summary>
    public string? TransferSyntaxUid { get; init; }
    /// <summary>Size of the encoded data set in bytes, if known.</summary>
    public long? Length { get; init; }
    /// <summary>Where in its unit it stands (an entry of a container, what a DICOMDIR names), if it has no UID to be told by; at most 1,024 characters are kept.</summary>
    public string? Place { get; init; }
    /// <summary>The first change, made in the same breath, but only if the instance is not on record yet.</summary>
    public LedgerOutcome? Then { get; init; }
}
