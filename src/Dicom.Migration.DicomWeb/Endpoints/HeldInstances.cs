namespace Dicom.Migration.DicomWeb;

/// <summary>What the target holds of the studies stored into lately, and what is on its way there: no object is sent over another.</summary>
internal sealed class HeldInstances(DicomWebClient client)
{
    private const int MaxStudies = 64; // lanes work on a few studies at a time; one of 100,000 instances takes some 15 MB
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Study> _studies = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly HashSet<string> _underWay = new(StringComparer.Ordinal);

    /// <summary>Whether the target holds an instance with this UID in this study.</summary>
    /// <remarks>That a list has an instance proves that it is there. That it has not proves nothing, as servers cut off lists without saying so, and count offsets within what they
    /// have cut: unless it is empty, such an instance is asked for alone.</remarks>
    /// <exception cref="DicomWebException">The target cannot say; <see cref="FaultCode.QueryTooLarge"/> if it answers with others than were asked for, and neither its list nor the instance's own address tells.</exception>
    public async Task<bool> HoldsAsync(DicomWebResource instance, CancellationToken cancellationToken)
    {
        var uid = instance.SopInstanceUid!;
        var study = Find(instance.StudyInstanceUid) ?? Keep(instance.StudyInstanceUid, await ListAsync(instance.StudyInstanceUid, cancellationToken).ConfigureAwait(false));
        lock (_lock)
        {
            if (study.Held.Contains(uid)) return true;
            if (study.IsWhole) return false;
        }
        if (!await FindAsync(instance, study.IsProven, cancellationToken).ConfigureAwait(false)) return false;
        lock (_lock) study.Held.Add(uid);
        return true;
    }

    private Study? Find(string studyInstanceUid)
    {
        lock (_lock) return _studies.GetValueOrDefault(studyInstanceUid);
    }

    private Study Keep(string studyInstanceUid, Study listed)
    {
        lock (_lock)
        {
            // Another lane may have asked at the same time, and stored since: what either knows is held.
            if (_studies.TryGetValue(studyInstanceUid, out var known))
            {
                known.Held.UnionWith(listed.Held);
                (known.IsWhole, known.IsProven) = (known.IsWhole && listed.IsWhole, known.IsProven && listed.IsProven);
                return known;
            }
            _studies.Add(studyInstanceUid, listed);
            _order.Enqueue(studyInstanceUid);
            if (_order.Count > MaxStudies) _studies.Remove(_order.Dequeue());
            return listed;
        }
    }

    private async Task<Study> ListAsync(string studyInstanceUid, CancellationToken cancellationToken)
    {
        var (held, end, isCut) = (new HashSet<string>(StringComparer.Ordinal), new QueryEnd(), false);
        try
        {
            await foreach (var result in client.SearchInstancesAsync(new DicomWebResource(studyInstanceUid), null, end, cancellationToken).ConfigureAwait(false))
                held.Add(result.GetString(DicomTags.SopInstanceUid)!);
        }
        catch (DicomWebException e) when (e.Fault.Code is FaultCode.PathNotFound) { } // some servers say so of a study that they do not hold
        catch (DicomWebException e) when (e.Fault.Code is FaultCode.QueryTooLarge) { isCut = true; }
        return new Study(held) { IsWhole = held.Count == 0 && !isCut, IsProven = end.IsProven };
    }

    private async Task<bool> FindAsync(DicomWebResource instance, bool isListProven, CancellationToken cancellationToken)
    {
        var isEmpty = true;
        try
        {
            var query = new DicomWebQuery().Match(DicomTags.SopInstanceUid, instance.SopInstanceUid!);
            await foreach (var result in client.SearchInstancesAsync(new DicomWebResource(instance.StudyInstanceUid), query, cancellationToken).ConfigureAwait(false))
            {
                if (result.GetString(DicomTags.SopInstanceUid) == instance.SopInstanceUid) return true;
                isEmpty = false;
            }
        }
        catch (DicomWebException e) when (e.Fault.Code is FaultCode.PathNotFound) { }
        if (isEmpty) return false;
        // It does not match by this attribute. What it holds at the instance's own address it tells all the same.
        try
        {
            await foreach (var metadata in client.RetrieveMetadataAsync(instance, cancellationToken).ConfigureAwait(false))
                if (metadata.GetString(DicomTags.SopInstanceUid) == instance.SopInstanceUid) return true;
        }
        catch (DicomWebException e) when (e.Fault.Code is FaultCode.PathNotFound && isListProven) { return false; }
        catch (DicomWebException e) when (!e.Fault.IsTransient && e.Fault.Code is not (FaultCode.AccessDenied or FaultCode.TlsRefused)) { }
        throw new DicomWebException(FaultCode.QueryTooLarge, "The peer answers a query for one instance with others, and its list of the study may be cut off: whether it holds that one, nobody knows.");
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
            if (isStored) known.Held.Add(instance.SopInstanceUid!);
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

    /// <summary>What is known of a study.</summary>
    /// <param name="held">Instances that are there.</param>
    private sealed class Study(HashSet<string> held)
    {
        public HashSet<string> Held { get; } = held;
        /// <summary>It was empty when it was listed: others than are known came by nobody else.</summary>
        public bool IsWhole { get; set; }
        /// <summary>Its list ended with an empty page.</summary>
        public bool IsProven { get; set; }
    }
}
