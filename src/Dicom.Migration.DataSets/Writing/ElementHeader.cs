using System.Buffers;
using System.Buffers.Binary;

namespace Dicom.Migration.DataSets;

/// <summary>Lays out the header of an element, item or delimiter (PS3.5 §7.1, §7.5).</summary>
internal static class ElementHeader
{
    internal const uint Undefined = 0xFFFFFFFF;
    private const int Longest = 12;

    /// <summary>Bytes of a header.</summary>
    internal static int Size(DicomTag tag, DicomVr vr, bool isExplicit) => isExplicit && tag.Group != 0xFFFE && vr.HasLongLength ? Longest : 8;

    /// <returns>Bytes written.</returns>
    /// <exception cref="DicomFormatException">The length field of the VR does not hold the length.</exception>
    internal static int Write(IBufferWriter<byte> output, DicomTag tag, DicomVr vr, uint length, ushort reserved, bool isExplicit, bool isBigEndian)
    {
        var size = Size(tag, vr, isExplicit);
        var header = output.GetSpan(Longest);
        UInt16(header, tag.Group, isBigEndian);
        UInt16(header[2..], tag.Element, isBigEndian);
        if (!isExplicit || tag.Group == 0xFFFE) UInt32(header[4..], length, isBigEndian);
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], vr.Code);
            if (size == Longest)
            {
                UInt16(header[6..], reserved, isBigEndian);
                UInt32(header[8..], length, isBigEndian);
            }
            else if (length <= ushort.MaxValue) UInt16(header[6..], (ushort)length, isBigEndian);
            else throw new DicomFormatException(new Fault(FaultCode.NotTranscodable, tag));
        }
        output.Advance(size);
        return size;
    }

    internal static void UInt16(Span<byte> to, ushort value, bool isBigEndian)
    {
        if (isBigEndian) BinaryPrimitives.WriteUInt16BigEndian(to, value); else BinaryPrimitives.WriteUInt16LittleEndian(to, value);
    }

    internal static void UInt32(Span<byte> to, uint value, bool isBigEndian)
    {
        if (isBigEndian) BinaryPrimitives.WriteUInt32BigEndian(to, value); else BinaryPrimitives.WriteUInt32LittleEndian(to, value);
    }
}
