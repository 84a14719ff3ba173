namespace Dicom.Migration.Engine;

/// <summary>A unit while it is worked on: complete when its source has given all, and every object of it has its verdict on record.</summary>
internal sealed class UnitInHand(WorkLease lease, WorkItem item)
{
    private readonly Dictionary<(string SopInstanceUid, int Copy), LedgerDigest> _taken = [];
    private readonly Dictionary<string, int> _next = new(StringComparer.Ordinal);
    private int _open = 1; // the reading itself

    public WorkLease Lease { get; } = lease;
    public string Key => item.Unit.Key;
    public bool IsStudy => (SourceUnitKind)item.Unit.Kind is SourceUnitKind.Study;
    public int? ExpectedInstances { get; private set; } = item.Unit.ExpectedInstances;
    /// <summary>1 for the first run that holds the unit; counted across restarts.</summary>
    public int Attempt => item.Attempt;
    /// <summary>What of it has come, and what is missing.</summary>
    public Completeness Completeness { get; } = new();

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
        Completeness.BeginReading();
        ExpectedInstances = item.Unit.ExpectedInstances;
    }

    /// <summary>Which copy under its UID an object is; <see langword="null"/> if an earlier reading gave the same one, which is on its way already.</summary>
    /// <param name="sopInstanceUid">Its UID.</param> <param name="digest">Of its bytes.</param>
    /// <param name="isRepeat">Whether the source takes it for one that it has given before: with the same bytes it is.</param>
    public int? Claim(string sopInstanceUid, LedgerDigest digest, bool isRepeat = false)
    {
        if (isRepeat && Takes(sopInstanceUid, digest)) return null;
        if (isRepeat) Completeness.IsFurther();
        var copy = _next.GetValueOrDefault(sopInstanceUid);
        while (_taken.TryGetValue((sopInstanceUid, copy), out var taken) && taken != digest) copy++;
        _next[sopInstanceUid] = copy + 1;
        return _taken.TryAdd((sopInstanceUid, copy), digest) ? copy : null;
    }

    /// <summary>What was claimed came to nothing: another reading may give it.</summary>
    public void TakeBack(string sopInstanceUid, int copy) => _taken.Remove((sopInstanceUid, copy));

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
