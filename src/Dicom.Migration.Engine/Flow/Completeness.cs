namespace Dicom.Migration.Engine;

/// <summary>What of a unit has come, in all its readings, and what has not: by name where the source gives names, and by number where it only counts.</summary>
/// <remarks>Judged by the data sets that came. What a source says of itself names what is missing, and never stands in for it.</remarks>
internal sealed class Completeness
{
    private readonly Dictionary<string, int> _most = new(StringComparer.Ordinal), _now = new(StringComparer.Ordinal); // instances by UID: of one reading at most, and of this one
    private readonly HashSet<(string Place, int Nth)> _here = []; // all that came, in any reading
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal); // how often this reading has been there
    private readonly List<(string Place, int Nth, Fault Fault)> _missing = [], _mistaken = []; // as this reading says
    private List<(string Place, int Nth, Fault Fault)> _missedBefore = []; // by name, as the last reading said that came to its end
    private int _nth; // of the item that is looked at, at its place
    private bool _isCounted; // there, whether or not it comes whole
    private int _further; // instances of this reading beside another under their UID, of which the source does not know

    /// <summary>Instances that all readings together have given: of each UID as many as one of them gave at most. What comes again with other bytes, as an archive may change
    /// what it sends each time, stands in for no other.</summary>
    public int Instances { get; private set; }

    /// <summary>Whether this reading has given any.</summary>
    public bool HasGiven => _now.Count > 0;

    /// <summary>Whether this reading did not come to its end: what else there is, it does not tell.</summary>
    public bool IsCutShort { get; private set; } = true;

    /// <summary>The source is read from its start; what it gave before will come again.</summary>
    public void BeginReading()
    {
        if (!IsCutShort) _missedBefore = [.. _missing.Where(static m => m.Place.Length > 0)];
        IsCutShort = true;
        _now.Clear();
        _places.Clear();
        _missing.Clear();
        _mistaken.Clear();
        _further = 0;
    }

    /// <summary>The source has told all that there is.</summary>
    public void EndReading() => IsCutShort = false;

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

    /// <summary>One came under the UID of another, and the source takes both for one.</summary>
    public void IsFurther() => _further++;

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
    /// <param name="expected">How many there are, if the source counts them.</param>
    /// <param name="end">What the reading ended with: why those without a name are missing, if nothing else says so.</param>
    public List<(string Place, Fault Fault)> Shortfall(int? expected, Fault? end)
    {
        var named = _missing.Where(static m => m.Place.Length > 0).Concat(IsCutShort ? _missedBefore : []).DistinctBy(static m => (m.Place, m.Nth)).ToList();
        List<(string Place, Fault Fault)> shortfall = [.. named.Where(m => !_here.Contains((m.Place, m.Nth))).Select(static m => (m.Place, m.Fault))];
        List<(string Place, Fault Fault)> unnamed = [.. _missing.Where(static m => m.Place.Length == 0).Select(static m => (m.Place, m.Fault))];
        // Given by another reading alone, and named by none: it may be one of those that this one counts without a name.
        var others = Math.Max(0, Instances - _now.Values.Sum() - (named.Count - shortfall.Count)) + _further;
        var count = Math.Max(unnamed.Count - others, (expected ?? 0) - Instances - shortfall.Count);
        for (var i = 0; i < count; i++) shortfall.Add(i < unnamed.Count ? unnamed[i] : ("", end ?? new Fault(FaultCode.NotDelivered)));
        return shortfall;
    }

    /// <summary>The same at the end of a unit. A unit of which a reading told too little has a line that says so, beside those with names: what else there was, nobody knows.</summary>
    public List<(string Place, Fault Fault)> Ends(int? expected, Fault? end)
    {
        var shortfall = Shortfall(expected, end);
        var isOpen = IsCutShort && expected is null && shortfall.TrueForAll(static s => s.Place.Length > 0);
        if (end is { Code: not FaultCode.NotDelivered } why && (isOpen || shortfall.Count == 0)) shortfall.Add(("", why));
        return [.. Mistaken, .. shortfall];
    }
}
