using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Dicom.Migration.Dimse.Services;
using Dicom.Migration.Dimse.Transport;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse;

/// <summary>Accepts associations, and has a handler perform what their peers ask for. One bad peer harms no other.</summary>
public sealed class DimseListener : IAsyncDisposable
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);
    private readonly DimseListenerOptions _options;
    private readonly IDimseHandler _handler;
    private readonly TimeProvider _time;
    private readonly ConnectionSlots _slots;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, byte> _peers = new();
    private readonly Task _accepting;
    private int _isDisposed;

    /// <summary>Starts to listen.</summary>
    /// <param name="options">Limits and times.</param>
    /// <param name="handler">The host.</param>
    /// <param name="timeProvider">The clock of all timeouts.</param>
    /// <exception cref="SocketException">The address is not ours, or the port is taken or needs a right.</exception>
    /// <exception cref="AssociationException">The credentials of TLS cannot be read (<see cref="FaultCode.InvalidConfiguration"/>).</exception>
    /// <exception cref="InvalidOperationException">An option is out of its range.</exception>
    public DimseListener(DimseListenerOptions options, IDimseHandler handler, TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        options.Security.Check(isListener: true);
        (_options, _handler, _time) = (options, handler, timeProvider);
        _slots = new ConnectionSlots(options.MaxConnections, options.MaxConnectionsPerAddress, options.MaxAssociations);
        _socket = new Socket(options.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _socket.Bind(options.EndPoint);
            _socket.Listen();
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        EndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where it listens, with the port that was picked.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Connections that are served now.</summary>
    internal int Connections => _peers.Count;

    /// <summary>Stops listening, aborts what is open, and waits for the handlers to return.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await _stop.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what a handler throws that is told so
        _socket.Dispose();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_peers.Keys).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket peer;
            try
            {
                peer = await _socket.AcceptAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (SocketException e) when (!_stop.IsCancellationRequested)
            {
                if (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset) continue; // one connection that went away before it was taken
                await Task.Delay(AcceptPause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // no descriptor left: the next try would fail at once, too
                continue;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }

            if (Take(peer) is not { } slot) continue;
            var serving = Task.Run(() => ServeAsync(slot));
            _peers[serving] = 0;
            _ = ForgetWhenDoneAsync(serving);
        }
    }

    private async Task ForgetWhenDoneAsync(Task serving)
    {
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _peers.TryRemove(serving, out _);
    }

    /// <returns><see langword="null"/> if it is closed again: there is no room, or it broke.</returns>
    private ConnectionSlots.Slot? Take(Socket peer)
    {
        Stream? connection = null;
        try
        {
            var remote = peer.RemoteEndPoint;
            connection = WatchedSocketStream.Over(peer);
            if (_slots.Take(connection, remote) is { } slot) return slot;
            TellOf(remote?.ToString() ?? "", new Fault(FaultCode.PeerBusy));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // it broke before anybody could serve it
        }

        if (connection is null) peer.Dispose();
        else connection.Dispose();
        return null;
    }

    private async Task ServeAsync(ConnectionSlots.Slot slot)
    {
        try
        {
            using var artim = new CancellationTokenSource(_options.ArtimTimeout, _time); // AE-5; the TLS handshake counts
            using var eviction = slot.Evicted.UnsafeRegister(static artim => ((CancellationTokenSource)artim!).Cancel(), artim);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(artim.Token, _stop.Token);
            var secured = await _options.Security.ProtectAsync(slot.Connection, host: null, _time, either.Token).ConfigureAwait(false);
            await ServeAsync(secured.Stream, secured.Certificate, slot.Remote, () => _slots.Open(slot), artim).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // whatever a handler throws: this association fails, the listener and the process go on
        catch (Exception e)
        {
            // This association is over; the peer was told, as far as it could be.
            if (!_stop.IsCancellationRequested) TellOf(slot.Remote, slot.IsFree ? new Fault(FaultCode.PeerBusy) : FaultOf(e)); // its place was another's already
        }
#pragma warning restore CA1031
        finally
        {
            await slot.Connection.DisposeAsync().ConfigureAwait(false);
            _slots.Free(slot);
        }
    }

    /// <summary>Serves one association over a connection that stands; throws what ended it, unless it was released or rejected.</summary>
    internal async Task ServeAsync(Stream stream, X509Certificate2? certificate, string remote, Func<bool> hasRoom, CancellationTokenSource artim)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(artim.Token, _stop.Token);
        var connection = new UpperLayerConnection(AsyncDuplexStream.Of(stream), isRequestor: false, _time, _options.MaxPduLength, _options.ArtimTimeout, _options.IdleTimeout);
        await using var owned = connection.ConfigureAwait(false);
        Negotiated? negotiated;
        try
        {
            negotiated = await NegotiateAsync(connection, remote, certificate, hasRoom, either.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await DimseAssociation.AbortAsync(connection, e).ConfigureAwait(false);
            throw;
        }

        if (negotiated is null) return;
        artim.CancelAfter(Timeout.InfiniteTimeSpan);
        var session = new DimseSession(connection, negotiated, _options, _time, _handler);
        await using var ownedSession = session.ConfigureAwait(false);
        _handler.OnOpened(negotiated.Info, new DimseServiceUser(session, negotiated.Contexts.Values.ToList(), _options, _time));
        await DimseMeter.CountAsync(session, isRequestor: false, _stop.Token).ConfigureAwait(false);
    }

    /// <returns><see langword="null"/> if the peer was rejected.</returns>
    private async Task<Negotiated?> NegotiateAsync(UpperLayerConnection connection, string remote, X509Certificate2? certificate, Func<bool> hasRoom, CancellationToken cancellationToken)
    {
        if (await connection.ReadAsync(cancellationToken).ConfigureAwait(false) is not { } frame) return null;
        if (frame.Type is not PduType.AssociateRequest) throw ItemCursor.Unexpected("The first PDU is no A-ASSOCIATE-RQ.");
        var request = (AssociateRequest)PduParser.Parse(frame, _options.MaxTransferSyntaxes, _options.MaxAssociateItems);
        var info = Negotiation.Info(request, remote) with { Certificate = certificate };

        // PS3.8 AE-6: the provider itself refuses another protocol version (source 2, reason 2).
        if ((request.ProtocolVersion & 1) == 0) return await RejectAsync(connection, remote, Event.Evt6, new AssociateReject(1, 2, 2)).ConfigureAwait(false);
        connection.On(Event.Evt6);
        if (!string.Equals(request.ApplicationContext, Associate.DicomApplicationContext, StringComparison.Ordinal))
            return await RejectAsync(connection, remote, Event.Evt8, new AssociateReject(1, 1, 2)).ConfigureAwait(false);
        var decision = !AeTitles.IsValid(info.CalledAeTitle) ? AssociationDecision.CalledAeTitleNotRecognized
            : !AeTitles.IsValid(info.CallingAeTitle) ? AssociationDecision.CallingAeTitleNotRecognized
            : await _handler.OnAssociateAsync(info, cancellationToken).ConfigureAwait(false);
        if (decision.Result == 0 && !hasRoom()) decision = AssociationDecision.LocalLimitExceeded;
        if (decision.Result != 0) return await RejectAsync(connection, remote, Event.Evt8, new AssociateReject(decision.Result, decision.Source, decision.Reason)).ConfigureAwait(false);
        var (accept, negotiated) = Negotiation.Answer(request, info, decision, _options, _handler);
        connection.On(Event.Evt7);
        await connection.SendAsync(accept).ConfigureAwait(false);
        return negotiated;
    }

    private async Task<Negotiated?> RejectAsync(UpperLayerConnection connection, string remote, Event happened, AssociateReject reject)
    {
        connection.On(happened, isAcceptable: false);
        await connection.SendAsync(reject).ConfigureAwait(false);
        TellOf(remote, new Fault(reject.Result == 2 ? FaultCode.PeerBusy : FaultCode.AssociationRejected));
        await connection.DrainAsync(_stop.Token).ConfigureAwait(false);
        return null;
    }

    /// <returns><see cref="FaultCode.None"/> if nobody was refused: the peer went by itself.</returns>
    private static Fault FaultOf(Exception e) => e switch
    {
        AssociationException { Fault.Code: FaultCode.PeerClosedEarly } or IOException or SocketException or ObjectDisposedException => new Fault(FaultCode.None),
        MigrationException known => known.Fault,
        OperationCanceledException => new Fault(FaultCode.PeerTimeout), // ARTIM
        _ => new Fault(FaultCode.Unexpected),
    };

    private void TellOf(string remote, Fault fault)
    {
        if (fault.Code is FaultCode.None) return;
        DimseMeter.Refused(fault.Code);
        try
        {
            _handler.OnRefused(remote, fault);
        }
#pragma warning disable CA1031 // what a host makes of it is no reason to serve nobody any more
        catch (Exception)
        {
            // the host's
        }
#pragma warning restore CA1031
    }
}
