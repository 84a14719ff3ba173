namespace Dicom.Migration.Dimse;

/// <summary>Answer to who asks for an association (PS3.8 Table 9-21).</summary>
public sealed record AssociationDecision
{
    private AssociationDecision(byte result, byte source, byte reason) => (Result, Source, Reason) = (result, source, reason);

    /// <summary>Let it in.</summary>
    public static AssociationDecision Accept { get; } = new(0, 0, 0);
    /// <summary>Reject for good, without a reason: an identity that is wrong or missing is rejected so.</summary>
    public static AssociationDecision NoReason { get; } = new(1, 1, 1);
    /// <summary>Reject for good: the calling AE title is not known.</summary>
    public static AssociationDecision CallingAeTitleNotRecognized { get; } = new(1, 1, 3);
    /// <summary>Reject for good: the called AE title is not ours.</summary>
    public static AssociationDecision CalledAeTitleNotRecognized { get; } = new(1, 1, 7);
    /// <summary>Reject for now: too busy.</summary>
    public static AssociationDecision TemporaryCongestion { get; } = new(2, 3, 1);
    /// <summary>Reject for now: as many associations as are allowed.</summary>
    public static AssociationDecision LocalLimitExceeded { get; } = new(2, 3, 2);

    /// <summary>0 accepted, 1 rejected for good, 2 for now.</summary>
    public byte Result { get; }
    /// <summary>1: service user, 2: ACSE provider, 3: presentation provider.</summary>
    public byte Source { get; }
    /// <summary>As the source defines it.</summary>
    public byte Reason { get; }

    /// <summary>Confirms the user identity, if a response was asked for: empty for user names, else a ticket, assertion or token (PS3.7 §D.3.3.7.2).</summary>
    public ReadOnlyMemory<byte>? IdentityResponse { get; init; }
    /// <summary>What is accepted of the extended negotiation; a SOP class that is left out means "as if it had not been asked".</summary>
    public IReadOnlyList<ExtendedNegotiation> Extended { get; init; } = [];
}
