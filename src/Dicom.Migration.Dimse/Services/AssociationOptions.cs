namespace Dicom.Migration.Dimse;

/// <summary>Limits and times of an association, for either side.</summary>
public record AssociationOptions
{
    /// <summary>AE title of this side; 1 to 16 characters (PS3.5 §6.2, VR AE).</summary>
    public string AeTitle { get; init; } = "MIGRATION";

    /// <summary>Longest P-DATA-TF accepted, in bytes, without its 6-byte header (PS3.8 §D.1); 4,096 to 16,777,216. Default 262,144.</summary>
    public int MaxPduLength { get; init; } = 262_144;

    /// <summary>Most operations outstanding in either direction (PS3.7 §D.3.3.3); 1 to 64. Default 1: synchronous.</summary>
    public int OperationsWindow { get; init; } = 1;

    /// <summary>Longest data set accepted, in bytes. Default 16 GiB.</summary>
    public long MaxDataSetLength { get; init; } = 1L << 34;

    /// <summary>Longest wait for a connection, for an association's request or answer, and for the peer to close (ARTIM, PS3.8 §9.1.5). Default 30 s.</summary>
    public TimeSpan ArtimTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest silence before the association is aborted. Default 60 s.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Throws if a value is out of its range.</summary>
    internal void Check()
    {
        if (AeTitle.Length is 0 or > 16 || AeTitle.Any(c => c is < ' ' or > '~' or '\\')) throw new InvalidOperationException($"{nameof(AeTitle)} must be 1 to 16 characters.");
        if (MaxPduLength is < 4_096 or > 16_777_216) throw new InvalidOperationException($"{nameof(MaxPduLength)} must be 4,096 to 16,777,216.");
        if (OperationsWindow is < 1 or > 64) throw new InvalidOperationException($"{nameof(OperationsWindow)} must be 1 to 64.");
        if (MaxDataSetLength <= 0) throw new InvalidOperationException($"{nameof(MaxDataSetLength)} must be above 0.");
        if (ArtimTimeout <= TimeSpan.Zero || IdleTimeout <= TimeSpan.Zero) throw new InvalidOperationException("Timeouts must be above 0.");
    }
}
