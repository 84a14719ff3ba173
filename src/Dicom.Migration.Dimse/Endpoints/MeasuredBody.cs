using System.IO.Pipelines;

namespace Dicom.Migration.Dimse;

/// <summary>A body on its way out: tells when it was taken whole, keeps what it broke off with, and breaks off if it has another length than was said.</summary>
internal sealed class MeasuredBody(PipeReader inner, long? length) : PipeReader
{
    private readonly TaskCompletionSource _taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadResult _last;
    private long _consumed;

    /// <summary>Done when the last byte was taken.</summary>
    public Task Taken => _taken.Task;

    /// <summary>What it broke off with.</summary>
    public MigrationException? Failure { get; private set; }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            _last = await inner.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (MigrationException e)
        {
            Failure = e;
            throw;
        }

        if (_last.IsCanceled) throw new OperationCanceledException(cancellationToken);
        Check();
        return _last;
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result)) return false;
        _last = result;
        Check();
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var rest = _last.Buffer.Slice(consumed).Length;
        _consumed += _last.Buffer.Length - rest;
        inner.AdvanceTo(consumed, examined);
        if (_last.IsCompleted && rest == 0) _taken.TrySetResult();
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    // It stays the caller's.
    public override void Complete(Exception? exception = null)
    {
    }

    private void Check()
    {
        var here = _consumed + _last.Buffer.Length;
        if (length is null || !(here > length || (_last.IsCompleted && here != length))) return;
        inner.AdvanceTo(_last.Buffer.Start, _last.Buffer.End);
        LengthFault = new Fault(FaultCode.LengthBeyondInput, null, here);
        throw new AssociationException(LengthFault.Value, "A data set is not as long as was said; it was not sent to its end.");
    }

    /// <summary>Why it was not sent to its end, if it had another length than was said.</summary>
    public Fault? LengthFault { get; private set; }
}
