using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.Dimse.Services;

/// <summary>A data set on its way in, fragment by fragment (PS3.8 Annex E).</summary>
/// <param name="contextId">Its context.</param> <param name="limit">Most bytes that are accepted.</param>
internal abstract class IncomingBody(byte contextId, long limit)
{
    public byte ContextId => contextId;

    /// <summary>Most bytes that are accepted.</summary>
    public long Limit => limit;

    /// <summary>Bytes so far.</summary>
    public long Length { get; set; }

    /// <summary>Whoever reads it may begin: called, also more than once, before a fragment that is not the whole of it, and after the last one.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Takes the next fragment, or its beginning; waits while whoever reads is slower than the peer.</summary>
    /// <param name="fragment">What is here of it.</param> <param name="missing">How many bytes are still to come.</param> <param name="cancellationToken">Ends the wait.</param>
    public abstract ValueTask AppendAsync(ReadOnlySequence<byte> fragment, int missing, CancellationToken cancellationToken);

    /// <summary>Where the next bytes of a fragment may be put before they are taken.</summary>
    /// <param name="missing">How many there will be.</param>
    /// <returns>Room for at least one.</returns>
    public abstract Memory<byte> GetMemory(int missing);

    /// <summary>Takes what was put there; waits while whoever reads is slower than the peer.</summary>
    /// <param name="count">How many bytes.</param> <param name="missing">How many are still to come.</param> <param name="cancellationToken">Ends the wait.</param>
    public abstract ValueTask AdvanceAsync(int count, int missing, CancellationToken cancellationToken);

    /// <summary>The last fragment was taken.</summary>
    public abstract ValueTask CompleteAsync(CancellationToken cancellationToken);

    /// <summary>The rest will not come.</summary>
    public abstract void Fail(Exception cause);
}

/// <summary>The data set of a request: handed on through a pipe while it comes.</summary>
/// <param name="contextId">Its context.</param> <param name="limit">Most bytes that are accepted.</param> <param name="pipe">What hands it on.</param>
/// <param name="isInline">Whether the operation goes on where the last fragment is taken.</param>
internal sealed class StreamedBody(byte contextId, long limit, Pipe pipe, bool isInline) : IncomingBody(contextId, limit)
{
    private const int LeastRoom = 16_384, MostRoom = 131_072;
    private readonly TaskCompletionSource _here = new(isInline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isDropped;
    private byte[]? _dropped;
    private int _held; // bytes that whoever reads was not told of
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

    public override ValueTask AppendAsync(ReadOnlySequence<byte> fragment, int missing, CancellationToken cancellationToken)
    {
        if (_isDropped) return ValueTask.CompletedTask;
        foreach (var memory in fragment) pipe.Writer.Write(memory.Span);
        return TellAsync((int)fragment.Length, missing, cancellationToken);
    }

    public override Memory<byte> GetMemory(int missing) => _isDropped ? _dropped ??= new byte[LeastRoom] : pipe.Writer.GetMemory(Math.Min(missing, MostRoom));

    public override ValueTask AdvanceAsync(int count, int missing, CancellationToken cancellationToken)
    {
        if (_isDropped) return ValueTask.CompletedTask;
        pipe.Writer.Advance(count);
        return TellAsync(count, missing, cancellationToken);
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

    private ValueTask TellAsync(int count, int missing, CancellationToken cancellationToken)
    {
        _held += count;
        if (_held < LeastRoom && missing > 0) return ValueTask.CompletedTask; // a peer that sends byte by byte wakes nobody for each
        _held = 0;
        var flushing = pipe.Writer.FlushAsync(cancellationToken);
        if (!flushing.IsCompletedSuccessfully) return WaitAsync(flushing);
        _isDropped = flushing.Result.IsCompleted;
        return ValueTask.CompletedTask;
    }

    private async ValueTask WaitAsync(ValueTask<FlushResult> flushing) => _isDropped = (await flushing.ConfigureAwait(false)).IsCompleted;
}

/// <summary>The data set of a response: short, and held whole.</summary>
internal sealed class HeldBody(byte contextId, int limit, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> completed) : IncomingBody(contextId, limit)
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public override ValueTask AppendAsync(ReadOnlySequence<byte> fragment, int missing, CancellationToken cancellationToken)
    {
        foreach (var memory in fragment) _bytes.Write(memory.Span);
        return ValueTask.CompletedTask;
    }

    public override Memory<byte> GetMemory(int missing) => _bytes.GetMemory();

    public override ValueTask AdvanceAsync(int count, int missing, CancellationToken cancellationToken)
    {
        _bytes.Advance(count);
        return ValueTask.CompletedTask;
    }

    public override ValueTask CompleteAsync(CancellationToken cancellationToken) => completed(_bytes.WrittenMemory, cancellationToken);

    public override void Fail(Exception cause)
    {
        // The request that it answers fails by itself.
    }
}
