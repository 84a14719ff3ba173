using System.Runtime.ExceptionServices;

namespace Dicom.Migration.Engine;

/// <summary>Whether a run goes on: told to stop it begins nothing new and drains; failed, or too long in draining, it gives up what is in flight.</summary>
internal sealed class Conditions : IDisposable
{
    private readonly CancellationTokenSource _aborting = new();
    private readonly CancellationTokenSource _stopping;
    private readonly CancellationTokenRegistration _registration;
    private ITimer? _drain;
    private ExceptionDispatchInfo? _failure;

    public Conditions(TimeSpan drainTime, TimeProvider time, CancellationToken cancellationToken)
    {
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _aborting.Token);
        _registration = cancellationToken.UnsafeRegister(_ =>
            _drain = time.CreateTimer(static state => ((Conditions)state!).Abort(), this, drainTime, Timeout.InfiniteTimeSpan), null);
    }

    /// <summary>Begin nothing new.</summary>
    public CancellationToken Stopping => _stopping.Token;
    /// <summary>Give up what is in flight.</summary>
    public CancellationToken Aborting => _aborting.Token;

    /// <summary>A failure that is told when everything has come to its end; it stops nothing.</summary>
    public void Note(Exception e) => Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);

    /// <summary>The first failure ends the run; what follows from it is not told.</summary>
    public void Fail(Exception e)
    {
        Note(e);
        Abort();
    }

    private void Abort()
    {
        try { _aborting.Cancel(); }
        catch (ObjectDisposedException) { } // the run has ended meanwhile: a timer may fire a last time
    }

    /// <summary>Runs one worker; its failure is everybody's.</summary>
    public async Task Guard(Func<Task> work)
    {
        try
        {
            await Task.Run(work, CancellationToken.None).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // drained, or given up: the next run takes up what was in flight
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    public void ThrowIfFailed() => _failure?.Throw();

    public void Dispose()
    {
        _registration.Dispose();
        _drain?.Dispose();
        _stopping.Dispose();
        _aborting.Dispose();
    }
}
