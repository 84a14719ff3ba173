using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.FileSystem;

/// <summary>Which tree of files is read, and how far containers in it are trusted.</summary>
public sealed class FolderSourceOptions : IValidatableObject
{
    /// <summary>The folder at the root of the tree. Links below it are reported and never followed.</summary>
    [Required, StringLength(4_095, MinimumLength = 1)]
    public string Path { get; set; } = "";

    /// <summary>Most entries read from one ZIP or TAR file; 1 or more. Default 100,000: a month of a busy modality.</summary>
    [Range(1, int.MaxValue)]
    public int MaxContainerEntries { get; set; } = 100_000;

    /// <summary>Most bytes unpacked for one byte of container; 1 to 100,000. 32 MiB are always allowed. Default 250: an empty 16-bit image is near 1,000, a study near 3.</summary>
    [Range(1, 100_000)]
    public int MaxContainerRatio { get; set; } = 250;

    /// <summary>Most records of one DICOMDIR that are held against the files; 1 or more, 200 bytes of memory each. Default 100,000: a 50 GB disc of CT slices.</summary>
    [Range(1, int.MaxValue)]
    public int MaxMediaDirectoryRecords { get; set; } = 100_000;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Path.Contains('\0', StringComparison.Ordinal) ? [new ValidationResult($"{nameof(Path)} holds a NUL character.", [nameof(Path)])] : [];
}

/// <summary>Checks <see cref="FolderSourceOptions"/> when the host starts.</summary>
[OptionsValidator]
public sealed partial class FolderSourceOptionsValidator : IValidateOptions<FolderSourceOptions>;
