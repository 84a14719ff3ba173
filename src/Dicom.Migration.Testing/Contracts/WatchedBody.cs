using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.Testing;

/// <summary>A body that notices whether somebody completes it.</summary>
internal sealed class WatchedBody(ReadOnlyMemory<byte> bytes) : PipeReader
{
    private readonly PipeReader _inner = Create(new ReadOnlySequence<byte>(bytes));

    public bool IsCompleted { get; private set; }

    public override void AdvanceTo(SequencePosition consumed) => _inner.AdvanceTo(consumed);
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _inner.AdvanceTo(consumed, examined);
    public override void CancelPendingRead() => _inner.CancelPendingRead();
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => _inner.ReadAsync(cancellationToken);
    public override bool TryRead(out ReadResult result) => _inner.TryRead(out result);

    public override void Complete(Exception? exception = null)
    {
        IsCompleted = true;
        _inner.Complete(exception);
    }
}
