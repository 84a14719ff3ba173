namespace Dicom.Migration.Dimse.Services;

/// <summary>Places for requests that are outstanding (PS3.7 §D.3.3.3). Who finds none waits for its turn.</summary>
/// <param name="size">How many.</param> <param name="isInline">Whether the next one goes on in <see cref="Release"/>: the thread that read an answer sends the next request.</param>
internal sealed class OperationWindow(int size, bool isInline)
{
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _free = size;
    private Exception? _failure;

    /// <summary>Takes a place; each has to be released.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; no place was taken.</exception>
    /// <exception cref="Exception">What <see cref="Fail"/> was given.</exception>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource turn;
        lock (_waiting)
        {
            if (_failure is not null) return ValueTask.FromException(_failure);
            if (_free > 0)
            {
                _free--;
                return ValueTask.CompletedTask;
            }

            turn = new TaskCompletionSource(isInline ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
        }

        return new ValueTask(cancellationToken.CanBeCanceled ? WaitAsync(turn, cancellationToken) : turn.Task);
    }

    /// <summary>Gives a place back: to who has waited longest, if anybody does.</summary>
    public void Release()
    {
        while (true)
        {
            TaskCompletionSource? turn;
            lock (_waiting)
            {
                if (!_waiting.TryDequeue(out turn))
                {
                    _free++;
                    return;
                }
            }

            if (turn.TrySetResult()) return; // it may have given up
        }
    }

    /// <summary>No place will be free: whoever waits for one, or will, is told why.</summary>
    public void Fail(Exception cause)
    {
        TaskCompletionSource[] waiting;
        lock (_waiting)
        {
            _failure ??= cause;
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        // Not here: whoever learns that the association is over may wait for its end, which is behind this.
        foreach (var turn in waiting) ThreadPool.UnsafeQueueUserWorkItem(static x => x.Turn.TrySetException(x.Cause), (Turn: turn, Cause: cause), preferLocal: false);
    }

    private static async Task WaitAsync(TaskCompletionSource turn, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), turn);
        await turn.Task.ConfigureAwait(false);
    }
}
