using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Dicom.Migration.DataSets;

/// <summary>Reads a data set forward only, in pieces cut anywhere, copying nothing and allocating nothing per element.</summary>
/// <remarks>Explicit VR Little and Big Endian and Implicit VR Little Endian (PS3.5 §7.1), nested sequences and encapsulated pixel data
/// (§7.5, §A.4). A value of VR UN and undefined length is a sequence in Implicit VR Little Endian (§6.2.2). Reads no value whole: a
/// caller may stop at any token, skip a value, or take it piece by piece. A deflated data set is inflated first. Not thread-safe.</remarks>
public sealed class DataSetReader
{
    private const uint Undefined = 0xFFFFFFFF;
    private const long NoLimit = long.MaxValue;
    private readonly Func<DicomTag, DicomVr>? _implicitVr;
    private readonly long _maxElements;
    private readonly int _maxDepth;
    private Level[] _levels = []; // file meta information and most command sets have none
    private int _depth, _sequences;
    private long _count, _inputEnd;
    private bool _explicit, _bigEndian, _inItems;

    private enum LevelKind : byte { Sequence, Item, Fragments }

    /// <param name="Kind">What is open.</param> <param name="Tag">Tag of the header.</param> <param name="Vr">Its VR.</param>
    /// <param name="Start">Offset of its header.</param>
    /// <param name="End">Offset of its end, or -1 where a delimiter ends it.</param> <param name="Limit">The nearest end of it or what it lies in.</param>
    /// <param name="OuterExplicit">Encoding outside.</param> <param name="OuterBigEndian">Byte order outside.</param>
    private readonly record struct Level(LevelKind Kind, DicomTag Tag, DicomVr Vr, long Start, long End, long Limit, bool OuterExplicit, bool OuterBigEndian);

