using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.Dimse;

/// <summary>How an archive is listed and read over DIMSE.</summary>
public sealed class DimseSourceOptions : DimsePeerOptions
{
    /// <summary>First day of the inventory. Default 1895-11-08: Röntgen's discovery. Studies before it, dated so by mistake, are found by a query of their own.</summary>
    public DateOnly FirstDay { get; set; } = new(1895, 11, 8);

    /// <summary>Most studies taken from one query; a query with more is divided. Default 1,000; 2 or more.</summary>
    [Range(2, 1_000_000)]
    public int MaxStudiesPerQuery { get; set; } = 1_000;

    /// <summary>A query whose answer has a number of studies that is a multiple of this is divided and asked again, as archives cut their answers at round numbers. Default 50; 2 or more.</summary>
    [Range(2, 1_000_000)]
    public int SuspectMultiple { get; set; } = 50;

    /// <summary>Longest time in which the retrieval of a study that is NEARLINE (PS3.3 §C.4.23.1.1) brings no instance; above 0. Default 30 minutes: a tape.</summary>
    public TimeSpan NearlineTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <inheritdoc/>
    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext)) yield return result;
        if (NearlineTimeout <= TimeSpan.Zero) yield return new($"{nameof(NearlineTimeout)} must be above 0.", [nameof(NearlineTimeout)]);
    }
}

/// <summary>Checks <see cref="DimseSourceOptions"/> when the host starts.</summary>
[OptionsValidator]
public sealed partial class DimseSourceOptionsValidator : IValidateOptions<DimseSourceOptions>;
