namespace Dicom.Migration.DataSets;

/// <summary>Walks a data set once, finds the places of the patches, and works out the bytes.</summary>
internal sealed class PatchPlanner(TransferSyntax syntax, IReadOnlyList<ElementPatch> patches)
{
    /// <summary>A sequence or item that is open: where its header is and by how much it grows.</summary>
    private struct Open
    {
        internal DicomTag Tag;
        internal long LengthOffset, Length, Growth;
        internal int Item;
        internal bool IsBigEndian;
    }

    private readonly List<Splice> _splices = [];
    private readonly List<Open> _open = [];
    private readonly bool[] _done = new bool[patches.Count];
    private int _left = patches.Count;
    private int _replacing = -1; // the sequence that goes
    private long _replacingFrom;
    private int _replacingDepth;
    private bool _explicit = syntax.IsExplicitVr, _bigEndian = syntax.IsBigEndian;

    internal List<Splice> Run(ReadOnlySpan<byte> start)
    {
        for (var i = 0; i < patches.Count; i++)
            for (var j = 0; j < i; j++)
                if (patches[i].Tag == patches[j].Tag && patches[i].Path.SequenceEqual(patches[j].Path)) throw NotApplicable(i);
        var reader = new DataSetReader(new DataSetReaderOptions { ImplicitVr = VrHere });
        reader.Reset(syntax);
        var at = 0L;
        // The walk may stop only on the top level, where no length is left to put right.
        while (_left > 0 || _open.Count > 0 || _replacing >= 0)
        {
            if (at > start.Length) throw new DicomFormatException(new Fault(FaultCode.LengthBeyondInput, reader.Tag, reader.HeaderOffset));
            if (!reader.Read(start[(int)at..], true, out var consumed)) break;
            at += consumed;
            Take(reader);
            at += reader.SkipValue();
        }
        for (var i = 0; i < _done.Length; i++)
            if (!_done[i]) throw NotApplicable(i);
        return _splices;
    }

    private void Take(DataSetReader reader)
    {
        switch (reader.Token)
        {
            case DataSetToken.ElementStart or DataSetToken.SequenceStart or DataSetToken.FragmentsStart:
                if (_replacing < 0) Element(reader);
                if (reader.Token != DataSetToken.ElementStart) Push(reader, isItem: false);
                break;
            case DataSetToken.ItemStart:
                var sequence = _open[^1];
                sequence.Item++;
                _open[^1] = sequence;
                Push(reader, isItem: true);
                break;
            case DataSetToken.ItemEnd:
                if (_replacing < 0) AddBefore(null, reader.HeaderOffset, atEnd: true);
                Pop();
                break;
            case DataSetToken.SequenceEnd or DataSetToken.FragmentsEnd:
                Pop();
                if (_replacing >= 0 && reader.Depth == _replacingDepth)
                {
                    Change(_replacing, _replacingFrom, reader.ValueOffset - _replacingFrom);
                    _replacing = -1;
                }
                break;
            case DataSetToken.End:
                AddBefore(null, reader.HeaderOffset, atEnd: true);
                break;
        }
    }

    private void Element(DataSetReader reader)
    {
        (_explicit, _bigEndian) = (reader.IsExplicitVr, reader.IsBigEndian);
        AddBefore(reader.Tag, reader.HeaderOffset, atEnd: false);
        for (var i = 0; i < patches.Count; i++)
        {
            if (patches[i].Tag != reader.Tag || !IsHere(patches[i].Path)) continue;
            if (_done[i] || patches[i].Kind == ElementPatchKind.Add) throw NotApplicable(i); // repeated, or there already
            if (reader.Token == DataSetToken.ElementStart)
                Change(i, reader.HeaderOffset, reader.ValueOffset - reader.HeaderOffset + reader.Length);
            else
                (_replacing, _replacingFrom, _replacingDepth) = (i, reader.HeaderOffset, reader.Depth);
            return;
        }
    }

    /// <summary>Adds what belongs before an element, or at the end of what is open: in the order of tags.</summary>
    private void AddBefore(DicomTag? next, long offset, bool atEnd)
    {
        while (true)
        {
            var first = -1;
            for (var i = 0; i < patches.Count; i++)
                if (!_done[i] && patches[i].Kind == ElementPatchKind.Add && (atEnd || patches[i].Tag < next) && IsHere(patches[i].Path)
                    && (first < 0 || patches[i].Tag < patches[first].Tag)) first = i;
            if (first < 0) return;
            Change(first, offset, 0);
        }
    }

    private void Change(int patch, long offset, long removed)
    {
        var bytes = patches[patch].Kind == ElementPatchKind.Remove ? [] : EncodedElement.Of(patches[patch], _explicit, _bigEndian);
        _splices.Add(new Splice(offset, removed, bytes));
        if (_open.Count > 0)
        {
            var open = _open[^1];
            open.Growth += bytes.Length - removed;
            _open[^1] = open;
        }
        _done[patch] = true;
        _left--;
    }

    private bool IsHere(IReadOnlyList<ItemStep> path) => _open.Count == path.Count * 2 && StartsHere(path);

    /// <summary>The sequences and items that are open are the first steps of the path.</summary>
    private bool StartsHere(IReadOnlyList<ItemStep> path)
    {
        if ((_open.Count & 1) != 0 || _open.Count > path.Count * 2) return false;
        for (var i = 0; 2 * i < _open.Count; i++)
            if (_open[2 * i].Tag != path[i].Sequence || _open[2 * i].Item != path[i].Item) return false;
        return true;
    }

    // A sequence of defined length shows in Implicit VR by the dictionary alone: those on the way are sequences, where the way leads
    // through; the same tag may be another thing elsewhere.
    private DicomVr VrHere(DicomTag tag)
    {
        foreach (var patch in patches)
            if (patch.Path.Count > _open.Count / 2 && patch.Path[_open.Count / 2].Sequence == tag && StartsHere(patch.Path)) return DicomVr.SQ;
        return default;
    }

    private void Push(DataSetReader reader, bool isItem)
    {
        // What stands in a UN of undefined length is Implicit VR Little Endian (PS3.5 §6.2.2).
        var isUn = !isItem && reader.IsExplicitVr && reader.Vr == DicomVr.UN;
        _open.Add(new Open { Tag = reader.Tag, Item = -1, Length = reader.Length, LengthOffset = reader.ValueOffset - 4, IsBigEndian = reader.IsBigEndian });
        if (isUn) (_explicit, _bigEndian) = (false, false);
        else (_explicit, _bigEndian) = (reader.IsExplicitVr, reader.IsBigEndian);
    }

    private void Pop()
    {
        var closed = _open[^1];
        _open.RemoveAt(_open.Count - 1);
        if (closed.Growth != 0 && closed.Length >= 0)
        {
            var length = closed.Length + closed.Growth;
            if (length >= uint.MaxValue) throw new DicomFormatException(new Fault(FaultCode.PatchNotApplicable, closed.Tag));
            _splices.Add(new Splice(closed.LengthOffset, 4, EncodedElement.Length(length, closed.IsBigEndian)));
        }
        if (_open.Count == 0)
        {
            (_explicit, _bigEndian) = (syntax.IsExplicitVr, syntax.IsBigEndian);
            return;
        }
        var outer = _open[^1];
        outer.Growth += closed.Growth;
        _open[^1] = outer;
    }

    private DicomFormatException NotApplicable(int patch) => new(new Fault(FaultCode.PatchNotApplicable, patches[patch].Tag));
}
