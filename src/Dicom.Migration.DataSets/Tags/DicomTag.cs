using System.Globalization;

namespace Dicom.Migration.DataSets;

/// <summary>The tag of a data element: group and element number (PS3.5 §7.1).</summary>
/// <param name="Group">Group number.</param>
/// <param name="Element">Element number.</param>
public readonly record struct DicomTag(ushort Group, ushort Element) : IComparable<DicomTag>
{
    /// <summary>Makes a tag of its 32-bit form, 0xGGGGEEEE.</summary>
    public DicomTag(uint value) : this((ushort)(value >> 16), (ushort)value) { }

    /// <summary>Item (FFFE,E000).</summary>
    public static DicomTag Item => new(0xFFFE, 0xE000);
    /// <summary>Item Delimitation Item (FFFE,E00D).</summary>
    public static DicomTag ItemDelimitation => new(0xFFFE, 0xE00D);
    /// <summary>Sequence Delimitation Item (FFFE,E0DD).</summary>
    public static DicomTag SequenceDelimitation => new(0xFFFE, 0xE0DD);

    /// <summary>The tag as 0xGGGGEEEE.</summary>
    public uint Value => ((uint)Group << 16) | Element;
    /// <summary>An odd group: a private element or its creator (PS3.5 §7.8).</summary>
    public bool IsPrivate => (Group & 1) != 0;
    /// <summary>A private creator (gggg,0010) to (gggg,00FF) of an odd group (PS3.5 §7.8.1).</summary>
    public bool IsPrivateCreator => IsPrivate && Element is >= 0x0010 and <= 0x00FF;
    /// <summary>Group Length (gggg,0000) (PS3.5 §7.2).</summary>
    public bool IsGroupLength => Element == 0;

    /// <inheritdoc/>
    public int CompareTo(DicomTag other) => Value.CompareTo(other.Value);
    /// <summary>(gggg,eeee), hexadecimal, capital letters.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"({Group:X4},{Element:X4})");

    /// <summary>Earlier in a data set.</summary>
    public static bool operator <(DicomTag left, DicomTag right) => left.Value < right.Value;
    /// <summary>Later in a data set.</summary>
    public static bool operator >(DicomTag left, DicomTag right) => left.Value > right.Value;
    /// <summary>Earlier or the same.</summary>
    public static bool operator <=(DicomTag left, DicomTag right) => left.Value <= right.Value;
    /// <summary>Later or the same.</summary>
    public static bool operator >=(DicomTag left, DicomTag right) => left.Value >= right.Value;
}
