using System.Buffers;
using System.IO.Pipelines;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Services;

/// <summary>Sends messages, one at a time: each PDU in one piece, short ones together, and the command together with what there is of its data set.</summary>
/// <param name="connection">Where to.</param>
/// <param name="maxLength">Longest P-DATA-TF the peer takes, in bytes without header.</param>
#pragma warning disable CA1001 // a semaphore whose wait handle is never asked for holds nothing to dispose of
internal sealed class MessageSender(UpperLayerConnection connection, int maxLength)
#pragma warning restore CA1001
{
    private const int Headers = 12; // of a P-DATA-TF with one value
    private const int MostSent = 163_840; // at a time: with short PDUs, several; no fragment is cut for it, and no command sent alone
    private const int Room = 65_536, MostCopied = 4_096; // what is short is put together in a buffer of so much; of what is long, the system is told where it is
    private readonly SemaphoreSlim _message = new(1, 1); // PS3.8 §E.1: the fragments of two messages are not mixed
    private readonly int _largest = (maxLength - 6) & ~1; // PS3.8 §9.3.5.1: the value header is inside the maximum; fragments are even
    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private byte[] _buffer = [];
    private int _listed; // of the buffer: is among the pieces
    private int _used;
    private long _length;

    /// <summary>Sends one message.</summary>
    /// <param name="contextId">Its context.</param>
    /// <param name="command">Its command set; says whether a data set follows.</param>
    /// <param name="body">Its data set, read to its end; <see langword="null"/> for none.</param>
    /// <param name="read">What was read of it already: a data set that cannot be read at all costs no association.</param>
    /// <param name="cancellationToken">Gives up: the association is of no more use if a part was sent.</param>
    public async ValueTask SendAsync(byte contextId, CommandSet command, PipeReader? body, ReadResult read, CancellationToken cancellationToken)
    {
        await _message.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _buffer = ArrayPool<byte>.Shared.Rent(Room);
            var encoded = await PutAllButLastAsync(contextId, isCommand: true, new ReadOnlySequence<byte>(command.Encode())).ConfigureAwait(false);
            await PutAsync(contextId, isCommand: true, isLast: true, encoded).ConfigureAwait(false);
            while (body is not null)
            {
                // Whole fragments, as long as there is more behind them; the command, and all that there is, in as few sends as possible.
                var rest = await PutAllButLastAsync(contextId, isCommand: false, read.Buffer).ConfigureAwait(false);
                if (read.IsCompleted)
                {
                    await PutAsync(contextId, isCommand: false, isLast: true, rest).ConfigureAwait(false);
                    await FlushAsync().ConfigureAwait(false);
                    body.AdvanceTo(rest.End);
                    break;
                }

                await FlushAsync().ConfigureAwait(false); // the command does not wait for the rest of a slow data set
                body.AdvanceTo(rest.Start, rest.End); // and nothing that is sent is given back before
                read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            }

            await FlushAsync().ConfigureAwait(false);
        }
        finally
        {
            Clear();
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
            _message.Release();
        }
    }

    private async ValueTask<ReadOnlySequence<byte>> PutAllButLastAsync(byte contextId, bool isCommand, ReadOnlySequence<byte> rest)
    {
        for (; rest.Length > _largest; rest = rest.Slice(_largest)) await PutAsync(contextId, isCommand, isLast: false, rest.Slice(0, _largest)).ConfigureAwait(false);
        return rest;
    }

    private ValueTask PutAsync(byte contextId, bool isCommand, bool isLast, in ReadOnlySequence<byte> fragment)
    {
        var isFull = _length > MostCopied && _length + Headers + fragment.Length > MostSent || _buffer.Length - _used < Headers + MostCopied;
        if (isFull) return FlushAndPutAsync(contextId, isCommand, isLast, fragment);
        Put(contextId, isCommand, isLast, fragment);
        return ValueTask.CompletedTask;
    }

    private async ValueTask FlushAndPutAsync(byte contextId, bool isCommand, bool isLast, ReadOnlySequence<byte> fragment)
    {
        await FlushAsync().ConfigureAwait(false);
        Put(contextId, isCommand, isLast, fragment);
    }

    private void Put(byte contextId, bool isCommand, bool isLast, in ReadOnlySequence<byte> fragment)
    {
        var length = (int)fragment.Length;
        PduWriter.WriteDataHeader(_buffer.AsSpan(_used), contextId, isCommand, isLast, length);
        _used += Headers;
        _length += Headers + length;
        if (length <= MostCopied)
        {
            fragment.CopyTo(_buffer.AsSpan(_used));
            _used += length;
            return;
        }

        List();
        foreach (var memory in fragment) _pieces.Add(memory);
    }

    private void List()
    {
        if (_listed < _used) _pieces.Add(_buffer.AsMemory(_listed, _used - _listed));
        _listed = _used;
    }

    private async ValueTask FlushAsync()
    {
        List();
        if (_pieces.Count == 0) return;
        connection.On(Event.Evt9);
        await connection.SendAsync(_pieces).ConfigureAwait(false);
        Clear();
    }

    private void Clear()
    {
        _pieces.Clear();
        (_listed, _used, _length) = (0, 0, 0);
    }
}
