using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Asks an archive what it holds of what was stored.</summary>
internal sealed class TargetEvidence(Peer peer, Retriever retriever, DimseTargetOptions options)
{
    private const int InstancesPerQuery = 64; // 64 UIDs are 4 KiB; an archive that takes no lists is asked one by one
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);

    /// <summary>L1: whether C-FIND lists them at IMAGE level.</summary>
    public async IAsyncEnumerable<EvidenceItem> ListAsync(IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var link = new QueryLink(peer);
        await using var owned = link.ConfigureAwait(false);
        var patience = new Patience(options.VisibilityTimeout, FirstPause, peer.Time);
        var open = references.ToList();
        for (var size = InstancesPerQuery; open.Count > 0; size = 1)
        {
            var isLast = size == 1 && patience.IsOver;
            var missing = new List<StoredReference>();
            foreach (var group in Groups(open, size))
            {
                var (listed, fault) = await TryListAsync(link, group, cancellationToken).ConfigureAwait(false);
                foreach (var reference in group)
                    if (fault is { } why && size == 1) yield return new EvidenceItem(reference, EvidenceLevel.L1) { Fault = why };
                    else if (listed.Contains(reference.SopInstanceUid)) yield return new EvidenceItem(reference, EvidenceLevel.L1);
                    else if (isLast) yield return new EvidenceItem(reference, EvidenceLevel.L1) { Fault = new Fault(FaultCode.MissingAtTarget) };
                    else missing.Add(reference);
            }

            open = missing;
            if (open.Count > 0 && size == 1) await patience.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>L2: whether the archive commits to them.</summary>
    public async IAsyncEnumerable<EvidenceItem> CommitAsync(IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var commitment = new StorageCommitment(peer, retriever.Listener, options.CommitmentTimeout);
        var patience = new Patience(options.VisibilityTimeout, FirstPause, peer.Time);
        var open = references.ToList();
        while (open.Count > 0)
        {
            var isLast = patience.IsOver;
            var missing = new List<StoredReference>();
            // One request names an instance once: a second reference to it has a request of its own.
            foreach (var group in Layers(open).SelectMany(static l => l.Chunk(StorageCommitment.MostInstances)))
            {
                var faults = await commitment.AskPatientlyAsync(group, cancellationToken).ConfigureAwait(false);
                foreach (var reference in group)
                    if (faults[reference.SopInstanceUid] is { Code: FaultCode.MissingAtTarget or FaultCode.UnreadableAtTarget } && !isLast) missing.Add(reference);
                    else yield return new EvidenceItem(reference, EvidenceLevel.L2) { Fault = faults[reference.SopInstanceUid] };
            }

            open = missing;
            if (open.Count > 0) await patience.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>L4: their content, as the archive sends it back.</summary>
    public async IAsyncEnumerable<EvidenceItem> ReadBackAsync(IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var patience = new Patience(options.VisibilityTimeout, FirstPause, peer.Time);
        var open = references.ToList();
        for (var size = InstancesPerQuery; open.Count > 0; size = 1)
        {
            var isLast = size == 1 && patience.IsOver;
            var missing = new List<StoredReference>();
            foreach (var group in Groups(open, size))
            {
                var awaited = group.ToDictionary(static r => r.SopInstanceUid, StringComparer.Ordinal);
                var wanted = new Wanted(group.Select(static r => new Listed(r.SeriesInstanceUid, r.SopInstanceUid, r.SopClassUid)));
                var request = new RetrievalRequest("IMAGE", group[0].StudyInstanceUid, group[0].SeriesInstanceUid, [.. wanted.All]);
                var arrivals = retriever.RetrieveAsync(request, wanted, options.StallTimeout, cancellationToken).GetAsyncEnumerator(cancellationToken);
                await using var owned = arrivals.ConfigureAwait(false);
                while (await NextAsync(arrivals).ConfigureAwait(false))
                {
                    if (!awaited.TryGetValue(arrivals.Current.Store.SopInstanceUid, out var reference)) continue; // sent twice
                    var body = await ReadBackBody.TakeAsync(arrivals.Current.Body, cancellationToken).ConfigureAwait(false);
                    if (body is null) continue; // broke off: it is asked for again
                    awaited.Remove(reference.SopInstanceUid);
                    yield return new EvidenceItem(reference, EvidenceLevel.L4) { Body = body, TransferSyntax = arrivals.Current.TransferSyntax };
                }

                if (isLast)
                    await foreach (var item in UnreadableAsync([.. awaited.Values], cancellationToken).ConfigureAwait(false)) yield return item;
                else missing.AddRange(awaited.Values);
            }

            open = missing;
            if (open.Count > 0 && size == 1) await patience.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What does not come back: missing, or listed and not delivered.</summary>
    private async IAsyncEnumerable<EvidenceItem> UnreadableAsync(IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (references.Count == 0) yield break;
        var link = new QueryLink(peer);
        await using var owned = link.ConfigureAwait(false);
        foreach (var group in Groups(references, 1))
        {
            var (listed, fault) = await TryListAsync(link, group, cancellationToken).ConfigureAwait(false);
            yield return new EvidenceItem(group[0], EvidenceLevel.L4) { Fault = new Fault(listed.Count > 0 || fault is not null ? FaultCode.UnreadableAtTarget : FaultCode.MissingAtTarget) };
        }
    }

    private static async ValueTask<bool> NextAsync(IAsyncEnumerator<Arrival> arrivals)
    {
        try
        {
            return await arrivals.MoveNextAsync().ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            return false; // what did not come is asked for again, one by one
        }
    }

    /// <summary>What is listed of a group. A list that the archive does not answer is no failure of the archive: its instances are asked for one by one.</summary>
    /// <returns>What is listed; for one instance, why it cannot be asked for although others can.</returns>
    private static async Task<(HashSet<string> Listed, Fault? Fault)> TryListAsync(QueryLink link, StoredReference[] group, CancellationToken cancellationToken)
    {
        try
        {
            return (await ListedAsync(link, group, cancellationToken).ConfigureAwait(false), null);
        }
        catch (DicomFormatException)
        {
            return ([], new Fault(FaultCode.UnreadableAtTarget)); // an answer came, and says nothing
        }
        catch (AssociationException e) when (e.Fault.Code is not FaultCode.NotNegotiable)
        {
            // The archive as a whole, or this question? One that it can only answer with nothing tells.
            if (group.Length == 1 && !await AnswersAsync(link, group[0], cancellationToken).ConfigureAwait(false)) throw;
            return ([], group.Length == 1 ? new Fault(FaultCode.UnreadableAtTarget) : null);
        }
    }

    /// <summary>Whether the archive answers a question for an instance that nobody has.</summary>
    private static async Task<bool> AnswersAsync(QueryLink link, StoredReference like, CancellationToken cancellationToken)
    {
        try
        {
            await ListedAsync(link, [like with { SopInstanceUid = StorageCommitment.NewUid() }], cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (MigrationException)
        {
            return false;
        }
    }

    /// <summary>Every reference, none with another of the same instance.</summary>
    private static IEnumerable<List<StoredReference>> Layers(List<StoredReference> references)
    {
        var all = references.GroupBy(static r => r.SopInstanceUid, StringComparer.Ordinal).Select(static g => g.ToList()).ToList();
        for (var layer = 0; all.Exists(g => g.Count > layer); layer++) yield return [.. all.Where(g => g.Count > layer).Select(g => g[layer])];
    }

    private static async Task<HashSet<string>> ListedAsync(QueryLink link, StoredReference[] group, CancellationToken cancellationToken)
    {
        var identifier = Keys.Identifier("IMAGE", (Keys.StudyUid, group[0].StudyInstanceUid), (Keys.SeriesUid, group[0].SeriesInstanceUid),
            (Keys.SopInstanceUid, string.Join('\\', group.Select(static r => r.SopInstanceUid))));
        var matches = await link.FindAllAsync(identifier, cancellationToken).ConfigureAwait(false);
        var asked = group.Select(static r => r.SopInstanceUid).ToHashSet(StringComparer.Ordinal);
        return matches.Select(static m => Keys.Uid(m, Keys.SopInstanceUid)).OfType<string>().Where(asked.Contains).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Of one series and SOP class each, as one query and one association's contexts are for.</summary>
    private static IEnumerable<StoredReference[]> Groups(IReadOnlyList<StoredReference> references, int size) =>
        references.DistinctBy(static r => r.SopInstanceUid, StringComparer.Ordinal).GroupBy(static r => (r.StudyInstanceUid, r.SeriesInstanceUid, r.SopClassUid)).SelectMany(g => g.Chunk(size));
}
