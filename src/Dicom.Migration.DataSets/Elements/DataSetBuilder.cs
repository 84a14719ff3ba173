using System.Buffers.Binary;

namespace Dicom.Migration.DataSets;

/// <summary>Builds a <see cref="DataSet"/> of the tokens of a reader; values are slices of the bytes read.</summary>
internal sealed class DataSetBuilder(ReadOnlyMemory<byte> bytes, TransferSyntax syntax, DataSetOptions options)
{
    /// <summary>A sequence, an item or a list of fragments that is open.</summary>
    private sealed class Level
    {
        internal DicomTag Tag;
        internal DicomVr Vr;
        internal bool IsUndefined;
        internal ushort Reserved;
        internal DataSet? Item;
        internal List<DataSet>? Items;
        internal List<ReadOnlyMemory<byte>>? Fragments;
    }

    private readonly DataSet _root = new(syntax);
    private readonly Stack<Level> _open = [];
    private readonly DataSetReader _reader = new(new DataSetReaderOptions { MaxDepth = options.MaxDepth, MaxElements = options.MaxElements, ImplicitVr = options.Dictionary });

    /// <param name="offset">Of the first byte in its file, for errors.</param>
    /// <exception cref="DicomFormatException">The data set is malformed or beyond a limit.</exception>
    internal DataSet Build(long offset)
    {
        if (bytes.Length > options.MaxLength) throw new DicomFormatException(new Fault(FaultCode.DataSetTooLong));
        _reader.Reset(syntax, offset, bytes.Length);
        var at = 0;
        while (_reader.Read(bytes.Span[at..], true, out var consumed))
        {
            var header = bytes.Slice(at, consumed);
            at += consumed;
            Take(header.Span, bytes.Slice(at, (int)_reader.ValueRemaining));
            at += (int)_reader.SkipValue();
        }
        if (!syntax.IsExplicitVr) ChooseSigns();
        return _root;
    }

    // Implicit VR does not say whether US or SS is meant; the nearest Pixel Representation does (PS3.6: "US or SS").
    private void ChooseSigns()
    {
        var walk = new DataSetWalk(_root);
        while (walk.Next())
        {
            if (walk.Step != DataSetStep.Element || walk.Element.Vr != DicomVr.US) continue;
            if (DataElementDictionary.TryGet(walk.Element.Tag, out var entry) && entry.AlternativeVr == DicomVr.SS && walk.Place.Set.HasSignedPixels)
                walk.Place.Set.Put(walk.Place.Index, new DataElement(walk.Element.Tag, DicomVr.SS, walk.Element.Value));
        }
    }

    private void Take(ReadOnlySpan<byte> header, ReadOnlyMemory<byte> value)
    {
        switch (_reader.Token)
        {
            case DataSetToken.ElementStart:
                Append(new DataElement(_reader.Tag, _reader.Vr, value, _reader.IsBigEndian) { Reserved = Reserved(header) });
                break;
            case DataSetToken.SequenceStart:
                _open.Push(new Level { Tag = _reader.Tag, Vr = _reader.Vr, IsUndefined = _reader.Length < 0, Reserved = Reserved(header), Items = [] });
                break;
            case DataSetToken.ItemStart:
                _open.Push(new Level { Item = new DataSet(_root.TransferSyntax) { HasUndefinedLength = _reader.Length < 0 } });
                break;
            case DataSetToken.ItemEnd:
                var item = _open.Pop().Item!;
                item.DelimiterLength = DelimiterLength(header);
                _open.Peek().Items!.Add(item);
                break;
            case DataSetToken.SequenceEnd:
                var sequence = _open.Pop();
                Append(DataElement.ReadSequence(sequence.Tag, sequence.Vr, sequence.Items!, sequence.IsUndefined, sequence.Reserved, DelimiterLength(header)));
                break;
            case DataSetToken.FragmentsStart:
                _open.Push(new Level { Tag = _reader.Tag, Vr = _reader.Vr, Reserved = Reserved(header), Fragments = [] });
                break;
            case DataSetToken.Fragment:
                _open.Peek().Fragments!.Add(value);
                break;
            case DataSetToken.FragmentsEnd:
                var fragments = _open.Pop();
                Append(DataElement.ReadFragments(fragments.Tag, fragments.Vr, fragments.Fragments!, fragments.Reserved, DelimiterLength(header)));
                break;
        }
    }

    private void Append(DataElement element) => (_open.TryPeek(out var level) ? level.Item! : _root).Append(element);

    private ushort Reserved(ReadOnlySpan<byte> header) => header.Length == 12 ? UInt16(header[6..]) : (ushort)0;

    // In UN the reader is back outside at the end, and its delimiter is Little Endian (PS3.5 §6.2.2): the order shows in the tag.
    private static uint DelimiterLength(ReadOnlySpan<byte> header) => header.Length < 8 ? 0
        : header[0] == 0xFE ? BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) : BinaryPrimitives.ReadUInt32BigEndian(header[4..]);

    private ushort UInt16(ReadOnlySpan<byte> at) => _reader.IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(at) : BinaryPrimitives.ReadUInt16LittleEndian(at);
}
