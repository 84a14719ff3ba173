using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.Dimse.Services;

/// <summary>A data set on its way in, fragment by fragment (PS3.8 Annex E).</summary>
internal abstract class IncomingBody(byte contextId)
{
    public byte ContextId => contextId;

    /// <summary>Bytes so far.</summary>
    public long Length { get; set; }

    /// <summary>Whoever reads it may begin: called, also more than once, before a fragment that is not the whole of it, and after the last one.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Takes the next fragment; waits while whoever reads is slower than the peer.</summary>
    public abstract ValueTask AppendAsync(ReadOnlySequence<byte> fragment, CancellationToken cancellationToken);

    /// <summary>The last fragment was taken.</summary>
    public abstract ValueTask CompleteAsync(CancellationToken cancellationToken);

    /// <summary>The rest will not come.</summary>
    public abstract void Fail(Exception cause);
}

/// <summary>The data set of a request: handed on through a pipe while it comes.</summary>
/// <param name="contextId">Its context.</param> <param name="pipe">What hands it on.</param>
/// <param name="isInline">Whether the operation goes on where the last fragment is taken.</param>
internal sealed class StreamedBody(byte contextId, Pipe pipe, bool isInline) : IncomingBody(contextId)
{
    private readonly TaskCompletionSource _here = new(isInline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isDropped;
    private Action<StreamedBody>? _begin;

    public PipeReader Reader => pipe.Reader;
    public Pipe Pipe => pipe;

    /// <summary>Done when the last fragment was taken.</summary>
    public Task WhenHere => _here.Task;

    /// <summary>Whether it was: true before its reader sees the end.</summary>
    public bool IsHere { get; private set; }

    /// <summary>Has the operation begin when its data set does. A short one is whole by then: nobody is woken for a part of it.</summary>
    public void OnBegin(Action<StreamedBody> begin) => _begin = begin;

    public override void Begin()
    {
        var begin = _begin;
        _begin = null;
        begin?.Invoke(this);
    }

    public override async ValueTask AppendAsync(ReadOnlySequence<byte> fragment, CancellationToken cancellationToken)
    {
        if (_isDropped) return;
        foreach (var memory in fragment) pipe.Writer.Write(memory.Span);
        _isDropped = (await pipe.Writer.FlushAsync(cancellationToken).ConfigureAwait(false)).IsCompleted;
    }

    public override ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        IsHere = true;
        pipe.Writer.Complete();
        _here.TrySetResult();
        return ValueTask.CompletedTask;
    }

    public override void Fail(Exception cause)
    {
        pipe.Writer.Complete(cause); // half a data set never looks whole
        _here.TrySetException(cause);
        _ = _here.Task.Exception; // seen
    }
}

/// <summary>The data set of a response: short, and held whole.</summary>
internal sealed class HeldBody(byte contextId, int limit, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> completed) : IncomingBody(contextId)
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public override ValueTask AppendAsync(ReadOnlySequence<byte> fragment, CancellationToken cancellationToken)
    {
        if (_bytes.WrittenCount + fragment.Length > limit) throw new AssociationException(new Fault(FaultCode.MessageTooLong), "The data set of a response is longer than its limit.");
        foreach (var memory in fragment) _bytes.Write(memory.Span);
        return ValueTask.CompletedTask;
    }

    public override ValueTask CompleteAsync(CancellationToken cancellationToken) => completed(_bytes.WrittenMemory, cancellationToken);

    public override void Fail(Exception cause)
    {
        // The request that it answers fails by itself.
    }
}
