using System.Buffers.Binary;
using System.Text;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>Makes preamble, prefix and file meta information for a data set that came without (PS3.10 §7.1). The same data set gets the same bytes.</summary>
internal static class Part10Meta
{
    // PS3.5 Annex B.2: a UUID as a UID, drawn once for this software.
    private const string ImplementationClassUid = "2.25.228463079142911064186029561834098310291";
    private const string ImplementationVersionName = "DICOM_MIGRATION";

    /// <exception cref="DicomFormatException">A UID is longer than an element can be.</exception>
    public static byte[] Make(string sopClassUid, string sopInstanceUid, string transferSyntaxUid)
    {
        using var meta = new MemoryStream();
        Element(meta, 0x0001, "OB", [0, 1]);
        Element(meta, 0x0002, "UI", Text(sopClassUid, 0));
        Element(meta, 0x0003, "UI", Text(sopInstanceUid, 0));
        Element(meta, 0x0010, "UI", Text(transferSyntaxUid, 0));
        Element(meta, 0x0012, "UI", Text(ImplementationClassUid, 0));
        Element(meta, 0x0013, "SH", Text(ImplementationVersionName, (byte)' '));
        using var all = new MemoryStream();
        all.Write(new byte[128]);
        all.Write("DICM"u8);
        var length = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)meta.Length);
        Element(all, 0x0000, "UL", length);
        meta.WriteTo(all);
        return all.ToArray();
    }

    private static byte[] Text(string value, byte padding)
    {
        var bytes = Encoding.Latin1.GetBytes(value);
        if (bytes.Length > 1_024) throw new DicomFormatException(new Fault(FaultCode.MalformedUid));
        return bytes.Length % 2 == 0 ? bytes : [.. bytes, padding];
    }

    private static void Element(MemoryStream to, ushort element, string vr, ReadOnlySpan<byte> value)
    {
        Span<byte> header = stackalloc byte[12];
        header.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(header, 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], element);
        Encoding.ASCII.GetBytes(vr, header[4..]);
        if (vr is "OB") BinaryPrimitives.WriteUInt32LittleEndian(header[8..], (uint)value.Length);
        else BinaryPrimitives.WriteUInt16LittleEndian(header[6..], (ushort)value.Length);
        to.Write(vr is "OB" ? header : header[..8]);
        to.Write(value);
    }
}
