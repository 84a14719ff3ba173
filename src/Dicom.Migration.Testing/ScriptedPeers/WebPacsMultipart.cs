using System.Text;

namespace Dicom.Migration.Testing;

/// <summary>Multipart bodies (RFC 2046 §5.1), written and read plainly: whole ones, in memory. Shares no code with the reader that it is to test.</summary>
internal static class WebPacsMultipart
{
    public static byte[] Write(string boundary, string type, IEnumerable<ReadOnlyMemory<byte>> contents)
    {
        using var all = new MemoryStream();
        foreach (var content in contents)
        {
            all.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}\r\nContent-Type: {type}\r\n\r\n"));
            all.Write(content.Span);
        }

        all.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"));
        return all.ToArray();
    }

    /// <returns><see langword="null"/> if the final boundary is missing.</returns>
    public static List<byte[]>? Read(ReadOnlySpan<byte> body, string boundary)
    {
        var parts = new List<byte[]>();
        var delimiter = Encoding.ASCII.GetBytes("\r\n--" + boundary);
        var at = body.StartsWith(delimiter.AsSpan(2)) ? -2 : body.IndexOf(delimiter); // at the very beginning it may lack its CR LF
        if (at == -1) return null;
        while (at != -1)
        {
            body = body[(at + delimiter.Length)..];
            if (body.StartsWith("--"u8)) return parts;
            var start = body.IndexOf("\r\n\r\n"u8);
            at = body.IndexOf(delimiter);
            if (start < 0 || at < start + 4) return null;
            parts.Add(body[(start + 4)..at].ToArray());
        }

        return null;
    }
}
