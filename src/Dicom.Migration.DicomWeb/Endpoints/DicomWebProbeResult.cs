namespace Dicom.Migration.DicomWeb;

/// <summary>What a DICOMweb archive offers.</summary>
public sealed record DicomWebProbeResult
{
    /// <summary>QIDO-RS for studies (PS3.18 §10.6).</summary>
    public DicomWebSupport SearchStudies { get; init; }
    /// <summary>QIDO-RS for the series of a study.</summary>
    public DicomWebSupport SearchSeries { get; init; }
    /// <summary>QIDO-RS for the instances of a study.</summary>
    public DicomWebSupport SearchInstances { get; init; }
    /// <summary>Whether a query with <c>limit</c> gives no more than that (PS3.18 §8.3.4.4). Without it, one answer holds all.</summary>
    public DicomWebSupport HonoursLimit { get; init; }
    /// <summary>Whether a query with <c>offset</c> passes over that many. Without it, and with a cap, an archive cannot be listed whole.</summary>
    public DicomWebSupport HonoursOffset { get; init; }
    /// <summary>WADO-RS for a study as Part 10 files in <c>multipart/related</c> (PS3.18 §10.4).</summary>
    public DicomWebSupport RetrieveStudy { get; init; }
    /// <summary>WADO-RS for a series.</summary>
    public DicomWebSupport RetrieveSeries { get; init; }
    /// <summary>WADO-RS for an instance.</summary>
    public DicomWebSupport RetrieveInstance { get; init; }
    /// <summary>Metadata of an instance as DICOM JSON (PS3.18 §10.4.1.1.2); evidence of level L3 needs it.</summary>
    public DicomWebSupport RetrieveMetadata { get; init; }
    /// <summary>Frames of an instance (PS3.18 §10.4.1.1.4).</summary>
    public DicomWebSupport RetrieveFrames { get; init; }
    /// <summary>Bulk data by the URI that metadata has for it (PS3.18 §10.4.1.1.5).</summary>
    public DicomWebSupport RetrieveBulkData { get; init; }
    /// <summary>Whether <c>transfer-syntax=*</c> gives instances as they are stored. <see cref="DicomWebSupport.NotSupported"/>: what it reads out is not what it
    /// holds, or it does not take the parameter. <see cref="DicomWebSupport.Unknown"/>: what was looked at says nothing of how it is stored.</summary>
    public DicomWebSupport HonoursAnyTransferSyntax { get; init; }
    /// <summary>STOW-RS (PS3.18 §10.5), by what the archive says of itself or its answer to a request without any instance.</summary>
    public DicomWebSupport Store { get; init; }
    /// <summary>Whether it says that it deletes. Nothing is deleted to find out.</summary>
    public DicomWebSupport Delete { get; init; }
    /// <summary>Schemes of authentication that it demands of whoever says nothing of himself, such as Basic or Bearer; empty if it lets everybody in.</summary>
    public IReadOnlyList<string> AuthenticationSchemes { get; init; } = [];
    /// <summary>Whether it answers a query without credentials.</summary>
    public bool IsOpenToAll { get; init; }
    /// <summary>Version of HTTP that is agreed on when 2 is asked for.</summary>
    public required Version HttpVersion { get; init; }
    /// <summary>Version of TLS, such as <c>Tls13</c>; <see langword="null"/> without TLS.</summary>
    public string? TlsVersion { get; init; }
    /// <summary>When the archive's certificate ends; <see langword="null"/> without TLS.</summary>
    public DateTimeOffset? CertificateEnds { get; init; }
}
