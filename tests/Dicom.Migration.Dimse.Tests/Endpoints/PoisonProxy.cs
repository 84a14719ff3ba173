using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Endpoints;

/// <summary>Stands before an archive, and rejects (or closes on) whoever proposes one SOP class.</summary>
internal sealed class PoisonProxy : IAsyncDisposable
{
    private readonly ScriptedPacs _pacs;
    private readonly byte[] _poison;
    private readonly bool _isRejected;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _relays = [];
    private readonly Task _accepting;

    public PoisonProxy(ScriptedPacs pacs, string poison, bool isRejected)
    {
        (_pacs, _poison, _isRejected) = (pacs, Encoding.ASCII.GetBytes(poison), isRejected);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;
    /// <summary>Whether it lets it pass where nothing else is proposed, Verification neither.</summary>
    public bool TakesAlone { get; init; }
    /// <summary>Associations that it did not let pass.</summary>
    public int Refusals { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_relays).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var near = await _listener.AcceptTcpClientAsync(_stop.Token);
                _relays.Add(Task.Run(() => RelayAsync(near)));
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task RelayAsync(TcpClient near)
    {
        using var owned = near;
        var stream = near.GetStream();
        var header = new byte[6];
        await stream.ReadExactlyAsync(header, _stop.Token);
        var request = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(2))];
        await stream.ReadExactlyAsync(request, _stop.Token);
        if (request.AsSpan().IndexOf(_poison) >= 0 && !(TakesAlone && request.AsSpan().IndexOf("1.2.840.10008.1.1@"u8) < 0)) // and the item behind it, 40H
        {
            Refusals++;
            if (!_isRejected) return;
            await stream.WriteAsync(new byte[] { 3, 0, 0, 0, 0, 4, 0, 1, 1, 1 }, _stop.Token); // A-ASSOCIATE-RJ: for good, no reason given (PS3.8 §9.3.4)
            await stream.CopyToAsync(Stream.Null, _stop.Token); // until the other side closes
            return;
        }

        using var far = new TcpClient();
        await far.ConnectAsync(IPAddress.Loopback, _pacs.Port, _stop.Token);
        await far.GetStream().WriteAsync(header, _stop.Token);
        await far.GetStream().WriteAsync(request, _stop.Token);
        await Task.WhenAny(stream.CopyToAsync(far.GetStream(), _stop.Token), far.GetStream().CopyToAsync(stream, _stop.Token));
    }
}
