using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>Lists the studies of an archive so that a cap that nobody mentions is noticed.</summary>
/// <remarks>Orthanc under a cap gives that many studies and one more, status 200 and no warning, and an offset counts within those alone. So after the
/// plain listing the years are listed, and a span that gives as many as the plain listing is halved, down to a second, unless its halves
/// have a study in common: then the archive does not match by it. A study that only a span has proves
/// the cap. What no span holds, studies without a date, or more in one second than the cap, cannot be listed then: units say so that end as exceptions.</remarks>
internal sealed class StudyListing(DicomWebClient client, bool listsByDateToo, TimeProvider time)
{
    /// <summary>Starts the key of a unit that stands for studies which the archive does not let list.</summary>
    public const string Unlistable = "!query ";
    private const int FirstYear = 1970; // before it there was nothing to store; what is older is in the span before it

    public async IAsyncEnumerable<SourceUnit> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var plain = new HashSet<string>(StringComparer.Ordinal);
        foreach (var unit in await UnitsAsync(null, cancellationToken).ConfigureAwait(false))
        {
            plain.Add(unit.Key);
            yield return unit;
        }
        if (!listsByDateToo || plain.Count == 0) yield break;
        var (isCapped, unlistable) = (false, new List<StudySpan>());
        var (seen, full) = (new HashSet<string>(StringComparer.Ordinal), new Stack<StudySpan>());
        foreach (var span in Years())
        {
            var units = await UnitsAsync(span, cancellationToken).ConfigureAwait(false);
            foreach (var unit in units) yield return unit;
            isCapped |= units.Exists(u => !plain.Contains(u.Key));
            // A study of two years: the archive does not match by date, and there is nothing to be learnt from asking.
            if (units.Exists(u => seen.Contains(u.Key))) yield break;
            seen.UnionWith(units.Select(static u => u.Key));
            if (units.Count >= plain.Count) full.Push(span);
        }
        while (full.TryPop(out var span))
        {
            if (!span.CanBeHalved)
            {
                unlistable.Add(span);
                continue;
            }
            var (early, late) = span.Halves();
            var (first, second) = (await UnitsAsync(early, cancellationToken).ConfigureAwait(false), await UnitsAsync(late, cancellationToken).ConfigureAwait(false));
            foreach (var unit in first.Concat(second)) yield return unit;
            isCapped |= first.Concat(second).Any(u => !plain.Contains(u.Key));
            if (first.IntersectBy(second.Select(static u => u.Key), static u => u.Key, StringComparer.Ordinal).Any()) unlistable.Add(span); // not matched by time
            else
            {
                if (second.Count >= plain.Count) full.Push(late);
                if (first.Count >= plain.Count) full.Push(early);
            }
        }
        if (!isCapped) yield break;
        yield return new SourceUnit(Unlistable + "without a date or time", SourceUnitKind.Study);
        foreach (var span in unlistable) yield return new SourceUnit($"{Unlistable}{span.Dates} {span.Times}", SourceUnitKind.Study);
    }

    private Task<List<SourceUnit>> UnitsAsync(StudySpan? span, CancellationToken cancellationToken) => Patience.AskAsync(async () =>
    {
        var units = new List<SourceUnit>();
        await foreach (var study in ListAsync(span, cancellationToken).ConfigureAwait(false)) units.Add(Unit(study));
        return units;
    }, time, cancellationToken);

    private static SourceUnit Unit(DataSet study) => new(Uid(study), SourceUnitKind.Study)
    {
        Instances = study.TryGetValue(DicomTags.NumberOfStudyRelatedInstances, out var value) && value.TryGetInt64(out var number) && number is >= 0 and <= int.MaxValue ? (int)number : null,
    };

    private static string Uid(DataSet study) => study.GetString(DicomTags.StudyInstanceUid)!.TrimEnd('\0', ' ');

    private IAsyncEnumerable<DataSet> ListAsync(StudySpan? span, CancellationToken cancellationToken)
    {
        var query = new DicomWebQuery().Include(DicomTags.NumberOfStudyRelatedInstances);
        if (span is { } days) query.Match(DicomTags.StudyDate, days.Dates);
        if (span is { HasTimes: true } hours) query.Match(DicomTags.StudyTime, hours.Times);
        return client.SearchStudiesAsync(query, cancellationToken);
    }

    private IEnumerable<StudySpan> Years()
    {
        var thisYear = time.GetUtcNow().Year;
        yield return new StudySpan(new DateOnly(1, 1, 1), new DateOnly(FirstYear - 1, 12, 31));
        for (var year = FirstYear; year <= thisYear; year++) yield return new StudySpan(new DateOnly(year, 1, 1), new DateOnly(year, 12, 31));
        yield return new StudySpan(new DateOnly(thisYear + 1, 1, 1), new DateOnly(9999, 12, 31));
    }
}
