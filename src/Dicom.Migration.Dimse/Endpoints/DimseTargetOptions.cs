using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.Dimse;

/// <summary>How instances are stored into an archive over DIMSE, and how it is asked for what it holds.</summary>
public sealed class DimseTargetOptions : DimsePeerOptions
{
    /// <summary>Most C-STOREs outstanding on one association, if the archive agrees (PS3.7 §D.3.3.3); 1 to 64. Default 8.</summary>
    [Range(1, 64)]
    public int OperationsWindow { get; set; } = 8;

    /// <summary>Whether an object whose transfer syntax the archive refuses may be sent in another one without compression, if it has no compression itself.
    /// The content is the same, as D2 proves of each; the bytes are others, and their digest is the one on record. One that would lose the VRs of private elements is an exception (<see cref="FaultCode.NotTranscodable"/>). Default no: such an object is an exception (<see cref="FaultCode.NotNegotiable"/>).</summary>
    public bool ChangesNativeTransferSyntax { get; set; }

    /// <summary>Longest data set, in bytes, that is changed so: it is held in memory, and a copy of it. A longer one is an exception (<see cref="FaultCode.DataSetTooLong"/>). 65,536 to 1,073,741,824. Default 256 MiB.</summary>
    [Range(65_536, 1_073_741_824)]
    public int MaxChangedLength { get; set; } = 256 << 20;

    /// <summary>Whether objects are read back, for evidence of level L4. Default yes.</summary>
    public bool ReadsBack { get; set; } = true;

    /// <summary>Whether storage commitment (PS3.4 §J) is asked for, for evidence of level L2. The archive reports to <see cref="DimsePeerOptions.ListenPort"/>
    /// unless it does so over the same association. Default no.</summary>
    public bool AsksForCommitment { get; set; }

    /// <summary>Whether a storage commitment report over an association of the archive's own counts only if it negotiated the SCP role for it (PS3.4 §J.3).
    /// Default no: not all archives do, and without the report there is no evidence. <see cref="AssociationOptions.RequiresEventReportRole"/>.</summary>
    public bool RequiresEventReportRole { get; set; }

    /// <summary>Longest wait for a storage commitment report; above 0. Default 5 minutes.</summary>
    public TimeSpan CommitmentTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an archive may take to show what it has stored, before it is called missing; 0 or more. Default 15 s.</summary>
    public TimeSpan VisibilityTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext)) yield return result;
        if (CommitmentTimeout <= TimeSpan.Zero) yield return new($"{nameof(CommitmentTimeout)} must be above 0.", [nameof(CommitmentTimeout)]);
        if (VisibilityTimeout < TimeSpan.Zero) yield return new($"{nameof(VisibilityTimeout)} must be 0 or more.", [nameof(VisibilityTimeout)]);
    }
}

/// <summary>Checks <see cref="DimseTargetOptions"/> when the host starts.</summary>
[OptionsValidator]
public sealed partial class DimseTargetOptionsValidator : IValidateOptions<DimseTargetOptions>;
