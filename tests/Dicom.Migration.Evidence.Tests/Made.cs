using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence.Tests;

/// <summary>Data sets written out byte by byte (PS3.5 §7.1), so that a test says what is in them.</summary>
internal static class Made
{
    public const string SecondaryCapture = "1.2.840.10008.5.1.4.1.1.7";
    public const string Study = "2.25.1";
    public const string Series = "2.25.2";

    /// <summary>An element in Explicit VR Little Endian.</summary>
    public static byte[] Element(uint tag, string vr, ReadOnlySpan<byte> value)
    {
        var padded = (value.Length + 1) / 2 * 2;
        var isLong = vr is "OB" or "OW" or "SQ" or "UN" or "UT";
        var bytes = new byte[(isLong ? 12 : 8) + padded];
        Tag(bytes, tag);
        Encoding.ASCII.GetBytes(vr, bytes.AsSpan(4));
        if (isLong) BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), padded);
        else BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(6), (ushort)padded);
        value.CopyTo(bytes.AsSpan(bytes.Length - padded));
        if (padded > value.Length) bytes[^1] = (byte)(vr is "UI" or "OB" or "UN" ? 0 : ' ');
        return bytes;
    }

    public static byte[] Text(uint tag, string vr, string value) => Element(tag, vr, Encoding.Latin1.GetBytes(value));

    /// <summary>The same element in Implicit VR Little Endian.</summary>
    public static byte[] Implicit(byte[] element)
    {
        var isLong = Encoding.ASCII.GetString(element, 4, 2) is "OB" or "OW" or "SQ" or "UN" or "UT";
        var value = element.AsSpan(isLong ? 12 : 8);
        var bytes = new byte[8 + value.Length];
        element.AsSpan(0, 4).CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), value.Length);
        value.CopyTo(bytes.AsSpan(8));
        return bytes;
    }

    public static byte[] Item(params byte[][] elements)
    {
        var content = Join(elements);
        return [0xFE, 0xFF, 0x00, 0xE0, .. BitConverter.GetBytes(content.Length), .. content];
    }

    public static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(p => p)];

    /// <summary>The elements of a small image, ascending by tag.</summary>
    public static byte[][] Image(string instanceUid, string patientName = "MADE^UP", params byte[][] more) =>
        [.. new[]
        {
            Text(0x00080016, "UI", SecondaryCapture), Text(0x00080018, "UI", instanceUid), Text(0x00080060, "CS", "OT"), Text(0x00100010, "PN", patientName),
            Text(0x00100020, "LO", "ID1"), Text(0x0020000D, "UI", Study), Text(0x0020000E, "UI", Series), Element(0x7FE00010, "OW", new byte[64]),
        }.Concat(more).OrderBy(TagOf)];

    /// <summary>A Part 10 file around a data set.</summary>
    public static byte[] File(byte[] dataSet, string instanceUid, string syntax = "1.2.840.10008.1.2.1")
    {
        var meta = Join(Element(0x00020001, "OB", [0, 1]), Text(0x00020002, "UI", SecondaryCapture), Text(0x00020003, "UI", instanceUid), Text(0x00020010, "UI", syntax), Text(0x00020012, "UI", "2.25.3"));
        return [.. new byte[128], .. "DICM"u8, .. Element(0x00020000, "UL", BitConverter.GetBytes(meta.Length)), .. meta, .. dataSet];
    }

    public static PipeReader Pipe(byte[] bytes) => PipeReader.Create(new MemoryStream(bytes));

    public static uint TagOf(byte[] element) => new DicomTag(BinaryPrimitives.ReadUInt16LittleEndian(element), BinaryPrimitives.ReadUInt16LittleEndian(element.AsSpan(2))).Value;

    private static void Tag(Span<byte> bytes, uint tag)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)(tag >> 16));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], (ushort)tag);
    }
}
