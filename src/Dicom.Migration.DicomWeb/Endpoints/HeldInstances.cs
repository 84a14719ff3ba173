namespace Dicom.Migration.DicomWeb;

/// <summary>What the target holds of the studies stored into lately, and what is on its way there: no object is sent over another.</summary>
internal sealed class HeldInstances(DicomWebClient client)
{
    private const int MaxStudies = 64; // lanes work on a few studies at a time; one of 100,000 instances takes some 15 MB
    private readonly Lock _lock = new();
    private readonly Dictionary<string, HashSet<string>> _studies = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);

    /// <summary>Whether the target holds an instance with this UID in this study.</summary>
    /// <exception cref="DicomWebException">The target cannot say.</exception>
    public async Task<bool> HoldsAsync(DicomWebResource instance, CancellationToken cancellationToken)
    {
        lock (_lock)
            if (_studies.TryGetValue(instance.StudyInstanceUid, out var known)) return known.Contains(instance.SopInstanceUid!);
        var held = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            await foreach (var result in client.SearchInstancesAsync(new DicomWebResource(instance.StudyInstanceUid), null, cancellationToken).ConfigureAwait(false))
                held.Add(result.GetString(DicomTags.SopInstanceUid)!);
        }
        catch (DicomWebException e) when (e.Fault.Code is FaultCode.PathNotFound) { } // some servers say so of a study that they do not hold
        lock (_lock)
        {
            // Another lane may have asked at the same time, and stored since: what either knows is held.
            if (_studies.TryGetValue(instance.StudyInstanceUid, out var known)) known.UnionWith(held);
            else
            {
                _studies.Add(instance.StudyInstanceUid, held);
                _order.Enqueue(instance.StudyInstanceUid);
                if (_order.Count > MaxStudies) _studies.Remove(_order.Dequeue());
            }
            return held.Contains(instance.SopInstanceUid!);
        }
    }

    /// <summary>Begins to send; <see langword="false"/> if another lane is sending an object with the same UID.</summary>
    public bool TryBegin(string sopInstanceUid)
    {
        lock (_lock) return _underWay.Add(sopInstanceUid);
    }

    /// <summary>Has sent.</summary>
    public void End(DicomWebResource instance, bool isStored)
    {
        lock (_lock)
        {
            _underWay.Remove(instance.SopInstanceUid!);
            if (!_studies.TryGetValue(instance.StudyInstanceUid, out var known)) return;
            if (isStored) known.Add(instance.SopInstanceUid!);
        }
    }

    /// <summary>Nobody knows what became of a request: what is held is asked for anew.</summary>
    public void Forget(string studyInstanceUid)
    {
        lock (_lock)
        {
            if (!_studies.Remove(studyInstanceUid)) return;
            var others = _order.Where(s => s != studyInstanceUid).ToList();
            _order.Clear();
            others.ForEach(_order.Enqueue);
        }
    }
}
