using System.Buffers;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>Between TLS, which reads and writes record by record, and the socket: one send for all records of a PDU, one receive for as many as are there.</summary>
internal sealed class CoalescingStream(Stream inner) : AsyncDuplexStream
{
    private const int Capacity = 147_456; // a PDU of 131,078 bytes in records of 16 KiB, each with some 30 bytes more
    private const int LittleRoom = 8_192; // of a handshake
    private byte[]? _incoming;
    private int _start;
    private int _end;
    private byte[]? _outgoing;
    private int _held;
    private bool _isHolding;
    private int _isDisposed;

    /// <summary>Whether anything has come.</summary>
    public bool HasReceived { get; private set; }

    /// <summary>What is written from now on waits for <see cref="ReleaseAsync"/>, as far as there is room.</summary>
    public void Hold() => _isHolding = true;

    /// <summary>Sends what was held.</summary>
    public async ValueTask ReleaseAsync(CancellationToken cancellationToken)
    {
        _isHolding = false;
        var held = _held;
        _held = 0;
        if (held > 0) await inner.WriteAsync(_outgoing.AsMemory(0, held), cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_isHolding || buffer.Length > Capacity)
        {
            var isHolding = _isHolding;
            await ReleaseAsync(cancellationToken).ConfigureAwait(false);
            _isHolding = isHolding;
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            return;
        }

        _outgoing ??= ArrayPool<byte>.Shared.Rent(Capacity);
        if (_held + buffer.Length > _outgoing.Length)
        {
            await ReleaseAsync(cancellationToken).ConfigureAwait(false);
            Hold();
        }

        buffer.CopyTo(_outgoing.AsMemory(_held));
        _held += buffer.Length;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        if (_start == _end)
        {
            if (_incoming is null || _incoming.Length < Capacity && _end == _incoming.Length) _incoming = new byte[_incoming is null ? LittleRoom : Capacity]; // who only comes and says nothing holds little
            _end = await inner.ReadAsync(_incoming, cancellationToken).ConfigureAwait(false);
            _start = 0;
            HasReceived |= _end > 0;
        }

        var count = Math.Min(buffer.Length, _end - _start);
        _incoming.AsMemory(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    // The buffers are not given back: a read that is under way when the connection is closed may still fill its one.
    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0 && disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0) await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
