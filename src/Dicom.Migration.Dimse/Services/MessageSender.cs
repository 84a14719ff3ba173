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
    private const int SendLength = 131_072; // about as much as is sent at a time: with short PDUs, several
    private readonly SemaphoreSlim _message = new(1, 1); // PS3.8 §E.1: the fragments of two messages are not mixed
    private readonly int _largest = (maxLength - 6) & ~1; // PS3.8 §9.3.5.1: the value header is inside the maximum; fragments are even

    /// <summary>Sends one message.</summary>
    /// <param name="contextId">Its context.</param>
    /// <param name="command">Its command set; says whether a data set follows.</param>
    /// <param name="body">Its data set, read to its end; <see langword="null"/> for none.</param>
    /// <param name="read">What was read of it already: a data set that cannot be read at all costs no association.</param>
    /// <param name="cancellationToken">Gives up: the association is of no more use if a part was sent.</param>
    public async ValueTask SendAsync(byte contextId, CommandSet command, PipeReader? body, ReadResult read, CancellationToken cancellationToken)
    {
        await _message.WaitAsync(cancellationToken).ConfigureAwait(false);
        byte[]? buffer = null;
        try
        {
            var encoded = new ReadOnlySequence<byte>(command.Encode());
            var commands = encoded.Length + Headers * (encoded.Length / _largest + 2);
            var piece = Math.Max(SendLength, Headers + _largest);
            var data = body is null ? 0 : read.IsCompleted ? Math.Min(read.Buffer.Length + Headers * (read.Buffer.Length / _largest + 1), piece) : piece;
            var room = (int)(commands + data);
            buffer = ArrayPool<byte>.Shared.Rent(room);
            var used = 0;
            for (; encoded.Length > _largest; encoded = encoded.Slice(_largest)) used += Put(buffer.AsSpan(used), contextId, true, false, encoded.Slice(0, _largest));
            used += Put(buffer.AsSpan(used), contextId, true, true, encoded);
            while (body is not null)
            {
                var rest = read.Buffer;
                while (true)
                {
                    // Whole fragments, as long as there is more behind them; the command, and all that there is room for, in one send.
                    for (; rest.Length > _largest && used + Headers + _largest <= room; rest = rest.Slice(_largest))
                        used += Put(buffer.AsSpan(used), contextId, false, false, rest.Slice(0, _largest));
                    if (rest.Length <= _largest && (!read.IsCompleted || used + Headers + rest.Length <= room)) break;
                    await FlushAsync(buffer, used).ConfigureAwait(false);
                    used = 0;
                }

                if (read.IsCompleted)
                {
                    used += Put(buffer.AsSpan(used), contextId, false, true, rest);
                    body.AdvanceTo(rest.End);
                    break;
                }

                body.AdvanceTo(rest.Start, rest.End);
                if (used > 0) await FlushAsync(buffer, used).ConfigureAwait(false); // the command does not wait for the rest of a slow data set
                used = 0;
                read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            }

            await FlushAsync(buffer, used).ConfigureAwait(false);
        }
        finally
        {
            if (buffer is not null) ArrayPool<byte>.Shared.Return(buffer);
            _message.Release();
        }
    }

    private static int Put(Span<byte> output, byte contextId, bool isCommand, bool isLast, ReadOnlySequence<byte> fragment)
    {
        PduWriter.WriteDataHeader(output, contextId, isCommand, isLast, (int)fragment.Length);
        fragment.CopyTo(output[Headers..]);
        return Headers + (int)fragment.Length;
    }

    private ValueTask FlushAsync(byte[] buffer, int used)
    {
        if (used == 0) return ValueTask.CompletedTask;
        connection.On(Event.Evt9);
        return connection.SendAsync(buffer.AsMemory(0, used));
    }
}
