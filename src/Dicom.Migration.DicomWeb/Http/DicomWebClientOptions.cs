using System.ComponentModel.DataAnnotations;

namespace Dicom.Migration.DicomWeb;

/// <summary>How far a DICOMweb peer is trusted, and how long it is waited for.</summary>
public class DicomWebClientOptions : IValidatableObject
{
    /// <summary>The service's root, such as <c>https://vna.example/dicom-web/</c>; http or https, without user, query and fragment.</summary>
    [Required]
    public Uri? BaseAddress { get; set; }

    /// <summary>Longest wait for the head of an answer, and for each step of sending a request; 1 s or more. Default 10 min: some servers collect a study first.</summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Longest silence within an answer; 1 s or more. Default 60 s.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Lowest rate of an answer, in bytes a second of waiting for the peer; it is looked at after each <see cref="IdleTimeout"/> of waiting. Default 128; 0 for none.</summary>
    [Range(0, 1_000_000)]
    public int MinBytesPerSecond { get; set; } = 128;

    /// <summary>Longest answer with instances, frames or bulk data, in bytes. Default 1,099,511,627,776 (1 TiB): beyond the largest studies known.</summary>
    [Range(1_024, long.MaxValue)]
    public long MaxBodyLength { get; set; } = 1_099_511_627_776;

    /// <summary>Longest answer in JSON, in bytes. Default 268,435,456 (256 MiB): metadata of some 50,000 instances.</summary>
    [Range(1_024, int.MaxValue)]
    public long MaxJsonLength { get; set; } = 268_435_456;

    /// <summary>Results asked for at once in a query; 1 to 100,000. Default 1,000.</summary>
    [Range(1, 100_000)]
    public int PageSize { get; set; } = 1_000;

    /// <summary>Most results of one query; 1 or more. Default 10,000,000: their UIDs are held, some 150 bytes each.</summary>
    [Range(1, int.MaxValue)]
    public int MaxResults { get; set; } = 10_000_000;

    /// <summary>Pause after 429 or 503 without Retry-After; 0 or more. Default 2 s.</summary>
    public TimeSpan DefaultPause { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest pause that a peer is granted by its Retry-After, whatever it asks for; <see cref="DefaultPause"/> or more. Default 5 min.</summary>
    public TimeSpan MaxPause { get; set; } = TimeSpan.FromMinutes(5);

    /// <inheritdoc/>
    public virtual IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (BaseAddress is not null && !(BaseAddress is { IsAbsoluteUri: true, Scheme: "http" or "https", UserInfo: "", Query: "", Fragment: "" }))
            yield return new($"{nameof(BaseAddress)} has to be an absolute http or https address without user, query and fragment.", [nameof(BaseAddress)]);
        if (AnswerTimeout < TimeSpan.FromSeconds(1)) yield return new($"{nameof(AnswerTimeout)} is {AnswerTimeout}; it must be 1 s or more.", [nameof(AnswerTimeout)]);
        if (IdleTimeout < TimeSpan.FromSeconds(1)) yield return new($"{nameof(IdleTimeout)} is {IdleTimeout}; it must be 1 s or more.", [nameof(IdleTimeout)]);
        if (DefaultPause < TimeSpan.Zero) yield return new($"{nameof(DefaultPause)} is {DefaultPause}; it must be 0 or more.", [nameof(DefaultPause)]);
        if (MaxPause < DefaultPause) yield return new($"{nameof(MaxPause)} is {MaxPause}; it must be {nameof(DefaultPause)} or more.", [nameof(MaxPause)]);
    }
}
