namespace Dicom.Migration.Engine;

/// <summary>A unit while it is worked on: complete when its source has given all, and every object of it has its verdict on record.</summary>
internal sealed class UnitInHand(WorkLease lease, WorkItem item)
{
    private readonly Dictionary<(string SopInstanceUid, int Copy), LedgerDigest> _taken = [];
    private readonly Dictionary<string, int> _next = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _most = new(StringComparer.Ordinal), _now = new(StringComparer.Ordinal); // instances by UID: of one reading at most, and of this one
    private readonly HashSet<(string Place, int Nth)> _here = []; // all that came, in any reading
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal); // how often this reading has been there
    private readonly List<(string Place, int Nth, Fault Fault)> _missing = [], _mistaken = []; // as this reading says
    private int _nth; // of the item that is looked at, at its place
    private bool _isCounted; // there, whether or not it comes whole
    private int _further; // instances of this reading beside another under their UID, of which the source does not know
    private int _open = 1; // the reading itself

    public WorkLease Lease { get; } = lease;
    public string Key => item.Unit.Key;
    public bool IsStudy => (SourceUnitKind)item.Unit.Kind is SourceUnitKind.Study;
    public int? ExpectedInstances { get; private set; } = item.Unit.ExpectedInstances;
    /// <summary>1 for the first run that holds the unit; counted across restarts.</summary>
    public int Attempt => item.Attempt;
    /// <summary>Instances that all readings together have given: of each UID as many as one of them gave at most. What comes again with other bytes, as an archive may change
    /// what it sends each time, stands in for no other.</summary>
    public int Instances { get; private set; }
    /// <summary>Whether this reading has given any.</summary>
    public bool HasGiven => _now.Count > 0;

    /// <summary>The same unit, as if nothing had been read of it.</summary>
    public UnitInHand Afresh() => new(Lease, item);

    public SourceUnit ToSource() => new(Key, (SourceUnitKind)item.Unit.Kind) { Instances = item.Unit.ExpectedInstances };

    /// <summary>The source takes back the number that it gave before.</summary>
    public void Correct(int instances) => ExpectedInstances = instances;

    /// <summary>What is put on record when the unit is complete, and not before: whoever reads it again has to find the same.</summary>
    public LedgerUnit? Correction => ExpectedInstances == item.Unit.ExpectedInstances ? null : item.Unit with { ExpectedInstances = ExpectedInstances };

    /// <summary>The source is read from its start; what it gave before will come again.</summary>
    public void BeginReading()
    {
        _next.Clear();
        _now.Clear();
        _places.Clear();
        _missing.Clear();
        _mistaken.Clear();
        _further = 0;
        ExpectedInstances = item.Unit.ExpectedInstances;
    }

    /// <summary>Which copy under its UID an object is; <see langword="null"/> if an earlier reading gave the same one, which is on its way already.</summary>
    /// <param name="sopInstanceUid">Its UID.</param> <param name="digest">Of its bytes.</param>
    /// <param name="isRepeat">Whether the source takes it for one that it has given before: with the same bytes it is.</param>
    public int? Claim(string sopInstanceUid, LedgerDigest digest, bool isRepeat = false)
    {
        if (isRepeat && Takes(sopInstanceUid, digest)) return null;
        if (isRepeat) _further++;
        var copy = _next.GetValueOrDefault(sopInstanceUid);
        while (_taken.TryGetValue((sopInstanceUid, copy), out var taken) && taken != digest) copy++;
        _next[sopInstanceUid] = copy + 1;
        return _taken.TryAdd((sopInstanceUid, copy), digest) ? copy : null;
    }

    /// <summary>What was claimed came to nothing: another reading may give it.</summary>
    public void TakeBack(string sopInstanceUid, int copy) => _taken.Remove((sopInstanceUid, copy));

    /// <summary>Another item of this reading. A container may have two entries of one name; what a source was asked for by name is one until it has come, however often it begins to.</summary>
    public void Next(SourceItem item)
    {
        _nth = item is SourceInstance ? _places.GetValueOrDefault(item.Place) : 0;
        _isCounted = item is SourceInstance { IsClaimBinding: false };
        if (_isCounted) _places[item.Place] = _nth + 1;
    }

    /// <summary>What stands at a place has come, and counts.</summary>
    public void Arrived(string place, string sopInstanceUid)
    {
        _here.Add((place, _nth));
        if (!_isCounted) _places[place] = _nth + 1;
        var now = _now[sopInstanceUid] = _now.GetValueOrDefault(sopInstanceUid) + 1;
        if (now <= _most.GetValueOrDefault(sopInstanceUid)) return;
        _most[sopInstanceUid] = now;
        Instances++;
    }

    /// <summary>The source lists something, and does not give it; without a place it only counts it.</summary>
    public void Misses(string place, Fault fault) => _missing.Add((place, _nth, fault));

    /// <summary>Something else came for what stands at a place.</summary>
    public void Mistakes(string place, Fault fault, bool isListed)
    {
        _mistaken.Add((place, _nth, fault));
        Misses(isListed ? place : "", new Fault(FaultCode.NotDelivered));
    }

    /// <summary>What came in place of something that never did.</summary>
    public IEnumerable<(string Place, Fault Fault)> Mistaken => _mistaken.Where(m => !_here.Contains((m.Place, m.Nth))).Select(static m => (m.Place, m.Fault));

    /// <summary>What no reading gave: first what the source names, then as many as are counted and have no name.</summary>
    /// <param name="end">What the reading ended with: why those without a name are missing, if nothing else says so.</param>
    public List<(string Place, Fault Fault)> Shortfall(Fault? end)
    {
        var named = _missing.Where(static m => m.Place.Length > 0).DistinctBy(static m => (m.Place, m.Nth)).ToList();
        List<(string Place, Fault Fault)> shortfall = [.. named.Where(m => !_here.Contains((m.Place, m.Nth))).Select(static m => (m.Place, m.Fault))];
        List<(string Place, Fault Fault)> unnamed = [.. _missing.Where(static m => m.Place.Length == 0).Select(static m => (m.Place, m.Fault))];
        // Given by another reading alone, and named by none: it may be one of those that this one counts without a name.
        var others = Math.Max(0, Instances - _now.Values.Sum() - (named.Count - shortfall.Count)) + _further;
        var count = Math.Max(unnamed.Count - others, (ExpectedInstances ?? 0) - Instances - shortfall.Count);
        for (var i = 0; i < count; i++) shortfall.Add(i < unnamed.Count ? unnamed[i] : ("", end ?? new Fault(FaultCode.NotDelivered)));
        return shortfall;
    }

    /// <summary>One more object is on its way.</summary>
    public void Open() => Interlocked.Increment(ref _open);

    /// <summary>An object, or the reading, has come to its end.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool Close() => Interlocked.Decrement(ref _open) == 0;

    private bool Takes(string sopInstanceUid, LedgerDigest digest)
    {
        for (var copy = 0; _taken.TryGetValue((sopInstanceUid, copy), out var taken); copy++)
            if (taken == digest) return true;
        return false;
    }
}
