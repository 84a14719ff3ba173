namespace Dicom.Migration.DataSets;

/// <content>Where elements stand, and which items are whose.</content>
public sealed partial class DataSet
{
    private static readonly DicomTag PixelRepresentation = new(0x0028, 0x0103);

    private int IndexOf(DicomTag tag)
    {
        if (!_isSorted) return _elements.FindIndex(e => e.Tag == tag);
        var place = PlaceOf(tag);
        return place < _elements.Count && _elements[place].Tag == tag ? place : -1;
    }

    /// <summary>Before the first element that is not less; where they are out of order, before the first that is greater than it.</summary>
    private int PlaceOf(DicomTag tag)
    {
        if (!_isSorted) return _elements.FindIndex(e => e.Tag > tag) is var first and >= 0 ? first : _elements.Count;
        var (low, high) = (0, _elements.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_elements[middle].Tag < tag) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    /// <summary>Pixel Representation (0028,0103) is 1, here or around here.</summary>
    internal bool HasSignedPixels
    {
        get
        {
            for (var set = this; set is not null; set = set._outer)
                if (set.TryGetValue(PixelRepresentation, out var value) && value.TryGetInt64(out var number)) return number == 1;
            return false;
        }
    }

    /// <summary>Puts an element of the same tag at a place.</summary>
    internal void Put(int index, DataElement element) => _elements[index] = element;

    private bool Holds(DataSet item)
    {
        for (var set = this; set is not null; set = set._outer)
            if (set == item) return true;
        return false;
    }

    private void Adopt(DataElement element)
    {
        foreach (var item in element.Items) (item._outer, item._outerSequence) = (this, element.Tag);
    }

    private static void Release(DataElement element)
    {
        foreach (var item in element.Items) (item._outer, item._outerSequence) = (null, default);
    }

    private void DropGroupLengths(DicomTag changed)
    {
        var tag = changed;
        for (DataSet? set = this; set is not null; set = set._outer)
        {
            if (!tag.IsGroupLength && set.IndexOf(new DicomTag(tag.Group, 0)) is var index and >= 0) set._elements.RemoveAt(index);
            tag = set._outerSequence;
        }
    }
}
