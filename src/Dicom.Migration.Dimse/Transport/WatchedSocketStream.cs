using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>A TCP connection, as <see cref="SocketStream"/>, that is read and written by plain system calls, and waits in a <see cref="ReadinessQueue"/> only when nothing comes for a while.</summary>
/// <remarks>
/// While a peer sends, the thread that takes it apart waits for the next segment itself, inside the call that reads it and for some milliseconds at most: to look first,
/// and to wake another thread, cost more. Whether the peer holds back its next bytes until we acknowledge the last ones, as Nagle's algorithm has it, is found out by trying:
/// an acknowledgement of each segment costs a fifth of the time that reading takes.
/// </remarks>
internal sealed class WatchedSocketStream : AsyncDuplexStream
{
    private const int LongestWait = 2; // in milliseconds; where it is that of a receive, the kernel rounds it up to its clock's: to 8 of them at most
    private const int Plenty = 1_024; // bytes of late: a peer that sends less gets no thread to wait for it
    private const int PlentyOfAnswers = 64; // of one that we ask: a response to a C-STORE is longer, and worth a short wait
    private const int MostPieces = 32; // in one send
    private static readonly int MostWaiting = Math.Max(1, Environment.ProcessorCount - 1);
    private static int _waiting;
    private readonly Socket _socket;
    private readonly Readiness _readable;
    private readonly Readiness _writable;
    private readonly int _plenty;
    private readonly MemoryHandle[] _pins = new MemoryHandle[MostPieces];
    private bool _canQuickAck = true;
    private int _wakesAt = 1; // bytes
    private HoldingBack _holdingBack = new(HoldingBack.Trusted);
    private Rhythm _rhythm = new();
    private volatile bool _hasSent; // since the last read
    private int _here; // bytes that were waited for and are not read yet
    private int _came; // bytes of late: of each read that is past, half as much counts
    private int _isDisposed;

    private WatchedSocketStream(Socket socket, ReadinessQueue reads, ReadinessQueue writes, int plenty)
    {
        (_socket, _plenty) = (socket, plenty);
        socket.NoDelay = true;
        socket.ReceiveTimeout = LongestWait;
        _readable = new Readiness(reads, socket.SafeHandle);
        try
        {
            _writable = new Readiness(writes, socket.SafeHandle);
        }
        catch
        {
            _readable.Dispose(); // or the socket could never be closed
            throw;
        }
    }

    /// <summary>A stream over a socket that was accepted; where the system has no such queue, one of the framework.</summary>
    /// <remarks>From here on the stream closes the socket, and nobody else: <see cref="Socket.Dispose()"/> waits, and tries again and again, until it is watched no longer.</remarks>
    /// <exception cref="Exception">It broke before, or cannot be watched; it is the caller's to close.</exception>
    public static Stream Over(Socket socket) => ReadinessQueue.Reads is { } reads && ReadinessQueue.Writes is { } writes ? new WatchedSocketStream(socket, reads, writes, Plenty) : new SocketStream(socket);

