using System.Buffers;
using System.Runtime.CompilerServices;
using Dicom.Migration.Dimse.Transport;

namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>Takes PDUs off a stream: short ones whole, out of a buffer; of a long fragment of a data set what is here, and the rest straight into the memory of whoever it is for.</summary>
/// <remarks>The buffer is empty before the rest of a fragment is read: what of the next PDU comes with it is all that is there. Its memory grows with what has come, never with what a header promises.</remarks>
internal sealed class PduReader(AsyncDuplexStream stream, int maxDataLength)
{
    private const int LittleRoom = 4_096; // between two long PDUs: a command, a header, and little that has to be copied
    private const int Room = 65_536; // between two short ones: as many as are there
    private byte[] _buffer = new byte[LittleRoom];
    private int _start;
    private int _end;
    private bool _wasFull;
    private bool _isLong; // the last data PDU was: the next one will be
    private int _missing;

    /// <summary>Whether part of a PDU is here.</summary>
    public bool IsInside => IsInRest || _start < _end;

    /// <summary>Whether something is missing of the PDU that was taken last.</summary>
    public bool IsInRest => _missing > 0;

    /// <summary>The next PDU, if it is here, or the beginning of a long one; valid until the next call of anything here.</summary>
    /// <exception cref="AssociationException">It is none, or longer than its limit.</exception>
    public bool TryTake(out PduFrame frame)
    {
        var rest = new ReadOnlySequence<byte>(_buffer, _start, _end - _start);
        if (!Pdu.TryTake(ref rest, maxDataLength, out frame) && !Pdu.TryTakeBeginning(ref rest, out frame)) return false;
        _start = _end - (int)rest.Length;
        _missing = frame.Missing;
        if (_missing > 0) _isLong = true;
        else if (frame.Body.Length > LittleRoom) _isLong = false;
        return true;
    }

    /// <summary>Waits for more of what <see cref="TryTake"/> did not find.</summary>
    /// <returns><see langword="false"/> at the end of the stream.</returns>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is lost.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        MakeRoom();
        var room = _buffer.AsMemory(_end);
        if (_isLong && _end == 0) room = room[..LittleRoom];
        var count = await stream.ReadMuchAsync(room, default, Math.Min(room.Length, Pdu.Expected(_buffer.AsSpan(0, _end))), cancellationToken).ConfigureAwait(false);
        _end += count;
        _wasFull = count == room.Length;
        return count > 0;
    }

    /// <summary>The rest of a fragment whose beginning was taken, or part of it.</summary>
    /// <param name="memory">No longer than what is missing.</param>
    /// <param name="isLast">Whether the peer may wait for an answer once it has sent it. If not, what comes of its next PDU is taken along.</param>
    /// <param name="cancellationToken">Ends the wait; nothing is lost.</param>
    /// <returns>How many bytes came; 0 at the end of the stream.</returns>
    public ValueTask<int> ReadRestAsync(Memory<byte> memory, bool isLast, CancellationToken cancellationToken)
    {
        var takesMore = !isLast && memory.Length == _missing;
        var reading = stream.ReadMuchAsync(memory, takesMore ? _buffer.AsMemory(0, LittleRoom) : default, memory.Length + (takesMore ? Pdu.LongDataHeader : 0), cancellationToken);
        return reading.IsCompletedSuccessfully ? ValueTask.FromResult(Count(reading.Result, memory.Length)) : CountAsync(reading, memory.Length);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> CountAsync(ValueTask<int> reading, int most) => Count(await reading.ConfigureAwait(false), most);

    private int Count(int count, int most)
    {
        if (count > most) (_start, _end, count) = (0, count - most, most);
        _missing -= count;
        return count;
    }

    private void MakeRoom()
    {
        var length = _end - _start;
        var size = length == 0 && _buffer.Length > Room ? LittleRoom // a long A-ASSOCIATE-RQ was here
            : length == _buffer.Length ? Math.Max(Room, 2 * length)
            : _wasFull && !_isLong ? Math.Max(Room, _buffer.Length)
            : _buffer.Length;
        var source = _buffer.AsSpan(_start, length);
        if (size != _buffer.Length) _buffer = GC.AllocateUninitializedArray<byte>(size);
        source.CopyTo(_buffer);
        (_start, _end) = (0, length);
    }
}
