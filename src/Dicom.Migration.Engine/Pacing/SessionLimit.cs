namespace Dicom.Migration.Engine.Pacing;

/// <summary>How many sessions a target is asked for at once: starts low, one more while it takes what it is given and somebody waits, half as many when it refuses.</summary>
/// <remarks>What it has refused is not asked for again at once: after a minute, then after two, and so on. Lanes keep their place as long as nobody needs it more:
/// a verifier does, as what is stored waits for it. So a target that takes one association alone is served all the same.</remarks>
internal sealed class SessionLimit
{
    /// <summary>Sessions to begin with.</summary>
    public const int First = 2;
    private static readonly TimeSpan FirstCaution = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestCaution = TimeSpan.FromMinutes(16);

    private readonly int _most;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly LinkedList<Waiter> _urgent = new(); // verifiers
    private readonly LinkedList<Waiter> _patient = new(); // lanes
    private TaskCompletionSource _wanted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _limit;
    private int _inUse;
    private bool _hasCredit; // it took something while nobody waited
    private int _ceiling;
    private long _refusedAt;
    private TimeSpan _caution = FirstCaution;

    /// <param name="most">Most sessions; 1 or more.</param>
    /// <param name="time">The clock.</param>
    public SessionLimit(int most, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        (_most, _time, _limit, _ceiling) = (most, time, Math.Min(First, most), most);
    }

    /// <summary>Sessions that there may be now.</summary>
    public int Limit { get { lock (_gate) return _limit; } }
    /// <summary>Places that are taken; more than <see cref="Limit"/> only until those that are too many are given back.</summary>
    public int InUse { get { lock (_gate) return _inUse; } }
    /// <summary>Whether whoever keeps a place without need has to give it back.</summary>
    public bool IsWanted { get { lock (_gate) return IsShort; } }

    /// <summary>Complete while <see cref="IsWanted"/>.</summary>
    public Task Wanted { get { lock (_gate) return _wanted.Task; } }

    /// <summary>Waits for a place; dispose it when its session is closed.</summary>
    /// <param name="isUrgent">Whether it is served before others, and whoever keeps a place without need gives it back.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IDisposable> EnterAsync(bool isUrgent, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiter = new Waiter();
        LinkedListNode<Waiter> node;
        lock (_gate)
        {
            node = (isUrgent ? _urgent : _patient).AddLast(waiter);
            if (_hasCredit && _inUse >= _limit) Grow();
            Serve();
        }
        await using (cancellationToken.UnsafeRegister(_ => GiveUp(node, cancellationToken), null).ConfigureAwait(false))
            return await waiter.Task.ConfigureAwait(false);
    }

    /// <summary>The target took what it was given. One place more, if somebody waits for one, or for the next who does.</summary>
    public void Served()
    {
        lock (_gate)
        {
            _hasCredit = _urgent.Count == 0 && _patient.Count == 0;
            if (_hasCredit || _inUse < _limit) return;
            Grow();
            Serve();
        }
    }

    /// <summary>The target is short of something: half as many.</summary>
    public void Strained()
    {
        lock (_gate)
        {
            (_limit, _hasCredit) = (Math.Max(1, _limit / 2), false);
            Tell();
        }
    }

    /// <summary>The target refuses a session: half as many, and for some time no more than it had.</summary>
    public void Refused()
    {
        lock (_gate)
        {
            // Asked for again after its time, and refused again: longer. Refusals that come together are one.
            if (_ceiling < _most && _time.GetElapsedTime(_refusedAt) >= _caution && _caution < LongestCaution) _caution *= 2;
            _ceiling = Math.Max(1, Math.Min(_ceiling, _inUse - 1));
            _refusedAt = _time.GetTimestamp();
            (_limit, _hasCredit) = (Math.Clamp(_limit / 2, 1, _ceiling), false);
            Tell();
        }
    }

    private void Grow()
    {
        if (_limit >= _most || (_limit >= _ceiling && _ceiling < _most && _time.GetElapsedTime(_refusedAt) < _caution)) return;
        if (++_limit > _ceiling) _ceiling = _limit;
        _hasCredit = false;
    }

    private bool IsShort => _inUse > _limit || (_urgent.Count > 0 && _inUse >= _limit);

    private void GiveUp(LinkedListNode<Waiter> node, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (node.List is not { } list) return; // served meanwhile: the place is the caller's
            list.Remove(node);
            node.Value.TrySetCanceled(cancellationToken);
            Tell();
        }
    }

    private void Leave()
    {
        lock (_gate)
        {
            _inUse--;
            Serve();
        }
    }

    private void Serve()
    {
        while (_inUse < _limit && (_urgent.First ?? _patient.First) is { } next)
        {
            next.List!.Remove(next);
            _inUse++;
            next.Value.SetResult(new Place(this));
        }
        Tell();
    }

    private void Tell()
    {
        if (IsShort) _wanted.TrySetResult();
        else if (_wanted.Task.IsCompleted) _wanted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Waiter() : TaskCompletionSource<IDisposable>(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Place(SessionLimit limit) : IDisposable
    {
        private SessionLimit? _limit = limit;

        public void Dispose() => Interlocked.Exchange(ref _limit, null)?.Leave();
    }
}
