using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>Stands on loopback between two sides, passes on whole PDUs, and does one thing wrong.</summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    private readonly Func<int> _upstream;
    private readonly WireFault? _fault;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _relays = [];
    private readonly long[] _pdus = new long[2];
    private readonly MemoryStream[] _heard = [new(), new()];
    private readonly Task _accepting;

    /// <summary>Listens on a free port.</summary>
    /// <param name="upstream">The port to connect to, asked for at each connection.</param> <param name="fault">What goes wrong; <see langword="null"/> for nothing.</param>
    public FaultyProxy(Func<int> upstream, WireFault? fault = null)
    {
        (_upstream, _fault) = (upstream, fault);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port { get; }
    /// <summary>Whether it has happened.</summary>
    public bool IsDone { get; private set; }
    /// <summary>PDUs passed on so far.</summary>
    public long Pdus(Way way) => Interlocked.Read(ref _pdus[(int)way]);
    /// <summary>Bytes passed on so far.</summary>
    public long Bytes(Way way) => Heard(way).Length;

    /// <summary>What has passed so far, as it came.</summary>
    public byte[] Heard(Way way)
    {
        lock (_heard) return _heard[(int)way].ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_relays);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptAsync(_stop.Token);
                _relays.Add(Task.Run(() => RelayAsync(near)));
            }
        }
        catch (Exception e) when (IsOver(e))
        {
            // stopped
        }
    }

    private async Task RelayAsync(Socket near)
    {
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            near.NoDelay = far.NoDelay = true; // either may be closed already
            await far.ConnectAsync(IPAddress.Loopback, _upstream(), _stop.Token);
            await Task.WhenAll(PumpAsync(near, far, Way.There), PumpAsync(far, near, Way.Back));
        }
        catch (Exception e) when (IsOver(e))
        {
            // one side is gone: so is the other
        }
        finally
        {
            near.Dispose();
        }
    }

    private async Task PumpAsync(Socket from, Socket to, Way way)
    {
        var pdu = new byte[6];
        try
        {
            while (await FillAsync(from, pdu.AsMemory(0, 6)))
            {
                var length = 6 + (int)BinaryPrimitives.ReadUInt32BigEndian(pdu.AsSpan(2));
                if (pdu.Length < length) Array.Resize(ref pdu, length);
                if (!await FillAsync(from, pdu.AsMemory(6, length - 6))) break;
                if (!await PassAsync(to, pdu.AsMemory(0, length), way))
                {
                    Cut(from, to);
                    return;
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (IsOver(e))
        {
            Close(from);
            Close(to);
        }
    }

    /// <returns><see langword="false"/> if it is the place to cut.</returns>
    private async Task<bool> PassAsync(Socket to, Memory<byte> pdu, Way way)
    {
        long start;
        lock (_heard)
        {
            start = _heard[(int)way].Length;
            _heard[(int)way].Write(pdu.Span);
        }

        var number = Interlocked.Increment(ref _pdus[(int)way]);
        var at = _fault is { } f && f.Way == way && f.Kind != WireFaultKind.CutBehindPdu && f.Position >= start && f.Position < start + pdu.Length ? (int)(f.Position - start) : -1;
        IsDone |= at >= 0;
        if (at >= 0 && _fault!.Kind is WireFaultKind.Flip) pdu.Span[at] ^= (byte)(1 << _fault.Bit);
        else if (at >= 0)
        {
            await SendAsync(to, pdu[..at]);
            if (_fault!.Kind is WireFaultKind.Stall) await Task.Delay(Timeout.Infinite, _stop.Token);
            return false;
        }

        await SendAsync(to, pdu);
        if (_fault is not { Kind: WireFaultKind.CutBehindPdu } || _fault.Way != way || _fault.Position != number) return true;
        IsDone = true;
        return false;
    }

    private void Cut(Socket from, Socket to)
    {
        foreach (var socket in (Socket[])[from, to])
        {
            try
            {
                if (_fault!.Bit % 2 != 0) socket.LingerState = new LingerOption(true, 0); // closed with a reset: what is on its way is lost
            }
            catch (Exception e) when (IsOver(e))
            {
                // closed already
            }

            Close(socket);
        }
    }

    private static void Close(Socket socket) => socket.Dispose();

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await to.SendAsync(bytes)..];
    }

    private async Task<bool> FillAsync(Socket from, Memory<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = await from.ReceiveAsync(buffer, _stop.Token);
            if (count == 0) return false;
            buffer = buffer[count..];
        }

        return true;
    }

    private static bool IsOver(Exception e) => e is SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException;
}
