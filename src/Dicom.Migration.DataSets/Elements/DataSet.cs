using System.Collections;

namespace Dicom.Migration.DataSets;

/// <summary>A data set in memory, or an item of a sequence: its elements in the order in which they are written.</summary>
/// <remarks>What was read and not changed is written as the same bytes, malformed values, odd lengths and private elements too.
/// Holds values as they are encoded and decodes them when asked. Not thread-safe.</remarks>
public sealed partial class DataSet : IReadOnlyList<DataElement>
{
    private static readonly DicomTag CharacterSetTag = new(0x0008, 0x0005);
    private readonly List<DataElement> _elements = [];
    private bool _isSorted = true;
    private DataSet? _outer; // the data set whose sequence this is an item of
    private DicomTag _outerSequence;

    /// <summary>Makes an empty data set, or an empty item.</summary>
    /// <param name="syntax">What it is written in unless told otherwise; default Explicit VR Little Endian. Not looked at in an item.</param>
    public DataSet(TransferSyntax? syntax = null) => TransferSyntax = syntax ?? TransferSyntax.ExplicitVrLittleEndian;

    /// <summary>The encoding that it was read in, or that it was made for.</summary>
    public TransferSyntax TransferSyntax { get; }
    /// <summary>As an item: ends with a delimiter.</summary>
    public bool HasUndefinedLength { get; init; }
    internal uint DelimiterLength { get; set; }

    /// <summary>Number of elements on this level.</summary>
    public int Count => _elements.Count;
    /// <summary>An element by its place.</summary>
    /// <param name="index">From 0.</param>
    public DataElement this[int index] => _elements[index];

    /// <summary>Finds an element of this level; of repeated ones, which the standard forbids, the first.</summary>
    /// <returns><see langword="null"/> if there is none.</returns>
    public DataElement? Find(DicomTag tag) => IndexOf(tag) is var index and >= 0 ? _elements[index] : null;

    /// <summary>Decodes the value of an element.</summary>
    /// <param name="tag">The element.</param>
    /// <param name="value">Its value, in the character set in force here; empty if there is none.</param>
    /// <returns><see langword="false"/> if the element is not here, or has items or fragments.</returns>
    public bool TryGetValue(DicomTag tag, out DicomValue value)
    {
        var element = Find(tag);
        var found = element is { IsSequence: false, IsEncapsulated: false };
        value = found ? new DicomValue(element!.Vr, element.Value, element.IsBigEndian, element.Vr.UsesSpecificCharacterSet ? CharacterSet : null) : default;
        return found;
    }

    /// <summary>The first value of an element as text; <see langword="null"/> if there is none.</summary>
    public string? GetString(DicomTag tag) => TryGetValue(tag, out var value) && value.TryGetString(out var text) ? text : null;

    /// <summary>The character sets in force: of this item, or of what is around it (PS3.3 §C.12.1.1.2).</summary>
    public SpecificCharacterSet CharacterSet
    {
        get
        {
            for (var set = this; set is not null; set = set._outer)
                if (set.Find(CharacterSetTag) is { } element) return SpecificCharacterSet.Parse(element.Value.Span);
            return SpecificCharacterSet.Default;
        }
    }

    /// <summary>Puts an element that is not there yet at its place: lets a data set be made by a collection initializer.</summary>
    /// <param name="element">The element.</param>
    /// <exception cref="ArgumentException">It is there already; or as of <see cref="Set(DataElement)"/>.</exception>
    public void Add(DataElement element)
    {
        ArgumentNullException.ThrowIfNull(element);
        if (Find(element.Tag) is not null) throw new ArgumentException("The element is there already.", nameof(element));
        Set(element);
    }

    /// <summary>Puts an element at its place, instead of the one of its tag if there is one.</summary>
    /// <param name="element">The element. The items of a sequence belong to this data set from now on.</param>
    /// <remarks>The lengths of its group and of the groups around it go: they would be wrong (retired, PS3.5 §7.2).</remarks>
    /// <exception cref="ArgumentException">One of its items is in another sequence already, or this data set is in it.</exception>
    public void Set(DataElement element)
    {
        ArgumentNullException.ThrowIfNull(element);
        foreach (var item in element.Items)
            if ((item._outer is not null && (item._outer != this || item._outerSequence != element.Tag)) || Holds(item))
                throw new ArgumentException("An item is in another sequence already, or around this data set: copy it.", nameof(element));
        var index = IndexOf(element.Tag);
        if (index >= 0)
        {
            Release(_elements[index]);
            _elements[index] = element;
        }
        else _elements.Insert(PlaceOf(element.Tag), element);
        Adopt(element);
        DropGroupLengths(element.Tag);
    }

    /// <summary>Gives a text element other values, in the character set in force; adds it if it is not there.</summary>
    /// <param name="tag">The element. Its VR stays, or is the dictionary's.</param>
    /// <param name="values">Its values, without padding; none makes it empty.</param>
    /// <exception cref="DicomFormatException">A character is in none of the sets (<see cref="FaultCode.TextNotEncodable"/>).</exception>
    /// <exception cref="ArgumentException">The VR has no characters.</exception>
    public void Set(DicomTag tag, params IEnumerable<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var known = DataElementDictionary.VrOf(tag);
        var vr = Find(tag) is { Vr.IsText: true } element ? element.Vr : known;
        Set(DataElement.Text(tag, vr, values, CharacterSet));
    }

    /// <summary>Takes an element out, and all of its tag.</summary>
    /// <returns><see langword="false"/> if there was none.</returns>
    public bool Remove(DicomTag tag)
    {
        var index = IndexOf(tag);
        if (index < 0) return false;
        for (; index >= 0; index = IndexOf(tag))
        {
            Release(_elements[index]);
            _elements.RemoveAt(index);
        }
        DropGroupLengths(tag);
        return true;
    }

    /// <inheritdoc/>
    public IEnumerator<DataElement> GetEnumerator() => _elements.GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Takes an element as it comes, in any order.</summary>
    internal void Append(DataElement element)
    {
        _isSorted &= _elements.Count == 0 || _elements[^1].Tag < element.Tag;
        _elements.Add(element);
        Adopt(element);
    }
}
