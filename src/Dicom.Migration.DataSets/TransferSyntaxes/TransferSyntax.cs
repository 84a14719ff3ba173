namespace Dicom.Migration.DataSets;

/// <summary>How a data set is encoded (PS3.5 §10 and Annex A). Values are equal if their UIDs are.</summary>
public sealed record TransferSyntax
{
    private TransferSyntax(string uid, bool isExplicitVr, bool isBigEndian, bool isDeflated, bool isEncapsulated) =>
        (Uid, IsExplicitVr, IsBigEndian, IsDeflated, IsEncapsulated) = (uid, isExplicitVr, isBigEndian, isDeflated, isEncapsulated);

    /// <summary>Implicit VR Little Endian, the default of DICOM (PS3.5 §A.1).</summary>
    public static TransferSyntax ImplicitVrLittleEndian { get; } = new("1.2.840.10008.1.2", false, false, false, false);
    /// <summary>Explicit VR Little Endian (PS3.5 §A.2).</summary>
    public static TransferSyntax ExplicitVrLittleEndian { get; } = new("1.2.840.10008.1.2.1", true, false, false, false);
    /// <summary>Deflated Explicit VR Little Endian (PS3.5 §A.5).</summary>
    public static TransferSyntax DeflatedExplicitVrLittleEndian { get; } = new("1.2.840.10008.1.2.1.99", true, false, true, false);
    /// <summary>Explicit VR Big Endian (PS3.5 §A.3; retired).</summary>
    public static TransferSyntax ExplicitVrBigEndian { get; } = new("1.2.840.10008.1.2.2", true, true, false, false);

    /// <summary>The Transfer Syntax UID.</summary>
    public string Uid { get; }
    /// <summary>Element headers carry a VR.</summary>
    public bool IsExplicitVr { get; }
    /// <summary>Tags, lengths and binary values are Big Endian.</summary>
    public bool IsBigEndian { get; }
    /// <summary>The whole data set is a raw deflate stream (RFC 1951).</summary>
    public bool IsDeflated { get; }
    /// <summary>Pixel Data is a list of fragments (PS3.5 §A.4). Assumed of every UID not known here.</summary>
    public bool IsEncapsulated { get; }

    /// <summary>The transfer syntax of a UID; one that is unknown or private is Explicit VR Little Endian with encapsulated pixel data (PS3.5 §A.4).</summary>
    /// <param name="uid">Without padding.</param>
    public static TransferSyntax FromUid(string uid)
    {
        ArgumentNullException.ThrowIfNull(uid);
        return uid switch
        {
            "1.2.840.10008.1.2" => ImplicitVrLittleEndian,
            "1.2.840.10008.1.2.1" => ExplicitVrLittleEndian,
            "1.2.840.10008.1.2.1.99" => DeflatedExplicitVrLittleEndian,
            "1.2.840.10008.1.2.2" => ExplicitVrBigEndian,
            // GE private: Implicit VR Little Endian, pixel data alone Big Endian; Papyrus 3: Implicit VR Little Endian (PS3.6, retired).
            "1.2.840.113619.5.2" or "1.2.840.10008.1.20" => new(uid, false, false, false, false),
            // JPIP Referenced Deflate, JPIP HTJ2K Referenced Deflate (PS3.5 §A.7, §A.12) and Deflated Image Frame (§A.4.x, encapsulated).
            "1.2.840.10008.1.2.4.95" or "1.2.840.10008.1.2.4.205" => new(uid, true, false, true, false),
            "1.2.840.10008.1.2.4.94" or "1.2.840.10008.1.2.4.204" => new(uid, true, false, false, false),
            _ => new(uid, true, false, false, true),
        };
    }

    /// <summary>UIDs decide.</summary>
    public bool Equals(TransferSyntax? other) => other is not null && string.Equals(Uid, other.Uid, StringComparison.Ordinal);
    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Uid);
    /// <summary>The UID.</summary>
    public override string ToString() => Uid;
}
