namespace Dicom.Migration.DataSets;

/// <summary>What a <see cref="DataSetWalk"/> stands on.</summary>
internal enum DataSetStep { Element, SequenceStart, ItemStart, ItemEnd, SequenceEnd }

/// <summary>Walks a data set in the order in which it is written, without recursion: input decides how deep it is.</summary>
internal sealed class DataSetWalk
{
    private readonly record struct Level(DataSet? Set, DataElement? Sequence, int Next);

    private readonly Stack<Level> _open = [];

    internal DataSetWalk(DataSet root) => _open.Push(new Level(root, null, 0));

    internal DataSetStep Step { get; private set; }
    /// <summary>The element, or the sequence that starts or ends.</summary>
    internal DataElement Element { get; private set; } = null!;
    /// <summary>Where the element is: its data set or item, and its place there.</summary>
    internal (DataSet Set, int Index) Place { get; private set; }
    /// <summary>The item that starts or ends.</summary>
    internal DataSet Item { get; private set; } = null!;

    internal bool Next()
    {
        var (set, sequence, next) = _open.Pop();
        if (set is not null)
        {
            if (next == set.Count)
            {
                (Step, Item) = (DataSetStep.ItemEnd, set);
                return _open.Count > 0;
            }
            _open.Push(new Level(set, null, next + 1));
            (Element, Place) = (set[next], (set, next));
            Step = Element.IsSequence ? DataSetStep.SequenceStart : DataSetStep.Element;
            if (Element.IsSequence) _open.Push(new Level(null, Element, 0));
            return true;
        }
        if (next == sequence!.Items.Count)
        {
            (Step, Element) = (DataSetStep.SequenceEnd, sequence);
            return true;
        }
        _open.Push(new Level(null, sequence, next + 1));
        (Step, Item) = (DataSetStep.ItemStart, sequence.Items[next]);
        _open.Push(new Level(Item, null, 0));
        return true;
    }
}
