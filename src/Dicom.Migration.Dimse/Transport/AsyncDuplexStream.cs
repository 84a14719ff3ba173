using System.Buffers;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>A connection that is read and written without blocking, and in no other way: what a <see cref="Stream"/> has besides is refused.</summary>
internal abstract class AsyncDuplexStream : Stream
{
    /// <summary>A stream of any kind as one of these; disposed of with it.</summary>
    public static AsyncDuplexStream Of(Stream stream) => stream as AsyncDuplexStream ?? new Any(stream);

    public sealed override bool CanRead => true;
    public sealed override bool CanSeek => false;
    public sealed override bool CanWrite => true;
    public sealed override long Length => throw new NotSupportedException();
    public sealed override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    /// <summary>Reads as <see cref="ReadAsync(Memory{byte}, CancellationToken)"/> does, and may wait a little for more: of something long, all of which is on its way, few pieces are taken faster than many.</summary>
    /// <param name="buffer">Takes what comes.</param> <param name="beyond">Takes what comes once that is full.</param>
    /// <param name="least">Bytes that the peer sends, most probably, without waiting for us. Fewer than both have room for.</param> <param name="cancellationToken">Ends the wait; nothing is lost.</param>
    /// <returns>How many bytes came into both; 0 at the end of the stream.</returns>
    public virtual ValueTask<int> ReadMuchAsync(Memory<byte> buffer, Memory<byte> beyond, int least, CancellationToken cancellationToken) => ReadAsync(buffer, cancellationToken);

    public abstract override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default);

    /// <summary>Writes pieces, none of them empty, one after the other and in one piece: together in a buffer, unless the system can put them together itself. One caller at a time.</summary>
    public virtual async ValueTask WriteAsync(List<ReadOnlyMemory<byte>> pieces, CancellationToken cancellationToken)
    {
        var together = ArrayPool<byte>.Shared.Rent(pieces.Sum(static p => p.Length));
        try
        {
            var length = 0;
            foreach (var piece in pieces)
            {
                piece.CopyTo(together.AsMemory(length));
                length += piece.Length;
            }

            await WriteAsync(together.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(together);
        }
    }

    public sealed override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public sealed override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public sealed override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public sealed override void Flush()
    {
        // each write is a send
    }

    public sealed override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public sealed override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public sealed override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public sealed override void SetLength(long value) => throw new NotSupportedException();

    private sealed class Any(Stream inner) : AsyncDuplexStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync().ConfigureAwait(false);
            await base.DisposeAsync().ConfigureAwait(false);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
