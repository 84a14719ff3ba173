namespace Dicom.Migration.Evidence;

/// <summary>Sums by key, of a bounded number of keys: what comes after them goes under the key that stands for the rest.</summary>
internal sealed class Breakdown<T>(T rest, IEqualityComparer<T>? comparer = null) where T : notnull
{
    private const int MaxKeys = 1_000;
    private readonly Dictionary<T, (long Objects, long Bytes)> _sums = new(comparer);

    public void Add(T key, long bytes)
    {
        if (_sums.Count >= MaxKeys && !_sums.ContainsKey(key)) key = rest;
        var (objects, sum) = _sums.GetValueOrDefault(key);
        _sums[key] = (objects + 1, sum + bytes);
    }

    /// <summary>The largest first; equal ones by key.</summary>
    public IReadOnlyList<ReconciliationLine<T>> Lines =>
        [.. _sums.Select(s => new ReconciliationLine<T>(s.Key, s.Value.Objects, s.Value.Bytes)).OrderByDescending(l => l.Objects).ThenBy(l => l.Key)];
}
