namespace Dicom.Migration.DataSets;

/// <summary>The tags of one data set or item so far: four bytes each while they ascend, as they should.</summary>
internal sealed class SeenTags
{
    /// <summary>Most elements of one data set or item; 100,000: the largest real ones have some hundreds.</summary>
    internal const int MaxCount = 100_000;
    private readonly List<uint> _ascending = [];
    private readonly HashSet<uint> _others = [];

    internal void Clear()
    {
        _ascending.Clear();
        _others.Clear();
    }

    /// <summary>Takes the next tag.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="offset">Offset of its header.</param>
    /// <param name="inOrder">It is the highest so far.</param>
    /// <returns><see langword="false"/> if it was there already.</returns>
    /// <exception cref="DicomFormatException">There are too many.</exception>
    internal bool Add(DicomTag tag, long offset, out bool inOrder)
    {
        inOrder = _ascending.Count == 0 || _ascending[^1] < tag.Value;
        if (!inOrder && (_ascending.BinarySearch(tag.Value) >= 0 || !_others.Add(tag.Value))) return false;
        if (inOrder) _ascending.Add(tag.Value);
        if (_ascending.Count + _others.Count > MaxCount) throw new DicomFormatException(new Fault(FaultCode.TooManyElements, tag, offset));
        return true;
    }
}