    /// <summary>Connects; the same of a peer that we ask.</summary>
    /// <exception cref="SocketException">Refused, not found or not reached.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        if (ReadinessQueue.Reads is not { } reads || ReadinessQueue.Writes is not { } writes) return await SocketStream.ConnectAsync(host, port, cancellationToken).ConfigureAwait(false);
        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // On a thread of its own: a socket that connects asynchronously is in the framework's queue from then on.
            await Task.Factory.StartNew(() => Connect(socket, addresses, port, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested(); // in the instant in which it was made: it is closed
            return new WatchedSocketStream(socket, reads, writes, PlentyOfAnswers);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ReadMuchAsync(buffer, default, 1, cancellationToken);

    public override ValueTask<int> ReadMuchAsync(Memory<byte> buffer, Memory<byte> beyond, int least, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<int>(cancellationToken);
        if (_hasSent)
        {
            _hasSent = false;
            _rhythm.Turn();
        }

        var count = MayWait() ? ReceiveMuch(buffer.Span, beyond.Span, least) : Receive(buffer.Span, beyond.Span, mayWait: false);
        return count != SocketCalls.Nothing ? ValueTask.FromResult(count) : WaitAndReadAsync(buffer, cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _hasSent = true;
        while (!buffer.IsEmpty)
        {
            var count = SocketCalls.Send(_socket.SafeHandle, buffer.Span);
            if (count == SocketCalls.Nothing) await _writable.WaitAsync(cancellationToken).ConfigureAwait(false);
            else buffer = buffer[count..];
        }
    }

    public override async ValueTask WriteAsync(List<ReadOnlyMemory<byte>> pieces, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _hasSent = true;
        for (var (first, start) = (0, 0); first < pieces.Count;)
        {
            var count = SocketCalls.Send(_socket.SafeHandle, CollectionsMarshal.AsSpan(pieces)[first..], start, _pins);
            if (count == SocketCalls.Nothing)
            {
                await _writable.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            for (start += count; first < pieces.Count && start >= pieces[first].Length; first++) start -= pieces[first].Length;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _readable.Dispose();
            _writable.Dispose();
            try
            {
                _socket.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // the peer was faster
            }

            _socket.Dispose();
        }

        base.Dispose(disposing);
    }

    private static void Connect(Socket socket, IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        try
        {
            using var _ = cancellationToken.UnsafeRegister(static state => ((Socket)state!).Dispose(), socket);
            socket.Connect(addresses, port);
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested && e is SocketException or ObjectDisposedException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAndReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count;
        do
        {
            QuickAck();
            WakeAt(1);
            _came = 0;
            await _readable.WaitAsync(cancellationToken).ConfigureAwait(false);
            count = Receive(buffer.Span, default, mayWait: false);
        }
        while (count == SocketCalls.Nothing);

        return count;
    }

    private bool MayWait()
    {
        if (_came < _plenty) return false;
        if (Interlocked.Increment(ref _waiting) <= MostWaiting) return true;
        Interlocked.Decrement(ref _waiting);
        return false;
    }

    /// <summary>Waits until so much is here that nobody has to be woken twice for it.</summary>
    private int ReceiveMuch(Span<byte> buffer, Span<byte> beyond, int least)
    {
        try
        {
            if (_here >= least) return Receive(buffer, beyond, mayWait: false);
            var most = least;
            var isHeldBack = _holdingBack.Next();
            if (!isHeldBack)
            {
                WakeAt(most = _rhythm.Expect(least));
                if (SocketCalls.Wait(_socket.SafeHandle, LongestWait))
                {
                    _here = most;
                    _holdingBack.WaitedWell();
                    if (most > least) _rhythm.Kept();
                    return Receive(buffer, beyond, mayWait: false);
                }

                if (most > least) _rhythm.Missed();
            }

            // Held back, or after a wait in vain: what comes now was, and what does not is not on its way at all.
            QuickAck();
            WakeAt(1);
            var count = Receive(buffer, beyond, mayWait: true);
            if (count > 0 && !isHeldBack && most == least) _holdingBack.WaitedInVain();
            return count;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private int Receive(Span<byte> buffer, Span<byte> beyond, bool mayWait)
    {
        var count = SocketCalls.Receive(_socket.SafeHandle, buffer, beyond, mayWait);
        if (count == 0) ObjectDisposedException.ThrowIf(_isDisposed != 0, this); // the end is ours, and not the peer's
        _here = Math.Max(0, count < 0 ? 0 : _here - count);
        if (count <= 0) return count;
        _came = (_came >> 1) + count;
        _rhythm.Came(count);
        return count;
    }

    private void WakeAt(int least)
    {
        if (least == _wakesAt) return;
        SocketCalls.WakeAt(_socket.SafeHandle, least);
        _wakesAt = least;
    }

    private void QuickAck()
    {
        if (!_canQuickAck) return;
        _canQuickAck = SocketStream.TryQuickAck(_socket);
    }
}
