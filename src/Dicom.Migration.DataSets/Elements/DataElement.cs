using System.Globalization;

namespace Dicom.Migration.DataSets;

/// <summary>An element of a <see cref="DataSet"/>: a value field, the items of a sequence, or fragments. Immutable; the items are not.</summary>
/// <remarks>A value is held as it is encoded, right or wrong; <see cref="DicomValue"/> decodes it. Values are not copied: the caller
/// leaves the memory alone.</remarks>
public sealed class DataElement
{
    private readonly DataSet[]? _items;
    private readonly ReadOnlyMemory<byte>[]? _fragments;

    private DataElement(DicomTag tag, DicomVr vr, bool isBigEndian, ReadOnlyMemory<byte> value, DataSet[]? items, ReadOnlyMemory<byte>[]? fragments)
    {
        if (tag.Group == 0xFFFE) throw new ArgumentException("The tag is no element of a data set.", nameof(tag));
        (Tag, Vr, IsBigEndian, Value, _items, _fragments) = (tag, vr, isBigEndian, value, items, fragments);
    }

    /// <summary>Makes an element of an encoded value.</summary>
    /// <param name="tag">Its tag.</param>
    /// <param name="vr">Its VR.</param>
    /// <param name="value">The value field. An odd length stays odd (PS3.5 §7.1.1 asks for an even one); the other factories pad.</param>
    /// <param name="isBigEndian">Its numbers are Big Endian.</param>
    public DataElement(DicomTag tag, DicomVr vr, ReadOnlyMemory<byte> value, bool isBigEndian = false) : this(tag, vr, isBigEndian, value, null, null) { }

    /// <summary>Makes a sequence.</summary>
    /// <param name="tag">Its tag.</param>
    /// <param name="items">Its items; each may be in one sequence of one data set only.</param>
    /// <param name="hasUndefinedLength">Written with a delimiter instead of a length.</param>
    public static DataElement Sequence(DicomTag tag, IEnumerable<DataSet> items, bool hasUndefinedLength = false) =>
        new(tag, DicomVr.SQ, false, default, [.. items], null) { HasUndefinedLength = hasUndefinedLength };

    /// <summary>Makes encapsulated pixel data (PS3.5 §A.4).</summary>
    /// <param name="tag">(7FE0,0010).</param>
    /// <param name="vr">OB; or OW.</param>
    /// <param name="fragments">The Basic Offset Table, empty or not, and the fragments, each of even length.</param>
    public static DataElement Encapsulated(DicomTag tag, DicomVr vr, IEnumerable<ReadOnlyMemory<byte>> fragments) =>
        new(tag, vr, false, default, null, [.. fragments]) { HasUndefinedLength = true };

    /// <summary>Makes an element of text, padded to even length.</summary>
    /// <param name="tag">Its tag.</param>
    /// <param name="vr">A VR with characters.</param>
    /// <param name="values">Its values, without padding; none makes an empty element.</param>
    /// <param name="characterSet">Of the data set; <see langword="null"/> is the default repertoire.</param>
    /// <exception cref="DicomFormatException">A character is in none of the sets (<see cref="FaultCode.TextNotEncodable"/>).</exception>
    public static DataElement Text(DicomTag tag, DicomVr vr, IEnumerable<string> values, SpecificCharacterSet? characterSet = null) =>
        new(tag, vr, ValueEncoder.Text(tag, vr, values, characterSet ?? SpecificCharacterSet.Default));

    /// <summary>Makes an element of whole numbers: US, SS, UL, SL, UV, SV, OW, OL, OV, AT (0xGGGGEEEE) or IS.</summary>
    /// <param name="tag">Its tag.</param>
    /// <param name="vr">Its VR.</param>
    /// <param name="values">The numbers, each in the range of the VR. A UV above the range of a long is made of bytes.</param>
    /// <exception cref="OverflowException">A number is outside the range of the VR.</exception>
    public static DataElement Integers(DicomTag tag, DicomVr vr, params ReadOnlySpan<long> values) => new(tag, vr, ValueEncoder.Integers(vr, values));

    /// <summary>Makes an element of numbers: FL, FD, OF, OD or DS.</summary>
    /// <param name="tag">Its tag.</param>
    /// <param name="vr">Its VR.</param>
    /// <param name="values">The numbers; of DS finite ones, rounded where 16 characters do not hold all digits.</param>
    /// <exception cref="OverflowException">A number of DS is not finite.</exception>
    public static DataElement Decimals(DicomTag tag, DicomVr vr, params ReadOnlySpan<double> values) => new(tag, vr, ValueEncoder.Decimals(vr, values));

    internal static DataElement ReadSequence(DicomTag tag, DicomVr vr, List<DataSet> items, bool isUndefined, ushort reserved, uint delimiterLength) =>
        new(tag, vr, false, default, [.. items], null) { HasUndefinedLength = isUndefined, Reserved = reserved, DelimiterLength = delimiterLength };

    internal static DataElement ReadFragments(DicomTag tag, DicomVr vr, List<ReadOnlyMemory<byte>> fragments, ushort reserved, uint delimiterLength) =>
        new(tag, vr, false, default, null, [.. fragments]) { HasUndefinedLength = true, Reserved = reserved, DelimiterLength = delimiterLength };

    /// <summary>Its tag.</summary>
    public DicomTag Tag { get; }
    /// <summary>As read, or of the dictionary where the encoding has none.</summary>
    public DicomVr Vr { get; }
    /// <summary>The value field as it is encoded; empty of a sequence and of fragments.</summary>
    public ReadOnlyMemory<byte> Value { get; }
    /// <summary>Numbers in <see cref="Value"/> are Big Endian.</summary>
    public bool IsBigEndian { get; }
    /// <summary>Has items, if only none of them.</summary>
    public bool IsSequence => _items is not null;
    /// <summary>Has fragments.</summary>
    public bool IsEncapsulated => _fragments is not null;
    /// <summary>Ends, or ended, with a delimiter.</summary>
    public bool HasUndefinedLength { get; private init; }
    /// <summary>The items of a sequence; none of another element.</summary>
    public IReadOnlyList<DataSet> Items => _items ?? [];
    /// <summary>The fragments, the Basic Offset Table first; none of another element.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Fragments => _fragments ?? [];

    // What a writer may put anywhere that the standard says is 0: kept, so that what was read is written.
    internal ushort Reserved { get; init; }
    internal uint DelimiterLength { get; private init; }

    /// <summary>Tag, VR and size; no value.</summary>
    public override string ToString() => _items is not null ? string.Create(CultureInfo.InvariantCulture, $"{Tag} {Vr}, {_items.Length} items")
        : _fragments is not null ? string.Create(CultureInfo.InvariantCulture, $"{Tag} {Vr}, {_fragments.Length} fragments")
        : string.Create(CultureInfo.InvariantCulture, $"{Tag} {Vr}, {Value.Length} bytes");
}
