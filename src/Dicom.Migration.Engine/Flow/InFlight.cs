using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine;

/// <summary>One object between the source and its verdict; without a body, what is to be put on record and goes no further.</summary>
internal sealed class InFlight(UnitInHand unit, LedgerDiscovery discovery) : IDisposable
{
    public UnitInHand Unit { get; } = unit;
    /// <summary>What the ledger is told of it, with its first step: the intent to send, or its end.</summary>
    public LedgerDiscovery Discovery { get; } = discovery;
    /// <summary>What is sent: as the source gave it, or after rules.</summary>
    public SpooledObject? Body { get; init; }
    public InstanceIdentity Identity { get; init; } = new();
    public TransferSyntax Syntax { get; init; } = TransferSyntax.ImplicitVrLittleEndian;
    public ReadOnlyMemory<byte> Envelope { get; init; }
    /// <summary>What the source says has to be looked at although it is moved.</summary>
    public Fault? Note { get; init; }
    public LedgerEntry Entry { get; set; }
    /// <summary>The lane's count of what it has offered to the target, when it offered this one last.</summary>
    public long Offer { get; set; }
    /// <summary>How often it has failed in this run.</summary>
    public int Failures { get; set; }
    /// <summary>How many objects the target had stored when it failed first.</summary>
    public long? StoredBefore { get; set; }
    public StoreOutcome? Outcome { get; set; }
    public LedgerOutcome? Verdict { get; set; }
    /// <summary>Its body is the verifier's to let go, and no longer the lane's.</summary>
    public bool IsHandedOn { get; set; }

    /// <summary>Whether it was not sent, as the target holds what was sent before under its UID.</summary>
    public bool IsRivalled => Outcome is { Disposition: StoreDisposition.AlreadyThere, Fault.Code: FaultCode.UidConflict };

    /// <summary>D1 of the data set as it is given to the target.</summary>
    public LedgerDigest GivenDigest => Discovery.Then!.SentDigest!.Value;

    /// <summary>D1 of the data set as it was sent: as it was given, unless the target takes another encoding only.</summary>
    public LedgerDigest SentDigest => Outcome?.SentDigest ?? GivenDigest;

    public OutgoingInstance ToOutgoing(PipeReader body) => new()
    {
        StudyInstanceUid = Identity.StudyInstanceUid,
        SeriesInstanceUid = Identity.SeriesInstanceUid,
        SopClassUid = Identity.SopClassUid,
        SopInstanceUid = Identity.SopInstanceUid,
        TransferSyntax = Syntax,
        Envelope = Envelope,
        Length = Body!.Length,
        Body = body,
    };

    public void Dispose() => Body?.Dispose();
}
