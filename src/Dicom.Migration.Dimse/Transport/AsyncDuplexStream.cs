namespace Dicom.Migration.Dimse.Transport;

/// <summary>A connection that is read and written without blocking, and in no other way: what a <see cref="Stream"/> has besides is refused.</summary>
internal abstract class AsyncDuplexStream : Stream
{
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
}
