namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>A connection in memory: what the peer says is given to it, what is said to the peer is counted. A read of nothing waits until more is given, the peer closes or this side does.</summary>
/// <param name="step">Most bytes of one read.</param>
internal class FedStream(int step) : Stream
{
    private readonly Lock _gate = new();
    private readonly Queue<ReadOnlyMemory<byte>> _given = new();
    private ReadOnlyMemory<byte> _now;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _starved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isOver;

    /// <summary>Done when all that was given is read, and more is waited for.</summary>
    public Task Starved
    {
        get
        {
            lock (_gate) return _starved.Task;
        }
    }

    /// <summary>Reads so far.</summary>
    public int Reads { get; private set; }
    /// <summary>Bytes said to the peer so far.</summary>
    public long Said { get; private set; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>The peer says more.</summary>
    public void Give(ReadOnlyMemory<byte> bytes, bool isLast)
    {
        lock (_gate)
        {
            if (!bytes.IsEmpty) _given.Enqueue(bytes);
            if (_starved.Task.IsCompleted) _starved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _isOver |= isLast;
            Wake();
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task more;
            lock (_gate)
            {
                Reads++;
                cancellationToken.ThrowIfCancellationRequested();
                if (_now.IsEmpty) _given.TryDequeue(out _now);
                var count = Math.Min(Math.Min(step, buffer.Length), _now.Length);
                _now[..count].CopyTo(buffer);
                _now = _now[count..];
                if (count > 0 || _isOver) return count;
                _starved.TrySetResult();
                more = _more.Task;
            }

            await more.WaitAsync(cancellationToken);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        lock (_gate) Said += buffer.Length;
        return ValueTask.CompletedTask;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            _isOver = true;
            _given.Clear();
            _now = default;
            Wake();
        }

        base.Dispose(disposing);
    }

    private void Wake()
    {
        _more.TrySetResult();
        _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
