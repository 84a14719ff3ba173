using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Dicom.Migration.Testing;

/// <summary>An element before it is encoded: numbers are kept Little Endian, text as bytes without padding.</summary>
/// <param name="Tag">0xGGGGEEEE.</param>
/// <param name="Vr">Two letters.</param>
/// <param name="Value">The value, or <see langword="null"/> for a sequence or fragments.</param>
internal sealed record RawElement(uint Tag, string Vr, byte[]? Value)
{
    /// <summary>Items of a sequence.</summary>
    public IReadOnlyList<RawItem>? Items { get; init; }
    /// <summary>Fragments of encapsulated pixel data, the basic offset table first (PS3.5 §A.4).</summary>
    public IReadOnlyList<byte[]>? Fragments { get; init; }
    /// <summary>The sequence is closed by a delimitation item.</summary>
    public bool IsUndefined { get; init; }
    /// <summary>Written as UN of undefined length: its items are Implicit VR Little Endian, whatever surrounds them (PS3.5 §6.2.2).</summary>
    public bool IsUnknown { get; init; }

    public static RawElement Text(uint tag, string vr, string value) => new(tag, vr, Encoding.ASCII.GetBytes(value));
    public static RawElement Bytes(uint tag, string vr, byte[] value) => new(tag, vr, value);

    public static RawElement UShort(uint tag, params ReadOnlySpan<ushort> values)
    {
        var bytes = new byte[values.Length * 2];
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 2), values[i]);
        return new(tag, "US", bytes);
    }

    public static RawElement ULong(uint tag, string vr, params ReadOnlySpan<uint> values)
    {
        var bytes = new byte[values.Length * 4];
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), values[i]);
        return new(tag, vr, bytes);
    }

    public static RawElement Double(uint tag, double value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        return new(tag, "FD", bytes);
    }

    /// <summary>An attribute tag: two 16-bit numbers, group first (PS3.5 §6.2, AT).</summary>
    public static RawElement Tags(uint tag, params ReadOnlySpan<uint> values)
    {
        var bytes = new byte[values.Length * 4];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 4), (ushort)(values[i] >> 16));
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 4 + 2), (ushort)values[i]);
        }
        return new(tag, "AT", bytes);
    }

    public static RawElement Number(uint tag, string vr, int value) => Text(tag, vr, value.ToString(CultureInfo.InvariantCulture));

    public static RawElement Sequence(uint tag, bool undefined, params RawItem[] items) => new(tag, "SQ", null) { Items = items, IsUndefined = undefined };
}
