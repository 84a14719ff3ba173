using System.Text.Json;

namespace Dicom.Migration.DataSets;

/// <summary>Finds where the objects of a JSON array start and end, in a buffer that is filled from a stream.</summary>
internal sealed class JsonObjects(int maxLength)
{
    private int _at; // where to go on in the buffer
    private int _scanned; // bytes of an object that were looked at in vain
    private bool _started, _inArray, _ended, _afterObject, _afterComma;

    /// <summary>Offset of the buffer's first byte in the stream.</summary>
    internal long Offset { get; private set; }

    /// <summary>Finds the next object.</summary>
    /// <param name="buffer">All bytes not discarded.</param>
    /// <param name="isFinal">Nothing follows.</param>
    /// <param name="start">Where it starts.</param> <param name="length">How long it is; 0 at the end of all.</param>
    /// <returns><see langword="false"/> if more is needed.</returns>
    /// <exception cref="DicomFormatException">This is no array of objects, or one is too long.</exception>
    internal bool TryTake(ReadOnlySpan<byte> buffer, bool isFinal, out int start, out int length)
    {
        (start, length) = (0, 0);
        if (!_started && buffer.Length < 3 && !isFinal) return false;
        if (!_started && buffer.StartsWith("\uFEFF"u8)) _at = 3;
        _started = true;
        for (; _at < buffer.Length; _at++)
        {
            switch (buffer[_at])
            {
                case (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n':
                    continue;
                case (byte)'[' when !_inArray && !_ended:
                    _inArray = true;
                    continue;
                case (byte)',' when _inArray && _afterObject:
                    (_afterObject, _afterComma) = (false, true);
                    continue;
                case (byte)']' when _inArray && !_afterComma:
                    (_inArray, _ended) = (false, true);
                    continue;
                case (byte)'{' when !_ended && !_afterObject:
                    return TryTakeObject(buffer, isFinal, out start, out length);
                default:
                    throw Bad(_at);
            }
        }
        if (!isFinal) return false;
        return _ended ? true : throw Bad(_at);
    }

    private bool TryTakeObject(ReadOnlySpan<byte> buffer, bool isFinal, out int start, out int length)
    {
        (start, length) = (_at, 0);
        var there = buffer[_at..];
        // Looked at again only when there is twice as much: a long object costs what it is long, not its square.
        if (!isFinal && there.Length < 2L * _scanned && there.Length <= maxLength) return false;
        var reader = new Utf8JsonReader(there, isFinal, new JsonReaderState(new JsonReaderOptions { MaxDepth = 1_024 }));
        try
        {
            if (reader.Read() && reader.TrySkip()) length = (int)reader.BytesConsumed;
        }
        catch (JsonException) // its message shows what it saw
        {
            throw Bad(_at + (int)reader.BytesConsumed);
        }
        if ((length == 0 ? there.Length : length) > maxLength) throw new DicomFormatException(new Fault(FaultCode.DataSetTooLong, null, Offset + _at));
        _scanned = there.Length;
        if (length == 0) return false;
        (_at, _scanned, _afterComma, _afterObject) = (_at + length, 0, false, true);
        if (!_inArray) _ended = true;
        return true;
    }

    /// <summary>Moves what is not looked at yet to the buffer's start.</summary>
    /// <returns>Bytes that went.</returns>
    internal int Discard(Span<byte> buffer)
    {
        var gone = _at;
        buffer[gone..].CopyTo(buffer);
        (_at, Offset) = (0, Offset + gone);
        return gone;
    }

    private DicomFormatException Bad(int at) => new(new Fault(FaultCode.MalformedJson, null, Offset + at));
}
