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

    /// <summary>Longest time in all that one reading of a study spends on requests that bring nothing, before the rest of it is given up; above 0.
    /// Default 10 minutes: five stalls. Of a study that is NEARLINE it is no less than <see cref="NearlineTimeout"/>.</summary>
    public TimeSpan VainTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>First pause in which an archive that says it is busy (PS3.4 §C.4: A701 and its like) is asked for nothing; it doubles each time. Above 0. Default 1 s.</summary>
    public TimeSpan BusyPause { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest such pause; no shorter than <see cref="BusyPause"/>. Default 1 minute.</summary>
    public TimeSpan LongestBusyPause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Longest time that an archive may say so and serve nobody, before the source counts as away (<see cref="FaultCode.PeerBusy"/>); above 0. Default 10 minutes.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext)) yield return result;
        foreach (var (name, time) in new[] { (nameof(NearlineTimeout), NearlineTimeout), (nameof(VainTimeout), VainTimeout), (nameof(BusyPause), BusyPause), (nameof(BusyTimeout), BusyTimeout) })
            if (time <= TimeSpan.Zero) yield return new($"{name} must be above 0.", [name]);
        if (LongestBusyPause < BusyPause) yield return new($"{nameof(LongestBusyPause)} must be no shorter than {nameof(BusyPause)}.", [nameof(LongestBusyPause)]);
    }
}

/// <summary>Checks <see cref="DimseSourceOptions"/> when the host starts.</summary>
[OptionsValidator]
public sealed partial class DimseSourceOptionsValidator : IValidateOptions<DimseSourceOptions>;
