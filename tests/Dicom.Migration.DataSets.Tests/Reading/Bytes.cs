using System.Buffers.Binary;
using System.Text;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Writes data sets by hand, with any tag, VR and length, right or wrong.</summary>
internal sealed class Bytes(bool isExplicit = true, bool isBigEndian = false)
{
    internal const uint Undefined = 0xFFFFFFFF;
    private readonly List<byte> _bytes = [];

    internal byte[] ToArray() => [.. _bytes];
    internal Bytes Raw(params ReadOnlySpan<byte> bytes) { _bytes.AddRange(bytes); return this; }
    internal Bytes U16(int value)
    {
        Span<byte> b = stackalloc byte[2];
        if (isBigEndian) BinaryPrimitives.WriteUInt16BigEndian(b, (ushort)value); else BinaryPrimitives.WriteUInt16LittleEndian(b, (ushort)value);
        return Raw(b);
    }
    internal Bytes U32(uint value)
    {
        Span<byte> b = stackalloc byte[4];
        if (isBigEndian) BinaryPrimitives.WriteUInt32BigEndian(b, value); else BinaryPrimitives.WriteUInt32LittleEndian(b, value);
        return Raw(b);
    }
    internal Bytes Tag(uint tag) => U16((int)(tag >> 16)).U16((int)(tag & 0xFFFF));
    internal Bytes Header(uint tag, string vr, uint length)
    {
        Tag(tag);
        if (!isExplicit || tag >> 16 == 0xFFFE) return U32(length);
        Raw((byte)vr[0], (byte)vr[1]);
        return new DicomVr((ushort)((vr[0] << 8) | vr[1])).HasLongLength ? U16(0).U32(length) : U16((int)length);
    }
    internal Bytes Element(uint tag, string vr, byte[] value) => Header(tag, vr, (uint)value.Length).Raw(value);
    internal Bytes Text(uint tag, string vr, string value) => Element(tag, vr, Encoding.Latin1.GetBytes(value));
    internal Bytes Short(uint tag, string vr, int value) => Header(tag, vr, 2).U16(value);
    internal Bytes Item(uint length = Undefined) => Header(0xFFFEE000, "", length);
    internal Bytes EndItem() => Header(0xFFFEE00D, "", 0);
    internal Bytes EndSequence() => Header(0xFFFEE0DD, "", 0);
    internal Bytes Inside(Func<Bytes, Bytes> write, Func<Bytes, byte[], Bytes> wrap) => wrap(this, write(new Bytes(isExplicit, isBigEndian)).ToArray());
    /// <summary>A sequence of one item, both of defined length.</summary>
    internal Bytes Defined(uint tag, Func<Bytes, Bytes> item) => Inside(item, (b, value) => b.Header(tag, "SQ", (uint)value.Length + 8).Item((uint)value.Length).Raw(value));
    /// <summary>A sequence of one item, both of undefined length.</summary>
    internal Bytes Open(uint tag, Func<Bytes, Bytes> item, string vr = "SQ") => Inside(item, (b, value) => b.Header(tag, vr, Undefined).Item().Raw(value).EndItem().EndSequence());
}
