using System.Net;

namespace Dicom.Migration.Testing;

/// <summary>The body of an answer: with or without a length, whole or broken off.</summary>
/// <param name="bytes">All of it.</param>
/// <param name="breakOff">Bytes after which it breaks off; <see langword="null"/> for never.</param>
/// <param name="isQuiet">Breaking off looks like the end.</param>
/// <param name="hasLength">Whether the length is told.</param>
internal sealed class WebPacsBody(byte[] bytes, long? breakOff, bool isQuiet, bool hasLength) : HttpContent
{
    private readonly bool _isWhole = breakOff is null || breakOff >= bytes.Length;

    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return hasLength;
    }

    protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromResult<Stream>(new Cut(bytes, (int)Math.Min(breakOff ?? bytes.Length, bytes.Length), _isWhole || (isQuiet && !hasLength)));

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        var content = await CreateContentReadStreamAsync().ConfigureAwait(false);
        await using (content.ConfigureAwait(false)) await content.CopyToAsync(stream).ConfigureAwait(false);
    }

    private sealed class Cut(byte[] all, int length, bool endsWell) : Stream
    {
        private int _position;

        public override int Read(Span<byte> buffer)
        {
            if (_position == length && !endsWell && !buffer.IsEmpty) throw new HttpIOException(HttpRequestError.ResponseEnded);
            var read = Math.Min(buffer.Length, length - _position);
            all.AsSpan(_position, read).CopyTo(buffer);
            _position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));
        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer.AsSpan(offset, count)));
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
