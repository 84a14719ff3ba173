using System.Text;

namespace Dicom.Migration.DicomWeb.Multipart;

/// <summary>The header fields of one part (RFC 2046 §5.1), by name in any case. Peer data: trust no value, follow no URL.</summary>
public sealed class MultipartHeaders
{
    private readonly Dictionary<string, string> _fields = new(StringComparer.OrdinalIgnoreCase);

    private MultipartHeaders() { }

    /// <summary>Content-Type, as it stands.</summary>
    public string? ContentType => this["Content-Type"];
    /// <summary>Content-Location, as it stands.</summary>
    public string? ContentLocation => this["Content-Location"];
    /// <summary>Number of fields.</summary>
    public int Count => _fields.Count;

    /// <summary>The value of a field, or <see langword="null"/>.</summary>
    /// <param name="name">Its name, in any case.</param>
    public string? this[string name] => _fields.GetValueOrDefault(name);

    /// <summary>Reads a block of lines, each ended by CR LF.</summary>
    /// <exception cref="DicomWebException">A line is no header field (<see cref="FaultCode.ProtocolViolation"/>).</exception>
    internal static MultipartHeaders Parse(ReadOnlySpan<byte> block)
    {
        var headers = new MultipartHeaders();
        string? name = null;
        while (!block.IsEmpty)
        {
            var end = block.IndexOf("\r\n"u8);
            var line = end < 0 ? block : block[..end];
            block = end < 0 ? default : block[(end + 2)..];
            if (line is [(byte)' ' or (byte)'\t', ..] && name is not null)
            {
                // RFC 2822 §2.2.3: a folded line goes on with the field before it.
                headers._fields[name] += " " + Encoding.Latin1.GetString(line.Trim(" \t"u8));
                continue;
            }
            var colon = line.IndexOf((byte)':');
            if (colon <= 0 || line[..colon].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
                throw new DicomWebException(FaultCode.ProtocolViolation, "A line in the header of a part is no header field.");
            name = Encoding.ASCII.GetString(line[..colon]);
            if (!headers._fields.TryAdd(name, Encoding.Latin1.GetString(line[(colon + 1)..].Trim(" \t"u8))))
                throw new DicomWebException(FaultCode.ProtocolViolation, "A header field of a part stands there twice.");
        }
        return headers;
    }
}
