using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.DicomWeb;

/// <summary>How instances are stored by STOW-RS.</summary>
public sealed class DicomWebTargetOptions : DicomWebEndpointOptions
{
    /// <summary>Most instances of one request; 1 to 10,000. Default 100.</summary>
    [Range(1, 10_000)]
    public int MaxBatchInstances { get; set; } = 100;

    /// <summary>Most bytes of one session that are held for one request. An instance that is longer is sent alone, as it is read. Default 16,777,216 (16 MiB):
    /// servers hold a request in memory.</summary>
    [Range(0, 1_073_741_824)]
    public int MaxBatchBytes { get; set; } = 16_777_216;

    /// <summary>Whether the target is asked what it holds before it is sent more. Default <see langword="true"/>: some servers replace an object by
    /// another with its UID, some drop the new one, and both say success. It costs a query for a study, and one for each object of a study that the target holds in part.</summary>
    public bool LooksBeforeStoring { get; set; } = true;

    /// <summary>Whether objects are retrieved to compare their bytes (L4). Default <see langword="true"/>. Without it their metadata is the highest evidence (L3): for servers
    /// that do not give instances back, or not as they were stored.</summary>
    public bool ReadsBack { get; set; } = true;
}

/// <summary>Checks <see cref="DicomWebTargetOptions"/> when the host starts.</summary>
[OptionsValidator]
public sealed partial class DicomWebTargetOptionsValidator : IValidateOptions<DicomWebTargetOptions>;
