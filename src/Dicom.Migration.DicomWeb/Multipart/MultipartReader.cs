using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.DicomWeb.Multipart;

/// <summary>Reads a multipart body (RFC 2046 §5.1, PS3.18 §8.6.1.2) part by part, forward only, copying no content.</summary>
/// <remarks>A part is read or disposed before the next is asked for; until then the input is read no further than its reader asks.
/// A body that ends without its final boundary is cut off (<see cref="FaultCode.PeerClosedEarly"/>), never "fewer parts".</remarks>
public sealed class MultipartReader
{
    private readonly PipeReader _input;
    private readonly MultipartDelimiter _delimiter;
    private readonly MultipartLimits _limits;
    private MultipartBody? _current;
    private MultipartMatchKind _ahead; // what the delimiter in front of the input said
    private int _parts;

    /// <summary>A reader that reads nothing before it is asked.</summary>
    /// <param name="input">The body. Stays the caller's.</param>
    /// <param name="boundary">The boundary as Content-Type names it, without quotes.</param>
    /// <param name="limits">Limits, or <see langword="null"/> for the defaults.</param>
    /// <exception cref="DicomWebException">The boundary is empty or malformed (<see cref="FaultCode.ProtocolViolation"/>), or too long (<see cref="FaultCode.MessageTooLong"/>).</exception>
    public MultipartReader(PipeReader input, string boundary, MultipartLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(boundary);
        (_input, _delimiter, _limits) = (input, new MultipartDelimiter(boundary), limits ?? new MultipartLimits());
        ArgumentOutOfRangeException.ThrowIfLessThan(_limits.MaxHeaderLength, 64, nameof(limits));
        ArgumentOutOfRangeException.ThrowIfLessThan(_limits.MaxParts, 1, nameof(limits));
    }

    /// <summary>Goes to the next part; what is left of the one before is passed over.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns><see langword="null"/> after the final boundary.</returns>
    /// <exception cref="DicomWebException">The input ends too early, is malformed, or is beyond a limit.</exception>
    public async ValueTask<MultipartPart?> ReadPartAsync(CancellationToken cancellationToken = default)
    {
        if (_current is { } before)
        {
            _ahead = await before.SkipAsync(cancellationToken).ConfigureAwait(false);
            _current = null;
        }
        else if (_ahead is MultipartMatchKind.None) _ahead = await SkipPreambleAsync(cancellationToken).ConfigureAwait(false);
        if (_ahead is MultipartMatchKind.Last) return null;
        if (++_parts > _limits.MaxParts) throw new DicomWebException(FaultCode.MessageTooLong, "A multipart body has more parts than the limit.");
        var headers = await ReadHeadersAsync(cancellationToken).ConfigureAwait(false);
        _current = new MultipartBody(_input, _delimiter);
        return new MultipartPart(headers, _current);
    }

    private async ValueTask<MultipartMatchKind> SkipPreambleAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await ReadAsync(cancellationToken).ConfigureAwait(false);
            var match = _delimiter.Find(read.Buffer, 0, isFirst: true, read.IsCompleted);
            if (match is { Kind: MultipartMatchKind.Part or MultipartMatchKind.Last } && match.Offset <= _limits.MaxHeaderLength)
            {
                _input.AdvanceTo(read.Buffer.GetPosition(match.Offset + match.Length));
                return match.Kind;
            }
            _input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (match.Offset > _limits.MaxHeaderLength) throw new DicomWebException(FaultCode.ProtocolViolation, "A multipart body does not begin with its boundary.");
            if (read.IsCompleted) throw CutOff();
        }
    }

    private async ValueTask<MultipartHeaders> ReadHeadersAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await ReadAsync(cancellationToken).ConfigureAwait(false);
            var (end, length) = EndOfHeaders(read.Buffer.Slice(0, Math.Min(read.Buffer.Length, _limits.MaxHeaderLength + 4L)));
            if (end >= 0)
            {
                try { return MultipartHeaders.Parse(read.Buffer.Slice(0, end).ToArray()); }
                finally { _input.AdvanceTo(read.Buffer.GetPosition(end + length)); }
            }
            _input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.Buffer.Length >= _limits.MaxHeaderLength + 4L) throw new DicomWebException(FaultCode.MessageTooLong, "The header of a part is longer than the limit.");
            if (read.IsCompleted) throw CutOff();
        }
    }

    /// <summary>Where the block of fields ends, and the length of the empty line behind it; -1 if that is not here yet.</summary>
    private static (long End, int Length) EndOfHeaders(ReadOnlySequence<byte> input)
    {
        var reader = new SequenceReader<byte>(input);
        if (reader.IsNext("\r\n"u8)) return (0, 2); // RFC 2046 §5.1: a part may have no header fields
        return reader.TryReadTo(out ReadOnlySequence<byte> fields, "\r\n\r\n"u8) ? (fields.Length, 4) : (-1, 0);
    }

    private async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken)
    {
        var read = await _input.ReadAsync(cancellationToken).ConfigureAwait(false);
        return read.IsCanceled ? throw new OperationCanceledException(cancellationToken) : read;
    }

    internal static DicomWebException CutOff() =>
        new(FaultCode.PeerClosedEarly, "A multipart body ended before its final boundary.");
}
