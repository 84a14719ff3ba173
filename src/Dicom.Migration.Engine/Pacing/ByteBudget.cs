namespace Dicom.Migration.Engine.Pacing;

/// <summary>Bounds the bytes in flight. Fair: who asks first is served first, whatever the size.</summary>
/// <remarks>An object larger than the whole budget gets it alone, when nothing else is in flight; otherwise it could never pass.</remarks>
internal sealed class ByteBudget
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _waiting = new();
    private long _inFlight;

    /// <param name="capacity">Bytes that may be in flight at once; 1 or more.</param>
    public ByteBudget(long capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        Capacity = capacity;
    }

    /// <summary>Bytes that may be in flight at once.</summary>
    public long Capacity { get; }
    /// <summary>Bytes in flight; more than <see cref="Capacity"/> only while one larger object is alone.</summary>
    public long InFlight { get { lock (_gate) return _inFlight; } }
    /// <summary>How many wait.</summary>
    public int Waiting { get { lock (_gate) return _waiting.Count; } }

    /// <summary>Waits for a share.</summary>
    /// <param name="bytes">Its size; 0 or more.</param>
    /// <param name="cancellationToken">Ends the wait; the place in the queue is given up.</param>
    /// <returns>The share; dispose it when its bytes are gone.</returns>
    public ValueTask<Share> AcquireAsync(long bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<Share>(cancellationToken);
        Waiter waiter;
        LinkedListNode<Waiter> place;
        lock (_gate)
        {
            if (_waiting.Count == 0 && Fits(bytes))
            {
                _inFlight += bytes;
                return new(new Share(this, bytes));
            }
            waiter = new Waiter(bytes);
            place = _waiting.AddLast(waiter);
        }
        return cancellationToken.CanBeCanceled ? new(WaitAsync(waiter, place, cancellationToken)) : new(waiter.Task);
    }

    private async Task<Share> WaitAsync(Waiter waiter, LinkedListNode<Waiter> place, CancellationToken cancellationToken)
    {
        await using (cancellationToken.UnsafeRegister(_ => GiveUp(place, cancellationToken), null).ConfigureAwait(false))
            return await waiter.Task.ConfigureAwait(false);
    }

    private void GiveUp(LinkedListNode<Waiter> place, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (place.List is null) return; // served meanwhile: the share is the caller's
            _waiting.Remove(place);
            place.Value.SetCanceled(cancellationToken);
            Serve(); // those behind may fit
        }
    }

    private void Release(long bytes)
    {
        lock (_gate)
        {
            _inFlight -= bytes;
            Serve();
        }
    }

    // The loop never serves past one that does not fit: a large object is not starved by small ones.
    private void Serve()
    {
        while (_waiting.First is { } first && Fits(first.Value.Bytes))
        {
            _waiting.RemoveFirst();
            _inFlight += first.Value.Bytes;
            first.Value.SetResult(new Share(this, first.Value.Bytes)); // continuations run elsewhere, not under the lock
        }
    }

    private bool Fits(long bytes) => _inFlight == 0 || (_inFlight <= Capacity && bytes <= Capacity - _inFlight);

    private sealed class Waiter(long bytes) : TaskCompletionSource<Share>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public long Bytes { get; } = bytes;
    }

    /// <summary>Bytes that are in flight; disposing it twice gives them back once. Used by one owner at a time.</summary>
    internal sealed class Share(ByteBudget budget, long bytes) : IDisposable
    {
        private ByteBudget? _budget = budget;

        /// <summary>Its size.</summary>
        public long Bytes { get; private set; } = bytes;

        /// <summary>Gives back what turned out to be too much.</summary>
        /// <param name="bytes">What is kept; not more than <see cref="Bytes"/>.</param>
        public void ShrinkTo(long bytes)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Bytes);
            ArgumentOutOfRangeException.ThrowIfNegative(bytes);
            var less = Bytes - bytes;
            Bytes = bytes;
            if (less > 0) _budget?.Release(less);
        }

        /// <inheritdoc/>
        public void Dispose() => Interlocked.Exchange(ref _budget, null)?.Release(Bytes);
    }
}