    /// <summary>Makes a reader of Explicit VR Little Endian; <see cref="Reset"/> sets another encoding.</summary>
    /// <param name="options">Limits and dictionary, or <see langword="null"/> for the defaults.</param>
    public DataSetReader(DataSetReaderOptions? options = null)
    {
        options ??= new DataSetReaderOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxDepth, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxElements, 1, nameof(options));
        (_maxDepth, _maxElements, _implicitVr) = (options.MaxDepth, options.MaxElements, options.ImplicitVr);
        Reset(TransferSyntax.ExplicitVrLittleEndian);
    }

    /// <summary>What was read last.</summary>
    public DataSetToken Token { get; private set; }
    /// <summary>Tag of the element; of its sequence or fragment list at their ends; (FFFE,E000) of an item or fragment and at an item's end.</summary>
    public DicomTag Tag { get; private set; }
    /// <summary>VR as read, or of the dictionary in Implicit VR; the default value where there is none.</summary>
    public DicomVr Vr { get; private set; }
    /// <summary>Length field of the header in bytes; -1 where it is undefined. At an end: 0 with a delimiter, -1 without.</summary>
    public long Length { get; private set; }
    /// <summary>Offset of the header in bytes; at an end without a delimiter, the offset where it lies.</summary>
    public long HeaderOffset { get; private set; }
    /// <summary>Offset of the first byte after the header.</summary>
    public long ValueOffset { get; private set; }
    /// <summary>Sequences and items around the token: 0 on the top level, 1 for an item, 2 for an element in it.</summary>
    public int Depth { get; private set; }
    /// <summary>Bytes of the current value that are still to come.</summary>
    public long ValueRemaining { get; private set; }
    /// <summary>Offset of the next byte wanted.</summary>
    public long Position { get; private set; }
    /// <summary>The current element's header carries a VR.</summary>
    public bool IsExplicitVr { get; private set; }
    /// <summary>The current element is Big Endian.</summary>
    public bool IsBigEndian { get; private set; }
    /// <summary>Elements, items and fragments read so far.</summary>
    public long ElementCount => _count;

    /// <summary>Starts on another data set.</summary>
    /// <param name="syntax">Its encoding; of a deflated one, that of the inflated bytes.</param>
    /// <param name="offset">Offset of its first byte in its file; offsets told count from there.</param>
    /// <param name="length">Bytes there are in all, or <see langword="null"/>: lengths beyond it are refused at once.</param>
    public void Reset(TransferSyntax syntax, long offset = 0, long? length = null)
    {
        ArgumentNullException.ThrowIfNull(syntax);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        (_explicit, _bigEndian) = (syntax.IsExplicitVr, syntax.IsBigEndian);
        (IsExplicitVr, IsBigEndian) = (_explicit, _bigEndian);
        (_depth, _sequences, _count, ValueRemaining, _inItems) = (0, 0, 0, 0, false);
        _inputEnd = length is { } l ? checked(offset + l) : NoLimit;
        (Token, Tag, Vr, Length, Depth) = (DataSetToken.None, default, default, 0, 0);
        (Position, HeaderOffset, ValueOffset) = (offset, offset, offset);
    }

    /// <summary>Starts on a value that is the items of a sequence in Implicit VR Little Endian, without the sequence's header.</summary>
    /// <param name="length">Bytes of the value.</param>
    internal void ResetToItems(long length)
    {
        Reset(TransferSyntax.ImplicitVrLittleEndian, 0, length);
        _inItems = true;
    }

    // Read, ReadHeader and Accept run for every element of every file: they are compiled at full optimization at once. Started in slow
    // code, as others are, a scan of 10,000 files was over before the fast one was there: it took a third more CPU time.
    /// <summary>Reads the next token.</summary>
    /// <param name="input">The bytes from <see cref="Position"/> on; may end anywhere.</param>
    /// <param name="isFinal">Nothing follows <paramref name="input"/>.</param>
    /// <param name="consumed">Bytes that belong to the token; of a <see cref="DataSetToken.Value"/> they are the piece.</param>
    /// <returns><see langword="false"/> if more input is needed, at most 12 bytes of it, and after the end; nothing is consumed then.</returns>
    /// <exception cref="DicomFormatException">The bytes are not a data set in this encoding.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Read(ReadOnlySpan<byte> input, bool isFinal, out int consumed)
    {
        consumed = 0;
        if (Token == DataSetToken.End) return false;
        if (ValueRemaining > 0)
        {
            if (input.IsEmpty) return isFinal ? throw Bad(FaultCode.LengthBeyondInput, Tag, HeaderOffset) : false;
            consumed = (int)Math.Min(input.Length, ValueRemaining);
            ValueRemaining -= consumed;
            Position += consumed;
            Token = DataSetToken.Value;
            return true;
        }
        if (_depth > 0 && Position == _levels[_depth - 1].End)
        {
            Close(hasDelimiter: false);
            return true;
        }
        if (input.IsEmpty || (_depth == 0 && Position == _inputEnd))
        {
            if (!isFinal && Position != _inputEnd) return false;
            if (_depth > 0) throw Unclosed();
            (HeaderOffset, ValueOffset, Tag, Vr, Length, Depth) = (Position, Position, default, default, 0, 0);
            Token = DataSetToken.End;
            return true;
        }
        return ReadHeader(input, isFinal, out consumed);
    }

    /// <summary>Leaves out what is left of the current value. The caller goes on with the input that many bytes further.</summary>
    /// <returns>Bytes to leave out; 0 where no value is open.</returns>
    public long SkipValue()
    {
        var skipped = ValueRemaining;
        Position += skipped;
        ValueRemaining = 0;
        return skipped;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool ReadHeader(ReadOnlySpan<byte> input, bool isFinal, out int consumed)
    {
        consumed = 0;
        var limit = _depth > 0 ? _levels[_depth - 1].Limit : _inputEnd;
        if (limit - Position < 8) throw _depth > 0 && limit == Position ? Unclosed() : Bad(FaultCode.TruncatedHeader, null, Position);
        if (input.Length < 8) return isFinal ? throw Bad(FaultCode.TruncatedHeader, null, Position) : false;
        var tag = new DicomTag(UInt16(input), UInt16(input[2..]));
        DicomVr vr = default;
        uint length;
        var size = 8;
        if (tag.Group == 0xFFFE || !_explicit)
        {
            length = UInt32(input[4..]);
            if (tag.Group != 0xFFFE && _implicitVr is not null) vr = _implicitVr(tag);
        }
        else
        {
            vr = new DicomVr(BinaryPrimitives.ReadUInt16BigEndian(input[4..]));
            if (!vr.IsWellFormed) throw Bad(_depth == 0 && _count > 0 && tag.Value == 0 ? FaultCode.TrailingBytes : FaultCode.MalformedVr, tag, Position);
            if (vr.HasLongLength)
            {
                size = 12;
                if (limit - Position < 12) throw Bad(FaultCode.TruncatedHeader, tag, Position);
                if (input.Length < 12) return isFinal ? throw Bad(FaultCode.TruncatedHeader, tag, Position) : false;
                length = UInt32(input[8..]);
            }
            else length = UInt16(input[6..]);
        }
        Accept(tag, vr, length, size, limit);
        consumed = size;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Accept(DicomTag tag, DicomVr vr, uint length, int size, long limit)
    {
        var inside = _depth > 0 ? _levels[_depth - 1].Kind : _inItems ? LevelKind.Sequence : LevelKind.Item;
        var end = Position + size;
        if (tag.Group == 0xFFFE && tag != DicomTag.Item)
        {
            // Delimiters carry a length of 0; some writers put another number there, and no value after it.
            var closes = _depth > 0 && _levels[_depth - 1].End < 0
                && (inside == LevelKind.Item ? tag == DicomTag.ItemDelimitation : tag == DicomTag.SequenceDelimitation);
            if (!closes) throw Bad(FaultCode.MisplacedItem, tag, Position);
            Close(hasDelimiter: true);
            (ValueOffset, Position) = (end, end);
            return;
        }
        if (_count >= _maxElements) throw Bad(FaultCode.TooManyElements, tag, Position);
        if ((inside == LevelKind.Item) == (tag == DicomTag.Item)) throw Bad(FaultCode.MisplacedItem, tag, Position);
        if (length != Undefined && length > limit - end) throw Bad(FaultCode.LengthBeyondInput, tag, Position);
        _count++;
        (Tag, Vr, Length, HeaderOffset, ValueOffset, Depth) = (tag, vr, length == Undefined ? -1 : length, Position, end, _depth);
        (IsExplicitVr, IsBigEndian) = (_explicit, _bigEndian);
        if (inside == LevelKind.Sequence)
        {
            Open(DataSetToken.ItemStart, LevelKind.Item, limit);
        }
        else if (inside == LevelKind.Fragments)
        {
            if (length == Undefined) throw Bad(FaultCode.UndefinedLengthNotAllowed, tag, Position);
            (Token, ValueRemaining) = (DataSetToken.Fragment, length);
        }
        else if (IsFragments(tag, vr, length))
        {
            Open(DataSetToken.FragmentsStart, LevelKind.Fragments, limit);
        }
        else if (IsSequence(vr, length))
        {
            if (++_sequences > _maxDepth) throw Bad(FaultCode.NestingTooDeep, tag, Position);
            Open(DataSetToken.SequenceStart, LevelKind.Sequence, limit);
            if (_explicit && vr == DicomVr.UN) (_explicit, _bigEndian) = (false, false); // PS3.5 §6.2.2, note on UN
        }
        else if (length == Undefined)
        {
            throw Bad(FaultCode.UndefinedLengthNotAllowed, tag, Position);
        }
        else
        {
            (Token, ValueRemaining) = (DataSetToken.ElementStart, length);
        }
        Position = end;
    }

    private static readonly DicomTag PixelData = new(0x7FE0, 0x0010);

    // OB and OW of undefined length are fragments wherever they stand: PS3.5 §A.4 has them in (7FE0,0010) alone, private data elsewhere.
    private bool IsFragments(DicomTag tag, DicomVr vr, uint length) => length == Undefined
        && (tag == PixelData || (_explicit && (vr == DicomVr.OB || vr == DicomVr.OW)));

    private bool IsSequence(DicomVr vr, uint length) => vr == DicomVr.SQ || (length == Undefined && (!_explicit || vr == DicomVr.UN));

    private void Open(DataSetToken token, LevelKind kind, long limit)
    {
        var end = Length < 0 ? -1 : ValueOffset + Length;
        if (_depth == _levels.Length) Array.Resize(ref _levels, Math.Min(Math.Max(8, _levels.Length * 2), (2 * _maxDepth) + 2));
        _levels[_depth++] = new Level(kind, Tag, Vr, HeaderOffset, end, end < 0 ? limit : end, _explicit, _bigEndian);
        Token = token;
    }

    private void Close(bool hasDelimiter)
    {
        var level = _levels[--_depth];
        Token = level.Kind switch
        {
            LevelKind.Sequence => DataSetToken.SequenceEnd,
            LevelKind.Item => DataSetToken.ItemEnd,
            _ => DataSetToken.FragmentsEnd,
        };
        if (level.Kind == LevelKind.Sequence) _sequences--;
        (Tag, Vr, Depth, HeaderOffset, ValueOffset) = (level.Tag, level.Vr, _depth, Position, Position);
        Length = hasDelimiter ? 0 : -1;
        (_explicit, _bigEndian) = (level.OuterExplicit, level.OuterBigEndian);
        (IsExplicitVr, IsBigEndian) = (_explicit, _bigEndian);
    }

    private DicomFormatException Unclosed()
    {
        var level = _levels[_depth - 1];
        return Bad(level.End < 0 ? FaultCode.MissingDelimiter : FaultCode.LengthBeyondInput, level.Tag, level.Start);
    }

    private ushort UInt16(ReadOnlySpan<byte> bytes) => _bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
    private uint UInt32(ReadOnlySpan<byte> bytes) => _bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    private static DicomFormatException Bad(FaultCode code, DicomTag? tag, long offset) => new(new Fault(code, tag, offset));
}
