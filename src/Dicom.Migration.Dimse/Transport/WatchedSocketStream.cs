using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>A TCP connection, as <see cref="SocketStream"/>, that is read and written by plain system calls, and waits in a <see cref="ReadinessQueue"/> only when nothing comes for a while.</summary>
/// <remarks>
/// While a peer sends, the thread that takes it apart waits for the next segment itself: at first it only lets others run, as being put to sleep and woken
/// costs more than the copy of a segment, then it sleeps for a millisecond at most, as waking another thread costs more still.
/// </remarks>
internal sealed class WatchedSocketStream : AsyncDuplexStream
{
    private const int LongestWait = 1_000; // in microseconds
    private const int Plenty = 1_024; // bytes: a peer that sends less at a time gets no thread to wait for it
    private const int MostYields = 4, WaitsUntilNextTry = 64;
    private static readonly int MostWaiting = Math.Max(1, Environment.ProcessorCount - 1);
    private static int _waiting;
    private readonly Socket _socket;
    private readonly Readiness _readable;
    private readonly Readiness _writable;
    private readonly int _plenty;
    private bool _quickAck = true;
    private long _came; // bytes since the last long wait
    private int _yields = MostYields;
    private int _untried;
    private int _isDisposed;

    private WatchedSocketStream(Socket socket, ReadinessQueue reads, ReadinessQueue writes, int plenty)
    {
        (_socket, _plenty) = (socket, plenty);
        socket.NoDelay = true;
        socket.Blocking = false;
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

    /// <summary>Connects; the same of a peer that we ask, whose answers, however short, are worth a short wait.</summary>
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
            return new WatchedSocketStream(socket, reads, writes, plenty: 1);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<int>(cancellationToken);
        return TryRead(buffer, out var count) ? ValueTask.FromResult(count) : WaitAndReadAsync(buffer, cancellationToken);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (!buffer.IsEmpty)
        {
            var count = _socket.Send(buffer.Span, SocketFlags.None, out var error);
            buffer = buffer[count..];
            if (error is SocketError.WouldBlock) await _writable.WaitAsync(cancellationToken).ConfigureAwait(false);
            else if (error is not SocketError.Success) throw Broken(error);
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

    private static IOException Broken(SocketError error) => new("The connection broke.", new SocketException((int)error));

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> WaitAndReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            QuickAck();
            if (_came >= _plenty && YieldAndRead(buffer, out var count)) return count;
            if (_came < _plenty || !WaitBriefly())
            {
                _came = 0;
                await _readable.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            if (TryRead(buffer, out count)) return count;
        }
    }

    private bool TryRead(Memory<byte> buffer, out int count)
    {
        count = _socket.Receive(buffer.Span, SocketFlags.None, out var error);
        if (error is SocketError.WouldBlock) return false;
        if (error is not SocketError.Success) throw Broken(error);
        _came += count;
        return true;
    }

    /// <summary>Lets others run, the peer maybe, and looks again. A peer that is never so quick, such as one behind a network, costs that once in a while.</summary>
    private bool YieldAndRead(Memory<byte> buffer, out int count)
    {
        count = 0;
        if (_yields == 0)
        {
            if (++_untried < WaitsUntilNextTry) return false;
            (_yields, _untried) = (MostYields, 0);
        }

        for (var i = 0; i < _yields; i++)
        {
            Thread.Yield();
            if (!TryRead(buffer, out count)) continue;
            _yields = MostYields;
            return true;
        }

        _yields /= 2;
        return false;
    }

    private bool WaitBriefly()
    {
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            return false;
        }

        try
        {
            return _socket.Poll(LongestWait, SelectMode.SelectRead);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private void QuickAck()
    {
        if (!_quickAck) return;
        _quickAck = SocketStream.TryQuickAck(_socket);
    }
}
