namespace Dicom.Migration.DataSets;

/// <summary>D2: SHA-256 of a data set in one canonical encoding, so that the same content in any encoding has the same digest.</summary>
/// <remarks>The canonical encoding is Implicit VR Little Endian. Sequences and items have undefined lengths, an empty sequence is an
/// element without value; group lengths, Length to End (0008,0001) and Data Set Trailing Padding (FFFC,FFFC) are left out; the VR of a
/// known tag is the dictionary's; its text loses trailing spaces and NULs; odd values are padded (PS3.5 §6.2). A value of a tag that
/// is not known, or known as SQ or UN, of up to 16 MiB that is items in Implicit VR Little Endian throughout is taken as a sequence.
/// Text over 1 MiB is taken as it stands. Pixel data is Big Endian in GE's private transfer syntax 1.2.840.113619.5.2. Not thread-safe.</remarks>
public sealed class CanonicalDigest : IDisposable
{
    /// <summary>Longest text that is trimmed, in bytes; it is held in memory for that.</summary>
    public const int MaxHeldLength = 1_048_576;
    /// <summary>Longest value that is taken for the sequence that its bytes are, in bytes; one that starts as an item is held in memory.
    /// 16 MiB: private sequences of ultrasound machines take some MiB.</summary>
    public const int MaxHeldSequenceLength = 16_777_216;
    private const string GePixelDataBigEndian = "1.2.840.113619.5.2";
    private const int MaxNesting = 64;
    private static readonly DicomTag LengthToEnd = new(0x0008, 0x0001);
    private static readonly DicomTag TrailingPadding = new(0xFFFC, 0xFFFC);
    private static readonly DicomTag PixelData = new(0x7FE0, 0x0010);
    private readonly ByteDigest _digest = new();
    private readonly Func<DicomTag, DicomVr> _dictionary;
    private readonly DataSetReader _reader;
    private readonly DataSetReader _trial;
    private readonly List<DataSetReader> _inner = [];
    private readonly CanonicalValue _value = new();
    private bool _isPixelDataBigEndian;

    /// <summary>Makes one.</summary>
    /// <param name="dictionary">The VR of a tag; the default value for one that it does not know.</param>
    public CanonicalDigest(Func<DicomTag, DicomVr> dictionary)
    {
        ArgumentNullException.ThrowIfNull(dictionary);
        _dictionary = dictionary;
        var options = new DataSetReaderOptions { ImplicitVr = dictionary };
        (_reader, _trial) = (new DataSetReader(options), new DataSetReader(options));
    }

    /// <summary>The digest of an encoded data set that is all in memory.</summary>
    /// <param name="dataSet">Without file meta information; inflated, if it was deflated.</param>
    /// <param name="syntax">Its encoding.</param>
    /// <exception cref="DicomFormatException">The data set is malformed.</exception>
    public byte[] Of(ReadOnlySpan<byte> dataSet, TransferSyntax syntax)
    {
        Reset(syntax);
        Append(dataSet, isFinal: true);
        return Finish();
    }

    /// <summary>Starts on another data set.</summary>
    /// <param name="syntax">Its encoding; of a deflated one, that of the inflated bytes.</param>
    public void Reset(TransferSyntax syntax)
    {
        _reader.Reset(syntax); // which tells of an argument that is null
        _isPixelDataBigEndian = syntax.Uid == GePixelDataBigEndian;
        _value.Clear();
        if (_digest.Count > 0) _digest.Finish(stackalloc byte[ByteDigest.Length]);
    }

    /// <summary>Takes bytes of the data set.</summary>
    /// <param name="input">What was not consumed before, and what follows it.</param>
    /// <param name="isFinal">Nothing follows.</param>
    /// <returns>Bytes consumed; at most 11 are left over.</returns>
    /// <exception cref="DicomFormatException">The data set is malformed.</exception>
    public int Append(ReadOnlySpan<byte> input, bool isFinal)
    {
        var at = 0;
        while (_reader.Read(input[at..], isFinal, out var consumed))
        {
            if (_reader.Token == DataSetToken.Value) _value.Append(input.Slice(at, consumed), _digest);
            else Take(_reader);
            at += consumed;
            if (_reader.ValueRemaining == 0 && _value.IsOpen) EndValue();
        }
        return at;
    }

    /// <summary>The digest of the data set, which must have been read to its end.</summary>
    /// <exception cref="InvalidOperationException">The end was not read.</exception>
    public byte[] Finish() => _reader.Token == DataSetToken.End ? _digest.Finish() : throw new InvalidOperationException("The data set was not read to its end.");

