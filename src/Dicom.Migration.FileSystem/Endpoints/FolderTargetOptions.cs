using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.FileSystem;

/// <summary>Where and how instances are stored as Part 10 files.</summary>
public sealed class FolderTargetOptions : IValidatableObject
{
    /// <summary>The folder; made if it does not exist. <see cref="Layout"/> says how files are called below it.</summary>
    [Required, StringLength(4_095, MinimumLength = 1)]
    public string Path { get; set; } = "";

    /// <summary>Most files of one session that wait to be made durable together; 1 to 1,024. Default 256: each is an open file until then.</summary>
    [Range(1, 1_024)]
    public int MaxBatchFiles { get; set; } = 256;

    /// <summary>Most bytes of one session that wait to be made durable together. Default 67,108,864: half a second of a slow disk.</summary>
    [Range(1, long.MaxValue)]
    public long MaxBatchBytes { get; set; } = 67_108_864;

    /// <summary>How files are called. Default <see cref="FolderLayout.ByUid"/>. A folder keeps the layout that it was begun with: what the other one wrote is not found again.</summary>
    public FolderLayout Layout { get; set; }

    /// <summary>Whether a DICOMDIR (PS3.3 Annex F) is written whenever the last open session is closed, instead of the one before it. Default
    /// <see langword="null"/>: <see langword="true"/> with <see cref="FolderLayout.FileSet"/>; with <see cref="FolderLayout.ByUid"/> it cannot be, as no DICOMDIR may name such files.</summary>
    public bool? WriteDicomDir { get; set; }

    internal bool WritesDicomDir => WriteDicomDir ?? Layout is FolderLayout.FileSet;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Path.Contains('\0', StringComparison.Ordinal)) yield return new ValidationResult($"{nameof(Path)} holds a NUL character.", [nameof(Path)]);
        if (Layout is not (FolderLayout.ByUid or FolderLayout.FileSet)) yield return new ValidationResult($"{nameof(Layout)} is {Layout:D}; it must be {FolderLayout.ByUid} or {FolderLayout.FileSet}.", [nameof(Layout)]);
        else if (Layout is FolderLayout.ByUid && WritesDicomDir)
            yield return new ValidationResult($"{nameof(WriteDicomDir)} needs the {nameof(Layout)} {FolderLayout.FileSet}: PS3.10 §8.5 allows no names made of UIDs.", [nameof(WriteDicomDir)]);
    }
}

/// <summary>Checks <see cref="FolderTargetOptions"/> when the host starts.</summary>
[OptionsValidator]
public sealed partial class FolderTargetOptionsValidator : IValidateOptions<FolderTargetOptions>;
