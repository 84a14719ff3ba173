using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Dicom.Migration.DicomWeb.Multipart;

namespace Dicom.Migration.DicomWeb.Tests.Multipart;

/// <summary>Multipart bodies, written plainly and read in any pieces.</summary>
internal static class MultipartSample
{
    public static byte[] Write(string boundary, IEnumerable<byte[]> contents, string header = "Content-Type: application/dicom\r\n", bool isClosed = true)
    {
        using var all = new MemoryStream();
        foreach (var content in contents)
        {
            all.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}\r\n{header}\r\n"));
            all.Write(content);
        }
        if (isClosed) all.Write(Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"));
        return all.ToArray();
    }

    /// <summary>Bytes cut into segments of their own, handed out one more at each read.</summary>
    public static PipeReader InPieces(byte[] bytes, int piece) => PipeReader.Create(new PieceStream(bytes, piece), new StreamPipeReaderOptions(bufferSize: Math.Max(piece, 16), minimumReadSize: 1));

    public static async Task<List<byte[]>> ReadAllAsync(MultipartReader reader)
    {
        var contents = new List<byte[]>();
        while (await reader.ReadPartAsync(TestContext.Current.CancellationToken) is { } part)
        {
            using var content = new MemoryStream();
            await part.Body.CopyToAsync(content, TestContext.Current.CancellationToken);
            contents.Add(content.ToArray());
        }
        return contents;
    }

    private sealed class PieceStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, piece)]);
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
    }
}
