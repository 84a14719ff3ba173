using System.Buffers;
using System.IO.Hashing;
using System.IO.Pipelines;

namespace Dicom.Migration.DicomWeb;

/// <summary>A data set whose answer may break off: it is asked for again, alone, and goes on behind what was taken, if that is the same.</summary>
/// <param name="first">The instance as it came.</param>
/// <param name="name">Its SOP Instance UID.</param>
/// <param name="client">Asks again.</param>
/// <param name="resource">The instance; <see langword="null"/> if it cannot be asked for alone.</param>
internal sealed class ResumingBody(DicomWebInstance first, string name, DicomWebClient client, DicomWebResource? resource) : PipeReader, IAsyncDisposable
{
    private const int MaxResumptions = 3;
    private readonly XxHash128 _hash = new(); // of what was taken: two versions of one object are never mixed
    private PipeReader _inner = first.Body;
    private IAsyncEnumerator<DicomWebInstance>? _again;
    private ReadOnlySequence<byte> _buffer;
    private long _taken;
    private int _resumptions;

    /// <summary>The answer that the instance came in broke off.</summary>
    public bool IsResumed => _resumptions > 0;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            try
            {
                var read = await _inner.ReadAsync(cancellationToken).ConfigureAwait(false);
                _buffer = read.Buffer;
                return read;
            }
            catch (DicomWebException e) when (e.Fault.IsTransient && resource is not null && _resumptions < MaxResumptions) { }
            await ResumeAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        result = default;
        return false; // breaks are mended by reading asynchronously
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        Count(_buffer.Slice(_buffer.Start, consumed));
        _buffer = default;
        _inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => _inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    public async ValueTask DisposeAsync()
    {
        if (_again is not null) await _again.DisposeAsync().ConfigureAwait(false);
        _again = null;
    }

    private void Count(ReadOnlySequence<byte> bytes)
    {
        foreach (var memory in bytes) _hash.Append(memory.Span);
        _taken += bytes.Length;
    }

    private async Task ResumeAsync(CancellationToken cancellationToken)
    {
        _resumptions++;
        await DisposeAsync().ConfigureAwait(false);
        _again = client.RetrieveAsync(resource!, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            if (!await _again.MoveNextAsync().ConfigureAwait(false)) throw new DicomWebException(FaultCode.SourceGone);
            var instance = _again.Current;
            if (instance.Prefix is not { } prefix || prefix.TransferSyntax != first.Prefix!.TransferSyntax) throw Changed();
            if (await InstanceName.PeekAsync(instance, cancellationToken).ConfigureAwait(false) != name) throw Changed();
            _inner = instance.Body;
            await SkipAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (DicomWebException e) when (e.Fault.IsTransient) { _inner = new BrokenReader(e); } // the next read tries again, or gives up
    }

    private async Task SkipAsync(CancellationToken cancellationToken)
    {
        var again = new XxHash128();
        for (var left = _taken; left > 0;)
        {
            var read = await _inner.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
            var same = read.Buffer.Slice(0, Math.Min(left, read.Buffer.Length));
            foreach (var memory in same) again.Append(memory.Span);
            left -= same.Length;
            _inner.AdvanceTo(same.End);
            if (left > 0 && read.IsCompleted) throw Changed();
        }
        if (again.GetCurrentHashAsUInt128() != _hash.GetCurrentHashAsUInt128()) throw Changed();
    }

    private static DicomWebException Changed() => new(FaultCode.SourceChanged, "An instance is another than it was when its reading began.");

    /// <summary>Has nothing but a failure.</summary>
    private sealed class BrokenReader(Exception failure) : PipeReader
    {
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => ValueTask.FromException<ReadResult>(failure);
        public override bool TryRead(out ReadResult result) => throw failure;
        public override void AdvanceTo(SequencePosition consumed) { }
        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) { }
        public override void CancelPendingRead() { }
        public override void Complete(Exception? exception = null) { }
    }
}
