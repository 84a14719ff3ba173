using System.Buffers;
using System.Buffers.Binary;

namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>One presentation data value: a fragment of a command or data set (PS3.8 §9.3.5.1, Annex E).</summary>
internal readonly record struct PresentationDataValue(byte ContextId, bool IsCommand, bool IsLast, ReadOnlySequence<byte> Fragment);

/// <summary>Walks the values of a P-DATA-TF, copying nothing.</summary>
/// <param name="body">The PDU without its header.</param>
/// <param name="missing">Bytes of its last value that are not here yet.</param>
internal ref struct PresentationDataReader(ReadOnlySequence<byte> body, int missing = 0)
{
    private ReadOnlySequence<byte> _rest = body;
    private long _offset = Pdu.HeaderLength;
    private bool _any;

    public PresentationDataValue Current { get; private set; }

    /// <summary>What follows the current value.</summary>
    public readonly ReadOnlySequence<byte> Rest => _rest;

    /// <returns><see langword="false"/> at the end of the PDU.</returns>
    /// <exception cref="AssociationException">A length is below 2 or above what is left, an identifier even, a reserved bit set, or there is no value at all.</exception>
    public bool TryRead()
    {
        if (_rest.IsEmpty)
            return _any ? false : throw ItemCursor.Violation((int)_offset, "A P-DATA-TF holds no value (PS3.8 §9.3.5).");
        if (_rest.Length < 6) throw ItemCursor.Violation((int)_offset, "A P-DATA-TF ends inside the header of a value.");
        Span<byte> header = stackalloc byte[6];
        _rest.Slice(0, 6).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (length < 2 || length > _rest.Length + missing - 4) throw ItemCursor.Violation((int)_offset, "The length of a value is not within its P-DATA-TF.");
        if ((header[4] & 1) == 0) throw ItemCursor.Violation((int)_offset + 4, "A presentation context identifier is even.");
        // PS3.8 §E.2: bits 2 to 7 of the message control header are not checked by the receiver.
        Current = new PresentationDataValue(header[4], (header[5] & 1) != 0, (header[5] & 2) != 0, _rest.Slice(6, Math.Min(length - 2, _rest.Length - 6)));
        _rest = _rest.Slice(Math.Min(4 + (long)length, _rest.Length));
        _offset += 4 + (long)length;
        return _any = true;
    }
}
