using System.IO.Pipelines;

namespace Dicom.Migration.Dimse;

/// <summary>A data set that is read by someone else while it comes in; whoever takes it in waits until it is let go.</summary>
internal sealed class HandedBody(PipeReader inner) : PipeReader
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done when nobody reads it any more.</summary>
    public Task Released => _released.Task;

    /// <summary>Whether it broke off.</summary>
    public bool IsBroken { get; private set; }

    public override bool TryRead(out ReadResult result)
    {
        try
        {
            return Inner.TryRead(out result);
        }
        catch (MigrationException)
        {
            IsBroken = true;
            throw;
        }
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await Inner.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (MigrationException)
        {
            IsBroken = true;
            throw;
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => Inner.AdvanceTo(consumed);
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => Inner.AdvanceTo(consumed, examined);

    public override void CancelPendingRead()
    {
        if (!_released.Task.IsCompleted) inner.CancelPendingRead();
    }

    public override void Complete(Exception? exception = null) => _released.TrySetResult();

    // The pipe behind it is used again for another data set as soon as this one is let go.
    private PipeReader Inner => !_released.Task.IsCompleted ? inner : throw new InvalidOperationException("The data set was let go.");
}
