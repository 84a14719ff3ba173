using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.FileSystem;

/// <summary>Where and how instances are stored as Part 10 files.</summary>
public sealed class FolderTargetOptions : IValidatableObject
{
    /// <summary>The folder; made if it does not exist. Files are written under study/series/instance.dcm below it.</summary>
    [Required, StringLength(4_095, MinimumLength = 1)]
    public string Path { get; set; } = "";

    /// <summary>Most files of one session that wait to be made durable together; 1 to 1,024. Default 256: each is an open file until then.</summary>
    [Range(1, 1_024)]
    public int MaxBatchFiles { get; set; } = 256;

    /// <summary>Most bytes of one session that wait to be made durable together. Default 67,108,864: half a second of a slow disk.</summary>
    [Range(1, long.MaxValue)]
    public long MaxBatchBytes { get; set; } = 67_108_864;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Path.Contains('\0', StringComparison.Ordinal) ? [new ValidationResult($"{nameof(Path)} holds a NUL character.", [nameof(Path)])] : [];
}

/// <summary>Checks <see cref="FolderTargetOptions"/> when the host starts.</summary>
[OptionsValidator]
public sealed partial class FolderTargetOptionsValidator : IValidateOptions<FolderTargetOptions>;
