using System.Buffers;
using System.Runtime.CompilerServices;
using Dicom.Migration.Dimse.Transport;

namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>One transport connection, its state, and its PDUs: no more than one send for each.</summary>
internal sealed class UpperLayerConnection(AsyncDuplexStream stream, bool isRequestor, TimeProvider time, int maxDataLength, TimeSpan artim, TimeSpan idle) : IAsyncDisposable
{
    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(1);
    private readonly AsyncDuplexStream _stream = stream;
    private readonly PduReader _reader = new(stream, maxDataLength);
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Lock _gate = new();
    private readonly Deadline _sendTimeout = new(idle, time);
    private readonly CancellationTokenSource _closed = new();
    private bool _isCutOff; // part of a PDU may have been sent, and what comes after it would be taken for the rest
    private int _disposed;

    /// <summary>Cancelled when this side closed the connection.</summary>
    public CancellationToken Closed => _closed.Token;

    public State State { get; private set; } = isRequestor ? State.Sta4 : State.Sta2; // Evt1 and Evt5 were the making of the stream

    /// <summary>Timestamp of the last PDU in or out.</summary>
    public long LastActivity { get; private set; } = time.GetTimestamp();

    /// <summary>Moves the state machine on.</summary>
    /// <exception cref="AssociationException">The table has no cell for it: the association is over, or not yet open.</exception>
    public UpperLayerAction On(Event happened, bool isAcceptable = true)
    {
        lock (_gate)
        {
            var transition = StateMachine.Next(State, happened, isRequestor, isAcceptable)
                ?? throw new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The association is not open.");
            State = transition.Next;
            return transition.Action;
        }
    }

    /// <summary>Sends an A-ABORT, unless part of another PDU was sent, or the peer takes nothing: nobody waits long for one that is given up.</summary>
    /// <exception cref="AssociationException">It could not be sent.</exception>
    public async ValueTask AbortAsync(Abort abort)
    {
        using var patience = new CancellationTokenSource(AbortPatience, time);
        var output = new ArrayBufferWriter<byte>();
        PduWriter.Write(output, abort);
        try
        {
            await _sending.WaitAsync(patience.Token).ConfigureAwait(false);
            try
            {
                if (!_isCutOff) await _stream.WriteAsync(output.WrittenMemory, patience.Token).ConfigureAwait(false);
            }
            finally
            {
                _sending.Release();
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            throw NotSent(e);
        }
    }

    public async ValueTask SendAsync(Pdu pdu)
    {
        var output = new ArrayBufferWriter<byte>();
        PduWriter.Write(output, pdu);
        await SendAsync(output.WrittenMemory).ConfigureAwait(false);
    }

    /// <summary>Sends what is encoded, in one piece; a peer that takes none of it for the idle time is gone.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => SendAsync(bytes, null);

    /// <summary>Sends pieces one after the other, in one piece where the system can put them together itself, or else in a buffer of ours.</summary>
    public ValueTask SendAsync(List<ReadOnlyMemory<byte>> pieces) => pieces.Count == 1 ? SendAsync(pieces[0], null) : SendAsync(default, pieces);

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, List<ReadOnlyMemory<byte>>? pieces)
    {
        await _sending.WaitAsync().ConfigureAwait(false); // whoever holds it is bounded by the idle time
        try
        {
            var timeout = _sendTimeout.Start();
            if (pieces is null) await _stream.WriteAsync(bytes, timeout).ConfigureAwait(false);
            else await _stream.WriteAsync(pieces, timeout).ConfigureAwait(false);
            if (Traffic.IsCounted) Traffic.Sent(bytes, pieces);
            LastActivity = time.GetTimestamp();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            _isCutOff = true;
            throw NotSent(e);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The next PDU, if it is here already; valid until the next call.</summary>
    public bool TryRead(out PduFrame frame)
    {
        if (!_reader.TryTake(out frame)) return false;
        if (Traffic.IsCounted) Traffic.Received(Pdu.HeaderLength + frame.Body.Length);
        LastActivity = time.GetTimestamp();
        return true;
    }

    /// <summary>The next PDU, or the beginning of a long one, valid until the next call; <see langword="null"/> if the peer closed between two.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is lost, it may be called again.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<PduFrame?> ReadAsync(CancellationToken cancellationToken)
    {
        PduFrame frame;
        while (!TryRead(out frame))
        {
            try
            {
                if (await _reader.FillAsync(cancellationToken).ConfigureAwait(false)) continue;
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                throw Broken(e);
            }

            return _reader.IsInside ? throw Cut() : null;
        }

        return frame;
    }

    /// <summary>What is missing of the PDU that was read last, or part of it: at least one byte.</summary>
    /// <param name="memory">No longer than what is missing.</param> <param name="isLast">Whether the peer may wait for an answer once it has sent it.</param> <param name="cancellationToken">Ends the wait; nothing is lost, it may be called again.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadRestAsync(Memory<byte> memory, bool isLast, CancellationToken cancellationToken)
    {
        int count;
        try
        {
            count = await _reader.ReadRestAsync(memory, isLast, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw Broken(e);
        }

        if (count == 0) throw Cut();
        if (Traffic.IsCounted) Traffic.Received(count);
        if (!_reader.IsInRest) LastActivity = time.GetTimestamp(); // half a PDU is none
        return count;
    }

    /// <summary>Sta13: waits until the peer closes, or ARTIM expires; what comes is dropped (PS3.8 AA-6).</summary>
    /// <param name="stop">Ends the wait, too.</param>
    public async ValueTask DrainAsync(CancellationToken stop)
    {
        using var artimTimer = new CancellationTokenSource(artim, time);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(artimTimer.Token, stop);
        var scratch = ArrayPool<byte>.Shared.Rent(4_096);
        try
        {
            while (await _stream.ReadAsync(scratch, timeout.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // closed one way or the other
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stream.DisposeAsync().ConfigureAwait(false);
        _sendTimeout.Dispose(); // a send that is under way sees a closed stream
        await _closed.CancelAsync().ConfigureAwait(false); // a reading side that waits for a handler must see it, too
    }

    private static AssociationException NotSent(Exception e) => new(new Fault(e is OperationCanceledException ? FaultCode.PeerTimeout : FaultCode.PeerClosedEarly), "A PDU could not be sent.", e);
    private static AssociationException Broken(Exception e) => new(new Fault(FaultCode.PeerClosedEarly), "The connection broke.", e);
    private static AssociationException Cut() => new(new Fault(FaultCode.PeerClosedEarly), "The peer closed inside a PDU.");
}
