using System.Buffers;

namespace Dicom.Migration.DicomWeb.Multipart;

/// <summary>Writes what is small together, and what is large as it is: a connection is written to in few, large steps.</summary>
/// <param name="stream">The connection.</param>
/// <param name="progress">Is called when it has taken something.</param>
internal sealed class GatheringWriter(Stream stream, Action progress) : IDisposable
{
    private const int Capacity = 131_072; // bytes: beyond, a larger write is no faster
    private const int Large = Capacity / 2; // bytes: not worth a copy
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(Capacity);
    private int _length;
    private bool _isDisposed;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (bytes.Length >= Large || bytes.Length > Capacity - _length) return WriteThroughAsync(bytes, cancellationToken);
        Gather(bytes.Span);
        return ValueTask.CompletedTask;
    }

    private async ValueTask WriteThroughAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        if (bytes.Length < Large)
        {
            Gather(bytes.Span);
            return;
        }
        await stream.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
        progress();
    }

    private void Gather(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>Writes what was gathered.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_length == 0) return;
        await stream.WriteAsync(_buffer.AsMemory(0, _length), cancellationToken).ConfigureAwait(false);
        _length = 0;
        progress();
    }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        ArrayPool<byte>.Shared.Return(_buffer);
    }
}
