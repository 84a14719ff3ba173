namespace Dicom.Migration.Dimse;

/// <summary>An instance that a query lists.</summary>
/// <param name="SeriesUid">Its series.</param> <param name="SopInstanceUid">Its UID.</param> <param name="SopClassUid">Its SOP class, if the archive says it.</param>
internal sealed record Listed(string SeriesUid, string SopInstanceUid, string? SopClassUid)
{
    /// <summary>Whether the archive says that it cannot be read without someone fetching a medium: it is not asked for, and taken if it comes.</summary>
    public bool IsOffline { get; init; }
}

/// <summary>What is asked of an archive, and what of it has arrived: completeness is judged by this and never by a status.</summary>
/// <param name="listed">What the archive lists.</param>
/// <param name="unlisted">How many more it counts than it lists: so many are let pass.</param>
/// <param name="isOpen">Whether all that comes is let pass, as the archive has cut its list and counts nothing.</param>
internal sealed class Wanted(IEnumerable<Listed> listed, int unlisted = 0, bool isOpen = false)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Listed> _listed = listed.DistinctBy(static l => l.SopInstanceUid, StringComparer.Ordinal).ToDictionary(static l => l.SopInstanceUid, StringComparer.Ordinal);
    private readonly Dictionary<string, int> _again = listed.GroupBy(static l => l.SopInstanceUid, StringComparer.Ordinal).Where(static g => g.Count() > 1).ToDictionary(static g => g.Key, static g => g.Count() - 1, StringComparer.Ordinal);
    private readonly HashSet<string> _arrived = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _broken = new(StringComparer.Ordinal); // and the SOP class that they said they had
    private readonly HashSet<string> _beyond = new(StringComparer.Ordinal); // let pass; here only if they have arrived
    private readonly SortedSet<string> _unrequested = new(StringComparer.Ordinal);

    /// <summary>Whether more may come than anything tells.</summary>
    public bool IsOpen => isOpen;

    /// <summary>What the archive lists, and can be read.</summary>
    public IReadOnlyList<Listed> All { get; } = [.. listed.Where(static l => !l.IsOffline).DistinctBy(static l => l.SopInstanceUid, StringComparer.Ordinal)];

    /// <summary>What did not arrive and can be read; with its SOP class, if the archive lists it or it broke off on its way.</summary>
    public List<Listed> Missing
    {
        get
        {
            lock (_gate) return [.. All.Where(l => !_arrived.Contains(l.SopInstanceUid)).Select(l => l.SopClassUid is null && _broken.TryGetValue(l.SopInstanceUid, out var c) ? l with { SopClassUid = c } : l)];
        }
    }

    /// <summary>What cannot be read, and did not arrive.</summary>
    public List<Listed> Offline
    {
        get
        {
            lock (_gate) return [.. _listed.Values.Where(l => l.IsOffline && !_arrived.Contains(l.SopInstanceUid))];
        }
    }

    /// <summary>How many instances have arrived, each counted once.</summary>
    public int Arrivals
    {
        get
        {
            lock (_gate) return _arrived.Count;
        }
    }

    /// <summary>How many more the archive counts than it lists, and has not sent. One that is sent again stands in for none, nor does one that was let pass and broke off.</summary>
    public int MissingUnlisted
    {
        get
        {
            lock (_gate) return Math.Max(0, unlisted - ArrivedBeyond);
        }
    }

    /// <summary>What came, and nobody asked for; sorted.</summary>
    public List<string> Unrequested
    {
        get
        {
            lock (_gate) return [.. _unrequested];
        }
    }

    /// <summary>Whether the archive lists an instance.</summary>
    public bool Lists(string sopInstanceUid) => _listed.ContainsKey(sopInstanceUid);

    /// <summary>Whether an instance may come; one that may not is kept in mind.</summary>
    public bool Admits(string sopInstanceUid)
    {
        lock (_gate)
        {
            if (Lists(sopInstanceUid) || _beyond.Contains(sopInstanceUid)) return true;
            if (isOpen || ArrivedBeyond < unlisted) return _beyond.Add(sopInstanceUid);
            _unrequested.Add(sopInstanceUid);
            return false;
        }
    }

    /// <summary>Whether an instance that comes is here already, and the archive does not list its UID once more: sent twice, by two C-MOVEs of which one was given up, or another
    /// object under the same UID. Its content tells.</summary>
    public bool IsRepeat(string sopInstanceUid)
    {
        lock (_gate)
        {
            if (!_arrived.Contains(sopInstanceUid)) return false;
            if (!_again.TryGetValue(sopInstanceUid, out var left) || left == 0) return true;
            _again[sopInstanceUid] = left - 1;
            return false;
        }
    }

    /// <summary>Whether an instance is here already.</summary>
    public bool Has(string sopInstanceUid)
    {
        lock (_gate) return _arrived.Contains(sopInstanceUid);
    }

    /// <summary>What broke off on its way, and did not come again.</summary>
    public List<string> Broken
    {
        get
        {
            lock (_gate) return [.. _broken.Keys.Where(b => !_arrived.Contains(b))];
        }
    }

    /// <summary>An instance broke off on its way.</summary>
    public void Broke(string sopInstanceUid, string sopClassUid)
    {
        lock (_gate) _broken[sopInstanceUid] = sopClassUid;
    }

    /// <summary>An instance is here.</summary>
    public void Arrived(string sopInstanceUid)
    {
        lock (_gate) _arrived.Add(sopInstanceUid);
    }

    private int ArrivedBeyond => _beyond.Count(_arrived.Contains);
}
