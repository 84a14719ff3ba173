using System.Buffers;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Services;

/// <summary>Puts messages together from presentation data values (PS3.8 Annex E): command first, then data set, never two mixed.</summary>
/// <param name="negotiated">The contexts there are.</param>
/// <param name="options">Limits.</param>
/// <param name="time">The clock of the minimum rate.</param>
/// <param name="begin">Called with each whole command. Returns what takes its data set; not asked for one if none follows.</param>
/// <param name="readRest">Reads what is missing of a PDU, at least one byte at a time; told whether the peer's time for it begins anew, and whether it is of the last fragment.</param>
internal sealed class MessageReceiver(Negotiated negotiated, AssociationOptions options, TimeProvider time,
    Func<AcceptedContext, CommandSet, CancellationToken, ValueTask<IncomingBody?>> begin, Func<Memory<byte>, bool, bool, CancellationToken, ValueTask<int>> readRest)
{
    private const int ShortBody = 65_536; // far below what a body holds back before its reader has to take some
    private readonly ArrayBufferWriter<byte> _command = new();
    private byte _commandContext;
    private IncomingBody? _body;
    private long _bodyStarted;
    private TimeSpan _waitedForReader;

    /// <summary>Whether a message has begun and is not all here.</summary>
    public bool IsInMessage => _body is not null || _command.WrittenCount > 0;

    /// <summary>Takes a P-DATA-TF; what is missing of it is read straight to where it belongs.</summary>
    public async ValueTask TakeAsync(PduFrame frame, CancellationToken cancellationToken)
    {
        var rest = frame.Body;
        do
        {
            var value = Next(ref rest, frame.Missing);
            if (value.IsCommand) await TakeCommandAsync(value, cancellationToken).ConfigureAwait(false);
            else await TakeBodyAsync(value, frame.Missing, cancellationToken).ConfigureAwait(false);
        }
        while (!rest.IsEmpty);
    }

    /// <summary>The association ended: a data set that is not all here fails.</summary>
    public void Fail(Exception cause)
    {
        _body?.Fail(cause);
        _body = null;
    }

    private static PresentationDataValue Next(ref ReadOnlySequence<byte> pdu, int missing)
    {
        var reader = new PresentationDataReader(pdu, missing);
        reader.TryRead(); // throws if there is none
        pdu = reader.Rest;
        return reader.Current;
    }

    private async ValueTask TakeCommandAsync(PresentationDataValue value, CancellationToken cancellationToken)
    {
        if (_body is not null) throw ItemCursor.Violation(0, "A command stands inside a data set (PS3.8 Annex E).");
        if (_command.WrittenCount > 0 && value.ContextId != _commandContext) throw ItemCursor.Violation(0, "The fragments of two commands are mixed.");
        if (!negotiated.Contexts.TryGetValue(value.ContextId, out var context)) throw ItemCursor.Violation(0, "A message uses a presentation context that was not accepted.");
        if (_command.WrittenCount + value.Fragment.Length > CommandSet.MaxLength) throw new AssociationException(new Fault(FaultCode.MessageTooLong), "A command set is longer than its limit.");
        foreach (var memory in value.Fragment) _command.Write(memory.Span);
        _commandContext = value.ContextId;
        if (!value.IsLast) return;
        var command = CommandSet.Parse(_command.WrittenSpan);
        _command.ResetWrittenCount();
        var body = await begin(context, command, cancellationToken).ConfigureAwait(false);
        if (!command.HasDataSet) return;
        _body = body;
        _bodyStarted = time.GetTimestamp();
        _waitedForReader = TimeSpan.Zero;
    }

    private async ValueTask TakeBodyAsync(PresentationDataValue value, int missing, CancellationToken cancellationToken)
    {
        if (_body is not { } body || body.ContextId != value.ContextId) throw ItemCursor.Violation(0, "A data set fragment follows no command of its context (PS3.8 Annex E).");
        var length = value.Fragment.Length + missing;
        if (body.Length + length > body.Limit) throw new AssociationException(new Fault(FaultCode.MessageTooLong), "A data set is longer than its limit.");
        if (!value.IsLast || length > ShortBody) body.Begin();
        Count(body, value.Fragment.Length);
        var before = time.GetTimestamp();
        await body.AppendAsync(value.Fragment, missing, cancellationToken).ConfigureAwait(false);
        _waitedForReader += time.GetElapsedTime(before);
        for (var isAnew = true; missing > 0;)
        {
            var memory = body.GetMemory(missing);
            var count = await readRest(memory.Length > missing ? memory[..missing] : memory, isAnew, value.IsLast, cancellationToken).ConfigureAwait(false);
            missing -= count;
            Count(body, count);
            before = time.GetTimestamp();
            var taking = body.AdvanceAsync(count, missing, cancellationToken);
            isAnew = !taking.IsCompleted; // whoever reads is slow, and not the peer
            await taking.ConfigureAwait(false);
            _waitedForReader += time.GetElapsedTime(before);
        }

        if (!value.IsLast) return;
        _body = null;
        await body.CompleteAsync(cancellationToken).ConfigureAwait(false);
        body.Begin();
    }

    private void Count(IncomingBody body, long count)
    {
        body.Length += count;
        CheckRate(body);
    }

    /// <summary>A peer that sends a little before each idle timeout would hold a handler for ever.</summary>
    private void CheckRate(IncomingBody body)
    {
        var counted = time.GetElapsedTime(_bodyStarted) - _waitedForReader - options.IdleTimeout;
        if (counted > TimeSpan.Zero && body.Length < counted.TotalSeconds * options.MinimumRate)
            throw new AssociationException(new Fault(FaultCode.PeerTimeout), "The peer sends a data set slower than the minimum rate.");
    }
}
