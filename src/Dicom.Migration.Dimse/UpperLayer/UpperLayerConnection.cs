using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>One transport connection, its state, and its PDUs: no more than one send for each.</summary>
internal sealed class UpperLayerConnection(Stream stream, bool isRequestor, TimeProvider time, int maxDataLength, TimeSpan artim, TimeSpan idle) : IAsyncDisposable
{
    private readonly PipeReader _reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 65_536, minimumReadSize: 16_384));
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Lock _gate = new();
    private readonly Deadline _sendTimeout = new(idle, time);
    private SequencePosition? _consumed;
    private readonly CancellationTokenSource _closed = new();
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

    public async ValueTask SendAsync(Pdu pdu)
    {
        var output = new ArrayBufferWriter<byte>();
        PduWriter.Write(output, pdu);
        await SendAsync(output.WrittenMemory).ConfigureAwait(false);
    }

    /// <summary>Sends what is encoded, in one piece; a peer that takes none of it for the idle time is gone.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        await _sending.WaitAsync().ConfigureAwait(false); // whoever holds it is bounded by the idle time
        try
        {
            await stream.WriteAsync(bytes, _sendTimeout.Start()).ConfigureAwait(false);
            LastActivity = time.GetTimestamp();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            throw new AssociationException(new Fault(e is OperationCanceledException ? FaultCode.PeerTimeout : FaultCode.PeerClosedEarly), "A PDU could not be sent.", e);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The next PDU, if it is here already; valid until the next call.</summary>
    public bool TryRead(out PduFrame frame)
    {
        Advance();
        frame = default;
        if (!_reader.TryRead(out var read)) return false;
        var buffer = read.Buffer;
        if (Pdu.TryTake(ref buffer, maxDataLength, out frame))
        {
            _consumed = buffer.Start;
            LastActivity = time.GetTimestamp();
            return true;
        }

        _reader.AdvanceTo(buffer.Start, buffer.Start); // not whole: the same bytes again, and more
        return false;
    }

    /// <summary>The next PDU, valid until the next call; <see langword="null"/> if the peer closed between two.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is lost, it may be called again.</exception>
    public async ValueTask<PduFrame?> ReadAsync(CancellationToken cancellationToken)
    {
        Advance();
        while (true)
        {
            ReadResult read;
            try
            {
                read = await _reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
            {
                throw new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The connection broke.", e);
            }

            var buffer = read.Buffer;
            if (Pdu.TryTake(ref buffer, maxDataLength, out var frame))
            {
                _consumed = buffer.Start;
                LastActivity = time.GetTimestamp();
                return frame;
            }

            if (read.IsCompleted) return buffer.IsEmpty ? null : throw new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The peer closed inside a PDU.");
            _reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Sta13: waits until the peer closes, or ARTIM expires; what comes is dropped (PS3.8 AA-6).</summary>
    public async ValueTask DrainAsync()
    {
        using var timeout = new CancellationTokenSource(artim, time);
        var scratch = ArrayPool<byte>.Shared.Rent(4_096);
        try
        {
            while (await stream.ReadAsync(scratch, timeout.Token).ConfigureAwait(false) > 0)
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
        await stream.DisposeAsync().ConfigureAwait(false);
        _sendTimeout.Dispose(); // a send that is under way sees a closed stream
        await _closed.CancelAsync().ConfigureAwait(false); // a reading side that waits for a handler must see it, too
    }

    private void Advance()
    {
        if (_consumed is not { } position) return;
        _reader.AdvanceTo(position);
        _consumed = null;
    }
}
