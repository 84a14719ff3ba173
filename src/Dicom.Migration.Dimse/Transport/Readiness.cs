using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>Waits until a socket can be read, or written, without a thread of its own. One wait at a time.</summary>
internal sealed class Readiness : IValueTaskSource, IDisposable
{
    private readonly Lock _gate = new();
    private readonly ReadinessQueue _queue;
    private readonly SafeSocketHandle _socket;
    private readonly long _key;
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationTokenRegistration _registration;
    private bool _isWaiting;
    private bool _isDisposed;

    /// <summary>Puts a socket under watch.</summary>
    public Readiness(ReadinessQueue queue, SafeSocketHandle socket)
    {
        (_queue, _socket) = (queue, socket);
        var isHeld = false;
        socket.DangerousAddRef(ref isHeld); // its number is not given to another socket as long as it is watched
        try
        {
            _key = queue.Add(this, socket);
        }
        catch
        {
            socket.DangerousRelease();
            throw;
        }
    }

    /// <summary>Done when the socket may be ready. It may also not be: whoever waits tries, and waits again.</summary>
    /// <exception cref="ObjectDisposedException">Closed before, or meanwhile.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _core.Reset();
            _isWaiting = true;
            _queue.Arm(_socket, _key);
        }

        _registration = cancellationToken.UnsafeRegister(static (state, token) => ((Readiness)state!).End(new OperationCanceledException(token)), this);
        return new ValueTask(this, _core.Version);
    }

    /// <summary>The socket is ready.</summary>
    /// <param name="isHere">Whether what waits goes on here, or in the thread pool.</param>
    public void Signal(bool isHere) => End(null, isHere);

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            _queue.Remove(_socket, _key);
            _socket.DangerousRelease();
        }

        End(new ObjectDisposedException(nameof(Readiness)));
    }

    void IValueTaskSource.GetResult(short token)
    {
        _registration.Dispose(); // a cancellation that comes late ends no later wait
        _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);
    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _core.OnCompleted(continuation, state, token, flags);

    private void End(Exception? failure, bool isHere = false)
    {
        lock (_gate)
        {
            if (!_isWaiting) return;
            _isWaiting = false;
        }

        _core.RunContinuationsAsynchronously = !isHere;
        if (failure is null) _core.SetResult(true);
        else _core.SetException(failure);
    }
}
