namespace Dicom.Migration.Dimse.UpperLayer;

/// <summary>A timeout that is started again and again by one caller at a time, without an allocation unless it expires.</summary>
/// <param name="delay">How long.</param> <param name="time">The clock.</param> <param name="stop">Ends the wait, too.</param>
internal sealed class Deadline(TimeSpan delay, TimeProvider time, CancellationToken stop = default) : IDisposable
{
    private readonly Lock _gate = new();
    private CancellationTokenSource? _source;
    private CancellationTokenRegistration _stopping;
    private bool _isDisposed;

    /// <summary>Starts it anew.</summary>
    /// <returns>Cancelled when it expires or is stopped.</returns>
    /// <exception cref="ObjectDisposedException">It was disposed, maybe in the same instant: a connection may be closed while something is sent.</exception>
    public CancellationToken Start()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_source is not null && _source.TryReset())
            {
                _source.CancelAfter(delay);
                if (stop.IsCancellationRequested) _source.Cancel(); // TryReset may have undone it
                return _source.Token;
            }

            Free();
            _source = new CancellationTokenSource(delay, time);
            _stopping = stop.UnsafeRegister(static source => Cancel((CancellationTokenSource)source!), _source);
            return _source.Token;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            Free();
        }
    }

    private void Free()
    {
        _stopping.Dispose();
        _source?.Dispose();
        _source = null;
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // ended in the same instant
        }
    }
}
