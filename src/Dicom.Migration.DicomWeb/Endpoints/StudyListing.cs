using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>Lists the studies of an archive so that a cap that nobody mentions is noticed.</summary>
/// <remarks>Orthanc under a cap gives that many studies and one more, status 200 and no warning, and an offset counts within those alone. So after the
/// plain listing the years are listed, and a span that gives as many as the plain listing is halved, down to a second. A study that only a span has proves
/// the cap. What no span holds, studies without a date, or more in one second than the cap, cannot be listed then: units say so that end as exceptions.</remarks>
internal sealed class StudyListing(DicomWebClient client, bool listsByDateToo, TimeProvider time)
{
    /// <summary>Starts the key of a unit that stands for studies which the archive does not let list.</summary>
    public const string Unlistable = "!query ";
    private const int FirstYear = 1970; // before it there was nothing to store; what is older is in the span before it

    public async IAsyncEnumerable<SourceUnit> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var plain = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var study in ListAsync(null, cancellationToken).ConfigureAwait(false))
        {
            plain.Add(Uid(study));
            yield return Unit(study);
        }
        if (!listsByDateToo || plain.Count == 0) yield break;
        var isCapped = false;
        var fullSeconds = new List<StudySpan>();
        var spans = Spans();
        while (spans.TryPop(out var span))
        {
            var uids = new HashSet<string>(StringComparer.Ordinal);
            await foreach (var study in ListAsync(span, cancellationToken).ConfigureAwait(false))
            {
                uids.Add(Uid(study));
                isCapped |= !plain.Contains(Uid(study));
                yield return Unit(study);
            }
            if (uids.Count < plain.Count) continue;
            if (!span.CanBeHalved) fullSeconds.Add(span);
            else
            {
                var (early, late) = span.Halves();
                spans.Push(late);
                spans.Push(early);
            }
        }
        if (!isCapped) yield break;
        yield return new SourceUnit(Unlistable + "without a date or time", SourceUnitKind.Study);
        foreach (var span in fullSeconds) yield return new SourceUnit($"{Unlistable}{span.Dates} {span.Times}", SourceUnitKind.Study);
    }

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

    private Stack<StudySpan> Spans()
    {
        var thisYear = time.GetUtcNow().Year;
        var spans = new Stack<StudySpan>([new StudySpan(new DateOnly(thisYear + 1, 1, 1), new DateOnly(9999, 12, 31)), new StudySpan(new DateOnly(1, 1, 1), new DateOnly(FirstYear - 1, 12, 31))]);
        for (var year = FirstYear; year <= thisYear; year++) spans.Push(new StudySpan(new DateOnly(year, 1, 1), new DateOnly(year, 12, 31)));
        return spans;
    }
}
