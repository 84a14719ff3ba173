using System.Net;
using System.Net.Sockets;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>A TCP connection that neither waits to fill a segment (TCP_NODELAY) nor to acknowledge one (TCP_QUICKACK; on Windows SIO_TCP_SET_ACK_FREQUENCY).</summary>
/// <remarks>A peer with Nagle's algorithm on, as DCMTK and Orthanc have it, otherwise waits 40 ms for our acknowledgement at every message. That is measured on Linux;
/// what is done on Windows is made from mstcpip.h and has not been tried, and macOS has no such switch for one connection.</remarks>
internal sealed class SocketStream : NetworkStream
{
    private const int TcpLevel = 6; // IPPROTO_TCP
    private const int QuickAck = 12; // TCP_QUICKACK of Linux; the kernel clears it by itself, so it is set before each receive
    private const int SetAckFrequency = unchecked((int)0x98000017); // SIO_TCP_SET_ACK_FREQUENCY of mstcpip.h: _WSAIOW(IOC_VENDOR, 23); once for a connection
    private static readonly byte[] On = [1, 0, 0, 0]; // to Windows: acknowledge each segment, instead of every second one
    private bool _quickAck = OperatingSystem.IsLinux();

    public SocketStream(Socket socket) : base(socket, ownsSocket: true)
    {
        socket.NoDelay = true;
        if (OperatingSystem.IsWindows()) TryAcknowledgeEach(socket);
    }

    public static async Task<SocketStream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(host, port), cancellationToken).ConfigureAwait(false);
            return new SocketStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_quickAck) _quickAck = TryQuickAck(Socket);
        return base.ReadAsync(buffer, cancellationToken);
    }

    /// <summary>Has every segment acknowledged at once, where the system can be told so.</summary>
    /// <returns><see langword="false"/> on a system without it: slower, not wrong.</returns>
    internal static bool TryAcknowledgeEach(Socket socket)
    {
        try
        {
            socket.IOControl(SetAckFrequency, On, null);
            return true;
        }
        catch (Exception e) when (e is SocketException or PlatformNotSupportedException)
        {
            return false;
        }
    }

    /// <summary>Has the next segment acknowledged at once.</summary>
    /// <returns><see langword="false"/> on a kernel or in a sandbox without it: slower, not wrong.</returns>
    internal static bool TryQuickAck(Socket socket)
    {
        try
        {
            socket.SetRawSocketOption(TcpLevel, QuickAck, On);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
