using System.Buffers;
using System.Text;

namespace Dicom.Migration.DicomWeb.Multipart;

/// <summary>Finds the line between two parts: CR LF "--" boundary, then padding and CR LF, or "--" if no part follows (RFC 2046 §5.1.1).</summary>
/// <remarks>RFC 2046 lets a reader be content with the beginning of the line. In pixel data that would cut where a boundary is but the start
/// of other bytes, so the whole line has to be there: what is taken for content wrongly is missed when the parts are counted.</remarks>
internal sealed class MultipartDelimiter
{
    private const int MaxPadding = 64;
    private readonly byte[] _bytes;

    /// <exception cref="DicomWebException">The boundary is empty, too long or holds what no boundary may (RFC 2046 §5.1.1: 1 to 70 characters).</exception>
    public MultipartDelimiter(string boundary)
    {
        if (boundary.Length > 70) throw new DicomWebException(FaultCode.MessageTooLong, "The boundary of a multipart body is longer than 70 characters.");
        if (boundary.Length == 0 || boundary[^1] == ' ' || boundary.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw new DicomWebException(FaultCode.ProtocolViolation, "The boundary of a multipart body is none.");
        _bytes = Encoding.ASCII.GetBytes("\r\n--" + boundary);
    }

    /// <summary>Looks for the first delimiter that begins at <paramref name="from"/> or behind it.</summary>
    /// <param name="input">What there is.</param>
    /// <param name="from">Offset in bytes to begin at.</param>
    /// <param name="isFirst">Offset 0 may hold a delimiter without its CR LF, as before the first part.</param>
    /// <param name="isFinal">Nothing follows <paramref name="input"/>.</param>
    public MultipartMatch Find(ReadOnlySequence<byte> input, long from, bool isFirst, bool isFinal)
    {
        if (isFirst && from == 0 && Line(input, 0, _bytes.AsSpan(2), isFinal) is { Kind: not MultipartMatchKind.None } atStart) return atStart;
        while (true)
        {
            var at = IndexOfStart(input, from);
            if (at < 0) return new MultipartMatch(MultipartMatchKind.None, input.Length, 0);
            var match = Line(input, at, _bytes, isFinal);
            if (match.Kind is not MultipartMatchKind.None) return match;
            from = at + 1;
        }
    }

    /// <summary>Offset of the first place that holds the delimiter's bytes, or as many of them as there are; -1 if there is none.</summary>
    private long IndexOfStart(ReadOnlySequence<byte> input, long from)
    {
        var (offset, position) = (from, input.GetPosition(from));
        while (input.TryGet(ref position, out var memory))
        {
            var span = memory.Span;
            var at = span.IndexOf(_bytes);
            // A delimiter may begin in this segment's last bytes and end in another; one found whole comes before those.
            if (at >= 0) return offset + at;
            for (var tail = Math.Max(0, span.Length - _bytes.Length + 1); tail < span.Length; tail++)
            {
                var next = span[tail..].IndexOf(_bytes[0]);
                if (next < 0) break;
                tail += next;
                if (BeginsWith(input.Slice(offset + tail), _bytes)) return offset + tail;
            }
            offset += span.Length;
        }
        return -1;
    }

    // Whether input and delimiter agree as far as both go.
    private static bool BeginsWith(ReadOnlySequence<byte> input, ReadOnlySpan<byte> delimiter)
    {
        foreach (var memory in input)
        {
            var length = Math.Min(memory.Length, delimiter.Length);
            if (!memory.Span[..length].SequenceEqual(delimiter[..length])) return false;
            delimiter = delimiter[length..];
            if (delimiter.IsEmpty) return true;
        }
        return true;
    }

    private static MultipartMatch Line(ReadOnlySequence<byte> input, long at, ReadOnlySpan<byte> delimiter, bool isFinal)
    {
        var none = new MultipartMatch(MultipartMatchKind.None, at, 0);
        var more = isFinal ? none : new MultipartMatch(MultipartMatchKind.More, at, 0);
        var rest = input.Slice(at);
        if (!BeginsWith(rest, delimiter)) return none;
        if (rest.Length < delimiter.Length) return more;
        Span<byte> behind = stackalloc byte[MaxPadding + 4];
        rest = rest.Slice(delimiter.Length);
        var tail = behind[..(int)Math.Min(rest.Length, behind.Length)];
        rest.Slice(0, tail.Length).CopyTo(tail);

        var isLast = tail.StartsWith("--"u8);
        if (tail is [(byte)'-'] && !isFinal) return more;
        var padding = tail[(isLast ? 2 : 0)..];
        var end = padding.IndexOfAnyExcept((byte)' ', (byte)'\t');
        var kind = isLast ? MultipartMatchKind.Last : MultipartMatchKind.Part;
        var length = delimiter.Length + (isLast ? 2 : 0);
        if (end < 0) // all of it is padding, or there is none
            return isFinal && isLast ? new MultipartMatch(kind, at, length + padding.Length) : padding.Length > MaxPadding ? none : more;
        padding = padding[end..];
        if (padding.StartsWith("\r\n"u8)) return new MultipartMatch(kind, at, length + end + 2);
        return padding is [(byte)'\r'] && end <= MaxPadding ? more : none;
    }
}

/// <summary>What was found.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Offset">Where it begins; content ends there. With <see cref="MultipartMatchKind.None"/>, all is content.</param>
/// <param name="Length">Its bytes, line end included.</param>
internal readonly record struct MultipartMatch(MultipartMatchKind Kind, long Offset, int Length);

/// <summary>What a place in a multipart body is.</summary>
internal enum MultipartMatchKind
{
    /// <summary>No delimiter.</summary>
    None,
    /// <summary>Perhaps one: it is not all here.</summary>
    More,
    /// <summary>A part follows.</summary>
    Part,
    /// <summary>No part follows.</summary>
    Last,
}
