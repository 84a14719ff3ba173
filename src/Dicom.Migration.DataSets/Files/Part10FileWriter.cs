using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Dicom.Migration.DataSets;

/// <summary>Writes what stands before the data set of a Part 10 file (PS3.10 §7.1): preamble, "DICM", file meta information.</summary>
public static class Part10FileWriter
{
    /// <summary>Implementation Class UID (0002,0012) of files whose meta is written here.</summary>
    public const string ImplementationClassUid = "2.25.228463079142911064186029561834098310291";
    /// <summary>Implementation Version Name (0002,0013) of files whose meta is written here.</summary>
    public const string ImplementationVersionName = "DICOM_MIGRATION";

    /// <summary>Writes the prefix; the data set in <paramref name="syntax"/> follows.</summary>
    /// <param name="output">Receives 132 bytes and the meta, Explicit VR Little Endian with its group length.</param>
    /// <param name="sopClassUid">(0002,0002): SOP Class UID (0008,0016) of the data set.</param>
    /// <param name="sopInstanceUid">(0002,0003): SOP Instance UID (0008,0018) of the data set.</param>
    /// <param name="syntax">(0002,0010).</param>
    /// <exception cref="DicomFormatException">A UID is not valid (<see cref="FaultCode.MalformedUid"/>).</exception>
    public static void WritePrefix(IBufferWriter<byte> output, string sopClassUid, string sopInstanceUid, TransferSyntax syntax)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(syntax);
        var meta = new ArrayBufferWriter<byte>(256);
        var writer = new DataSetWriter(meta, TransferSyntax.ExplicitVrLittleEndian);
        writer.WriteElement(new DicomTag(0x0002, 0x0001), DicomVr.OB, [0, 1]);
        writer.WriteElement(new DicomTag(0x0002, 0x0002), DicomVr.UI, Uid(0x0002, sopClassUid));
        writer.WriteElement(new DicomTag(0x0002, 0x0003), DicomVr.UI, Uid(0x0003, sopInstanceUid));
        writer.WriteElement(new DicomTag(0x0002, 0x0010), DicomVr.UI, Uid(0x0010, syntax.Uid));
        writer.WriteElement(new DicomTag(0x0002, 0x0012), DicomVr.UI, Uid(0x0012, ImplementationClassUid));
        writer.WriteElement(new DicomTag(0x0002, 0x0013), DicomVr.SH, "DICOM_MIGRATION "u8);

        output.Write(stackalloc byte[128]);
        output.Write("DICM"u8);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)meta.WrittenCount);
        new DataSetWriter(output, TransferSyntax.ExplicitVrLittleEndian).WriteElement(new DicomTag(0x0002, 0x0000), DicomVr.UL, length);
        output.Write(meta.WrittenSpan);
    }

    private static byte[] Uid(ushort element, string uid)
    {
        if (!DicomUid.IsValid(uid)) throw new DicomFormatException(new Fault(FaultCode.MalformedUid, new DicomTag(0x0002, element)));
        return Encoding.ASCII.GetBytes((uid.Length & 1) == 0 ? uid : uid + "\0");
    }
}
