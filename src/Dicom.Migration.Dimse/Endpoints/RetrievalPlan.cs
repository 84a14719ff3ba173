namespace Dicom.Migration.Dimse;

/// <summary>The pieces in which a study is asked for, each smaller than the one before: so that what breaks off costs no other its turn, and no more requests are made than it takes.</summary>
/// <param name="studyUid">The study.</param> <param name="isNearline">Whether it comes off a tape.</param> <param name="wanted">What has to come, and what of it has.</param> <param name="retriever">Whose contexts are planned for.</param>
/// <param name="troubled">Those that broke off when the study was read before; <see langword="null"/> for none.</param>
internal sealed class RetrievalPlan(string studyUid, bool isNearline, Wanted wanted, Retriever retriever, IReadOnlySet<string>? troubled)
{
    // UIDs of 64 characters: 4 KiB, which archives take. Where a list breaks off and nothing says at which of them, the rest comes in shorter ones.
    private static readonly int[] InstancesPerList = [64, 8];

    /// <summary>Whether the archive has stalled once: then it is not asked in one set of contexts after another.</summary>
    public bool IsStalling { get; set; }

    /// <summary>The study; each series that is not all here; what is not listed, or without its SOP class, in the contexts of one set of SOP classes after another; lists of instances; instance by instance, and those that
    /// broke off before at the end. What has arrived meanwhile is not asked for again, if it can be left out; nor is what is offline.</summary>
    public IEnumerable<RetrievalRequest> Requests()
    {
        var offline = wanted.Offline;
        if (troubled is null)
        {
            if (offline.Count == 0 && retriever.Fits(wanted.All)) yield return Ask("STUDY", null, wanted.All);
            foreach (var series in wanted.Missing.GroupBy(static l => l.SeriesUid, StringComparer.Ordinal))
                if (!offline.Exists(o => o.SeriesUid == series.Key) && retriever.Fits(series)) yield return Ask("SERIES", series.Key, [.. series]);
        }

        foreach (var contexts in offline.Count == 0 ? retriever.FurtherPlans(HasUnlisted) : [])
        {
            List<Listed> unknown = [.. wanted.Missing.Where(static l => l.SopClassUid is null)];
            if ((unknown.Count == 0 && !HasUnlisted) || IsStalling) break; // thirty times the longest wait would be an hour
            yield return Ask("STUDY", null, unknown) with { Contexts = contexts };
        }

        foreach (var size in InstancesPerList)
        {
            foreach (var list in wanted.Missing.Where(l => l.SopClassUid is not null && !IsTroubled(l)).GroupBy(static l => l.SeriesUid, StringComparer.Ordinal).SelectMany(g => g.Chunk(size)))
            {
                List<Listed> missing = [.. list.Where(l => !wanted.Has(l.SopInstanceUid) && !IsTroubled(l))];
                if (missing.Count > 1 && retriever.Fits(missing)) yield return Ask("IMAGE", list[0].SeriesUid, missing);
            }
        }

        foreach (var instance in wanted.Missing.OrderBy(IsTroubled).ThenBy(static l => l.SopClassUid is null))
            if (!wanted.Has(instance.SopInstanceUid)) yield return Ask("IMAGE", instance.SeriesUid, [instance]);
    }

    private bool HasUnlisted => wanted.IsOpen || wanted.MissingUnlisted > 0;

    private bool IsTroubled(Listed instance) => troubled?.Contains(instance.SopInstanceUid) is true || wanted.Broken.Contains(instance.SopInstanceUid, StringComparer.Ordinal);

    private RetrievalRequest Ask(string level, string? seriesUid, IReadOnlyList<Listed> instances) => new(level, studyUid, seriesUid, instances) { IsNearline = isNearline };
}
