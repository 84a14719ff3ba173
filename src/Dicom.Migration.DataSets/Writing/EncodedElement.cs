using System.Buffers.Binary;

namespace Dicom.Migration.DataSets;

/// <summary>Writes one element in a given encoding.</summary>
internal static class EncodedElement
{
    /// <exception cref="DicomFormatException">The value is longer than the length field of its VR holds.</exception>
    internal static byte[] Of(ElementPatch patch, bool isExplicit, bool isBigEndian)
    {
        var length = patch.Value.Length + (patch.Value.Length & 1);
        var size = isExplicit && patch.Vr.HasLongLength ? 12 : 8;
        if (isExplicit && size == 8 && length > ushort.MaxValue) throw new DicomFormatException(new Fault(FaultCode.PatchNotApplicable, patch.Tag));
        var bytes = new byte[size + length];
        UInt16(bytes, patch.Tag.Group, isBigEndian);
        UInt16(bytes.AsSpan(2), patch.Tag.Element, isBigEndian);
        if (isExplicit) BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), patch.Vr.Code);
        if (isExplicit && size == 8) UInt16(bytes.AsSpan(6), (ushort)length, isBigEndian);
        else UInt32(bytes.AsSpan(size - 4), (uint)length, isBigEndian);
        patch.Value.Span.CopyTo(bytes.AsSpan(size));
        if (length != patch.Value.Length) bytes[^1] = patch.Vr.PaddingByte;
        return bytes;
    }

    internal static byte[] Length(long length, bool isBigEndian)
    {
        var bytes = new byte[4];
        UInt32(bytes, (uint)length, isBigEndian);
        return bytes;
    }

    private static void UInt16(Span<byte> to, ushort value, bool isBigEndian)
    {
        if (isBigEndian) BinaryPrimitives.WriteUInt16BigEndian(to, value); else BinaryPrimitives.WriteUInt16LittleEndian(to, value);
    }

    private static void UInt32(Span<byte> to, uint value, bool isBigEndian)
    {
        if (isBigEndian) BinaryPrimitives.WriteUInt32BigEndian(to, value); else BinaryPrimitives.WriteUInt32LittleEndian(to, value);
    }
}
