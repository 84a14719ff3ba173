namespace Dicom.Migration.DicomWeb.Multipart;

/// <summary>How far a multipart body is trusted.</summary>
public sealed class MultipartLimits
{
    /// <summary>Longest header block of one part, and longest preamble, in bytes; 64 or more. Default 16,384: real ones stay under 500.</summary>
    public int MaxHeaderLength { get; init; } = 16_384;

    /// <summary>Most parts of one body; 1 or more. Default 1,000,000: beyond the largest studies known.</summary>
    public int MaxParts { get; init; } = 1_000_000;
}
