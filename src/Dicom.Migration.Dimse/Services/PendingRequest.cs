using System.Threading.Channels;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Services;

/// <summary>A request of ours, until its last response.</summary>
internal abstract class PendingRequest(ushort responseField)
{
    public ushort ResponseField => responseField;

    /// <summary>A response came; waits while the caller is slower than the peer.</summary>
    public abstract ValueTask OnResponseAsync(DimseResponse response, CancellationToken cancellationToken);

    /// <summary>No response will come.</summary>
    public abstract void Fail(Exception cause);
}

/// <summary>A request with one response.</summary>
/// <param name="responseField">Its command field.</param> <param name="isInline">Whether who waits goes on in <see cref="OnResponseAsync"/>; of a failure it always learns elsewhere.</param>
internal sealed class PendingAnswer(ushort responseField, bool isInline) : PendingRequest(responseField)
{
    private readonly TaskCompletionSource<DimseResponse> _answer = new(isInline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<DimseResponse> Answer => _answer.Task;

    public override ValueTask OnResponseAsync(DimseResponse response, CancellationToken cancellationToken)
    {
        if (response.Status.IsPending) throw ItemCursor.Violation(0, "A request that has one response got a pending one.");
        _answer.TrySetResult(response);
        return ValueTask.CompletedTask;
    }

    public override void Fail(Exception cause)
    {
        // Not inline: whoever learns that the association is over may wait for its end, which is behind this.
        if (isInline) ThreadPool.UnsafeQueueUserWorkItem(static x => x.Answer.Set(x.Cause), (Answer: this, Cause: cause), preferLocal: false);
        else Set(cause);
    }

    private void Set(Exception cause)
    {
        _answer.TrySetException(cause);
        _ = _answer.Task.Exception; // seen
    }
}

/// <summary>A request with pending responses before its last: C-FIND, C-GET, C-MOVE.</summary>
internal sealed class PendingQuery(ushort responseField) : PendingRequest(responseField)
{
    private const int HeldResponses = 8; // then the peer is read no further
    private readonly Channel<DimseResponse> _responses = Channel.CreateBounded<DimseResponse>(new BoundedChannelOptions(HeldResponses) { SingleReader = true, SingleWriter = false });

    public ChannelReader<DimseResponse> Responses => _responses.Reader;

    public override async ValueTask OnResponseAsync(DimseResponse response, CancellationToken cancellationToken)
    {
        try
        {
            await _responses.Writer.WriteAsync(response, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw ItemCursor.Violation(0, "A response came after the last one of its request.");
        }
        catch (OperationCanceledException)
        {
            // The association ends. With its last response the request is on no list any more: nobody else would tell whoever reads.
            _responses.Writer.TryComplete(new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The association has ended."));
            throw;
        }

        if (!response.Status.IsPending) _responses.Writer.TryComplete();
    }

    public override void Fail(Exception cause) => _responses.Writer.TryComplete(cause);
}