    private void Take(DataSetReader reader)
    {
        // A pending sequence header is written by the first item; without one the sequence is an element of no value.
        switch (reader.Token)
        {
            case DataSetToken.ElementStart when reader.Tag.IsGroupLength || reader.Tag == LengthToEnd || reader.Tag == TrailingPadding:
                _value.Drop();
                break;
            case DataSetToken.ElementStart:
                var known = _dictionary(reader.Tag);
                var isBigEndian = reader.IsBigEndian || (_isPixelDataBigEndian && reader.Depth == 0 && reader.Tag == PixelData);
                _value.Start(reader, known, isBigEndian, canBeSequence: known.Code == 0 || known == DicomVr.UN || known == DicomVr.SQ, _digest);
                break;
            case DataSetToken.Fragment:
                _value.Start(reader, DicomVr.OB, isBigEndian: false, canBeSequence: false, _digest);
                break;
            case DataSetToken.SequenceStart:
                _value.Hold(reader.Tag);
                break;
            case DataSetToken.FragmentsStart:
                CanonicalValue.Header(_digest, reader.Tag, 0xFFFFFFFF);
                break;
            case DataSetToken.ItemStart:
                if (_value.TakeHeld() is { } held) CanonicalValue.Header(_digest, held, 0xFFFFFFFF);
                CanonicalValue.Header(_digest, DicomTag.Item, 0xFFFFFFFF);
                break;
            case DataSetToken.ItemEnd:
                CanonicalValue.Header(_digest, DicomTag.ItemDelimitation, 0);
                break;
            case DataSetToken.SequenceEnd when _value.TakeHeld() is { } empty:
                CanonicalValue.Header(_digest, empty, 0);
                break;
            case DataSetToken.SequenceEnd or DataSetToken.FragmentsEnd:
                CanonicalValue.Header(_digest, DicomTag.SequenceDelimitation, 0);
                break;
        }
    }

    private void EndValue()
    {
        if (!_value.LooksLikeItems || !IsItems(_value.Held.Span)) _value.End(_digest);
        else TakeItems();
    }

    /// <summary>Writes a held value as the sequence that it is, and values in it likewise: a stack of readers, each on a slice of the one buffer.</summary>
    private void TakeItems()
    {
        var bytes = _value.Detach(); // values inside may be held too
        var stack = new Stack<(DataSetReader Reader, int Start, ReadOnlyMemory<byte> Bytes)>();
        stack.Push((Inner(0), 0, bytes));
        stack.Peek().Reader.ResetToItems(bytes.Length);
        CanonicalValue.Header(_digest, _value.Tag, 0xFFFFFFFF);
        _value.Clear();
        while (stack.TryPop(out var top))
        {
            var (reader, at, whole) = top;
            var entered = false;
            while (reader.Read(whole.Span[at..], true, out var consumed))
            {
                if (reader.Token == DataSetToken.Value)
                {
                    // A value of a buffer comes in one piece.
                    var piece = whole.Slice(at, consumed);
                    at += consumed;
                    if (_value.MayBeItems && stack.Count + 1 < MaxNesting && piece.Span.StartsWith(CanonicalValue.ItemTag) && IsItems(piece.Span))
                    {
                        CanonicalValue.Header(_digest, _value.Tag, 0xFFFFFFFF);
                        _value.Clear();
                        stack.Push((reader, at, whole));
                        var inner = Inner(stack.Count);
                        inner.ResetToItems(piece.Length);
                        stack.Push((inner, 0, piece));
                        entered = true;
                        break;
                    }
                    _value.Append(piece.Span, _digest);
                }
                else
                {
                    at += consumed;
                    if (reader.Token == DataSetToken.End) break;
                    Take(reader);
                }
                if (reader.ValueRemaining == 0 && _value.IsOpen) _value.End(_digest);
            }
            if (!entered) CanonicalValue.Header(_digest, DicomTag.SequenceDelimitation, 0);
        }
    }

    private DataSetReader Inner(int index)
    {
        while (_inner.Count <= index) _inner.Add(new DataSetReader(new DataSetReaderOptions { ImplicitVr = _dictionary }));
        return _inner[index];
    }

    private bool IsItems(ReadOnlySpan<byte> value)
    {
        try
        {
            _trial.ResetToItems(value.Length);
            for (var at = 0; _trial.Read(value[at..], true, out var consumed); at += consumed) { }
            return true;
        }
        catch (DicomFormatException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _digest.Dispose();
}
