namespace Dicom.Migration.Testing;

/// <summary>How a made-up instance is encoded.</summary>
public enum MadeUpEncoding
{
    /// <summary>Explicit VR Little Endian (PS3.5 §A.2).</summary>
    ExplicitLittleEndian,
    /// <summary>Implicit VR Little Endian (PS3.5 §A.1).</summary>
    ImplicitLittleEndian,
    /// <summary>Explicit VR Big Endian (PS3.5 §A.3; retired).</summary>
    ExplicitBigEndian,
    /// <summary>Deflated Explicit VR Little Endian (PS3.5 §A.5).</summary>
    Deflated,
    /// <summary>JPEG Baseline (1.2.840.10008.1.2.4.50), basic offset table empty, several fragments for one frame.</summary>
    Jpeg,
    /// <summary>JPEG-LS Lossless (1.2.840.10008.1.2.4.80), basic offset table filled.</summary>
    JpegLs,
    /// <summary>JPEG 2000 Lossless (1.2.840.10008.1.2.4.90), extended offset table (PS3.3 §C.7.6.3.1.8).</summary>
    Jpeg2000,
    /// <summary>RLE Lossless (1.2.840.10008.1.2.5), basic offset table filled.</summary>
    RunLength,
}
