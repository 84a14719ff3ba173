using System.Buffers.Binary;

namespace Dicom.Migration.Testing;

/// <summary>Writes elements as bytes (PS3.5 §7.1, §7.5, §A.4). Shares nothing with the SDK's own writer, so that the two can be held against each other.</summary>
/// <remarks>Recurses over content that this package makes up itself, never over input.</remarks>
internal sealed class RawEmitter(bool isExplicit, bool isBigEndian)
{
    public const uint Undefined = 0xFFFFFFFF;
    private const uint Item = 0xFFFEE000;
    private readonly List<byte> _out = [];

    public static byte[] Emit(IEnumerable<RawElement> elements, bool isExplicit, bool isBigEndian)
    {
        var emitter = new RawEmitter(isExplicit, isBigEndian);
        foreach (var element in elements) emitter.Write(element);
        return emitter._out.ToArray();
    }

    private void Write(RawElement element)
    {
        if (element.Fragments is { } fragments)
        {
            Header(element.Tag, element.Vr, Undefined);
            foreach (var fragment in fragments)
            {
                var body = Padded(fragment, 0);
                TagAndLength(Item, (uint)body.Length);
                _out.AddRange(body);
            }
            TagAndLength(0xFFFEE0DD, 0);
        }
        else if (element.Items is { } items)
        {
            var body = Items(items, element.IsUnknown ? new RawEmitter(false, false) : new RawEmitter(isExplicit, isBigEndian));
            Header(element.Tag, element.IsUnknown ? "UN" : element.Vr, element.IsUndefined ? Undefined : (uint)body.Length);
            _out.AddRange(body);
            // PS3.5 §6.2.2: what is inside is Implicit VR Little Endian; headers of items differ only in byte order.
            if (element.IsUndefined) _out.AddRange(element.IsUnknown ? [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0] : Delimiter(0xE0DD));
        }
        else
        {
            var body = Swapped(Padded(element.Value ?? [], Padding(element.Vr)), Unit(element.Vr));
            Header(element.Tag, element.Vr, (uint)body.Length);
            _out.AddRange(body);
        }
    }

    private static byte[] Items(IReadOnlyList<RawItem> items, RawEmitter inner)
    {
        foreach (var item in items)
        {
            var body = new RawEmitter(inner.IsExplicit, inner.IsBigEndian);
            foreach (var element in item.Elements) body.Write(element);
            inner.TagAndLength(Item, item.IsUndefined ? Undefined : (uint)body._out.Count);
            inner._out.AddRange(body._out.ToArray());
            if (item.IsUndefined) inner.TagAndLength(0xFFFEE00D, 0);
        }
        return inner._out.ToArray();
    }

    private bool IsExplicit => isExplicit;
    private bool IsBigEndian => isBigEndian;

    private byte[] Delimiter(ushort element)
    {
        var inner = new RawEmitter(isExplicit, isBigEndian);
        inner.TagAndLength(0xFFFE0000 | element, 0);
        return inner._out.ToArray();
    }

    private void Header(uint tag, string vr, uint length)
    {
        if (!isExplicit)
        {
            TagAndLength(tag, length);
            return;
        }
        UShort((ushort)(tag >> 16));
        UShort((ushort)tag);
        _out.Add((byte)vr[0]);
        _out.Add((byte)vr[1]);
        if (vr is "OB" or "OD" or "OF" or "OL" or "OV" or "OW" or "SQ" or "SV" or "UC" or "UN" or "UR" or "UT" or "UV")
        {
            UShort(0);
            ULong(length);
        }
        else UShort(checked((ushort)length));
    }

    private void TagAndLength(uint tag, uint length)
    {
        UShort((ushort)(tag >> 16));
        UShort((ushort)tag);
        ULong(length);
    }

    private void UShort(ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        if (isBigEndian) BinaryPrimitives.WriteUInt16BigEndian(bytes, value); else BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        _out.AddRange(bytes);
    }

    private void ULong(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (isBigEndian) BinaryPrimitives.WriteUInt32BigEndian(bytes, value); else BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _out.AddRange(bytes);
    }

    private static byte[] Padded(byte[] value, byte padding) => (value.Length & 1) == 0 ? value : [.. value, padding];

    private byte[] Swapped(byte[] value, int unit)
    {
        if (!isBigEndian || unit == 1) return value;
        var swapped = (byte[])value.Clone();
        for (var i = 0; i + unit <= swapped.Length; i += unit) swapped.AsSpan(i, unit).Reverse();
        return swapped;
    }

    /// <summary>PS3.5 §6.2: a space for text, NUL for UI and bytes.</summary>
    private static byte Padding(string vr) => vr is "OB" or "UI" or "UN" or "OW" ? (byte)0 : (byte)' ';

    private static int Unit(string vr) => vr switch
    {
        "AT" or "OW" or "SS" or "US" => 2,
        "FL" or "OF" or "OL" or "SL" or "UL" => 4,
        "FD" or "OD" or "OV" or "SV" or "UV" => 8,
        _ => 1,
    };
}
