namespace Dicom.Migration.Dimse.Services;

/// <summary>Places for requests that are outstanding (PS3.7 §D.3.3.3). Who finds none waits for its turn.</summary>
/// <param name="size">How many.</param> <param name="isInline">Whether the next one goes on in <see cref="Release"/>: the thread that read an answer sends the next request.</param>
internal sealed class OperationWindow(int size, bool isInline)
{
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _free = size;

    /// <summary>Takes a place; each has to be released.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; no place was taken.</exception>
    public ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource turn;
        lock (_waiting)
        {
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

    private static async Task WaitAsync(TaskCompletionSource turn, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), turn);
        await turn.Task.ConfigureAwait(false);
    }
}
