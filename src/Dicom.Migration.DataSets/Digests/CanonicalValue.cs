using System.Buffers.Binary;

namespace Dicom.Migration.DataSets;

/// <summary>The value that a <see cref="CanonicalDigest"/> is in: swapped, trimmed and padded on its way, or held until it is whole.</summary>
internal sealed class CanonicalValue
{
    private byte[] _held = [];
    private int _count;
    private long _length, _seen;
    private int _unit;
    private byte _padding;
    private bool _hold, _trim, _dropped, _isUndecided;
    private DicomTag? _pendingSequence;

    /// <summary>Item (FFFE,E000) in Little Endian.</summary>
    internal static ReadOnlySpan<byte> ItemTag => [0xFE, 0xFF, 0x00, 0xE0];
    /// <summary>A value was started and not ended.</summary>
    internal bool IsOpen { get; private set; }
    /// <summary>The value's VR allows that it is a sequence.</summary>
    internal bool MayBeItems { get; private set; }
    /// <summary>Tag of the value.</summary>
    internal DicomTag Tag { get; private set; }
    /// <summary>The held value starts as items do, and its VR allows that it is a sequence.</summary>
    internal bool LooksLikeItems => IsOpen && _hold && MayBeItems && Held.Span.StartsWith(ItemTag);
    /// <summary>The value, where it is held.</summary>
    internal ReadOnlyMemory<byte> Held => _held.AsMemory(0, _count);

    /// <summary>The value, where it is held; later values are held elsewhere.</summary>
    internal ReadOnlyMemory<byte> Detach()
    {
        var held = Held;
        (_held, _count) = ([], 0);
        return held;
    }

    internal static void Header(ByteDigest digest, DicomTag tag, uint length)
    {
        Span<byte> header = stackalloc byte[8];
        BinaryPrimitives.WriteUInt16LittleEndian(header, tag.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], tag.Element);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], length);
        digest.Append(header);
    }

    internal void Clear() => (IsOpen, _count, _pendingSequence) = (false, 0, null);

    /// <summary>A sequence whose header is written with its first item.</summary>
    internal void Hold(DicomTag sequence) => _pendingSequence = sequence;

    internal DicomTag? TakeHeld()
    {
        var held = _pendingSequence;
        _pendingSequence = null;
        return held;
    }

    /// <summary>The value is left out.</summary>
    internal void Drop() => (IsOpen, _dropped, _hold, _isUndecided, MayBeItems, _seen) = (true, true, false, false, false, 0);

    internal void Start(DataSetReader reader, DicomVr known, bool isBigEndian, bool canBeSequence, ByteDigest digest)
    {
        Tag = reader.Tag;
        (IsOpen, _dropped, _count, _seen, _length) = (true, false, 0, 0, reader.Length);
        _unit = isBigEndian ? reader.Vr.UnitLength : 1;
        // Only the dictionary's word on text holds in every encoding: an unknown tag has no VR in Implicit VR.
        _trim = known.IsText && _length <= CanonicalDigest.MaxHeldLength;
        _padding = known.IsText ? known.PaddingByte : known.Code == 0 ? reader.Vr.PaddingByte : (byte)0;
        MayBeItems = canBeSequence && _length is >= 8 and <= CanonicalDigest.MaxHeldSequenceLength;
        _hold = _trim || (_unit > 1 && _length <= 8);
        _isUndecided = MayBeItems && !_hold;
        if (_hold) Reserve(_length);
        else if (!_isUndecided) WriteHeader(digest);
    }

    private void WriteHeader(ByteDigest digest) => Header(digest, Tag, checked((uint)(_length + (_length & 1))));

    private void Reserve(long length)
    {
        if (_held.Length < length) Array.Resize(ref _held, (int)Math.Max(length, 4_096));
    }

    internal void Append(ReadOnlySpan<byte> piece, ByteDigest digest)
    {
        if (_dropped) return;
        if (_isUndecided) piece = Decide(piece, digest);
        Take(piece, digest);
    }

    // The first four bytes tell whether it may be items: what is not is never held.
    private ReadOnlySpan<byte> Decide(ReadOnlySpan<byte> piece, ByteDigest digest)
    {
        Reserve(ItemTag.Length);
        var take = Math.Min(ItemTag.Length - _count, piece.Length);
        piece[..take].CopyTo(_held.AsSpan(_count));
        _count += take;
        if (_count < ItemTag.Length) return [];
        (_isUndecided, _hold) = (false, Held.Span.StartsWith(ItemTag));
        if (_hold)
        {
            Reserve(_length);
            return piece[take..];
        }
        Span<byte> start = stackalloc byte[ItemTag.Length];
        Held.Span.CopyTo(start);
        _count = 0;
        WriteHeader(digest);
        Take(start, digest);
        return piece[take..];
    }

    private void Take(ReadOnlySpan<byte> piece, ByteDigest digest)
    {
        if (_hold)
        {
            piece.CopyTo(_held.AsSpan(_count));
            _count += piece.Length;
            return;
        }
        if (_unit == 1)
        {
            digest.Append(piece);
            _seen += piece.Length;
            return;
        }
        AppendSwapped(piece, digest);
    }

    // A unit may be cut by the end of a piece: its first bytes wait in _held.
    private void AppendSwapped(ReadOnlySpan<byte> piece, ByteDigest digest)
    {
        Span<byte> swapped = stackalloc byte[1_024];
        while (!piece.IsEmpty)
        {
            var take = Math.Min(piece.Length, swapped.Length - _count);
            _held.AsSpan(0, _count).CopyTo(swapped);
            piece[..take].CopyTo(swapped[_count..]);
            piece = piece[take..];
            var there = _count + take;
            var whole = there - (there % _unit);
            Swap(swapped[..whole], _unit);
            digest.Append(swapped[..whole]);
            _seen += whole;
            _count = there - whole;
            Reserve(8);
            swapped[whole..there].CopyTo(_held);
        }
    }

    internal void End(ByteDigest digest)
    {
        IsOpen = false;
        if (_dropped) return;
        var value = _held.AsSpan(0, _count);
        if (_hold)
        {
            Swap(value[..(_count - (_count % _unit))], _unit);
            if (_trim) value = value.TrimEnd(" \0"u8);
            Header(digest, Tag, (uint)(value.Length + (value.Length & 1)));
            _seen = 0;
        }
        digest.Append(value); // what is held, or what is left of a last unit that is not whole
        if (((_seen + value.Length) & 1) != 0) digest.Append([_padding]);
        _count = 0;
    }

    private static void Swap(Span<byte> bytes, int unit)
    {
        if (unit == 1) return;
        for (var at = 0; at < bytes.Length; at += unit) bytes.Slice(at, unit).Reverse();
    }
}
