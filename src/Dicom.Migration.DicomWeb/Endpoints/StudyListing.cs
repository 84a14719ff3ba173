using System.Globalization;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>Lists the studies of an archive so that a cap that nobody mentions is noticed.</summary>
/// <remarks>Orthanc under a cap gives that many studies and one more, status 200 and no warning, and an offset counts within those alone. So after the
/// plain listing the years are listed, and a span that gives as many as the plain listing is halved, down to a day.</remarks>
internal sealed class StudyListing(DicomWebClient client, bool listsByDateToo, TimeProvider time)
{
    private const int FirstYear = 1970; // before it there was nothing to store; what is older is in the span before it

    /// <exception cref="DicomWebException">The archive caps its answers, and even one day has more (<see cref="FaultCode.QueryTooLarge"/>).</exception>
    public async IAsyncEnumerable<DataSet> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var plain = 0L;
        await foreach (var study in ListAsync(null, cancellationToken).ConfigureAwait(false))
        {
            plain++;
            yield return study;
        }
        if (!listsByDateToo || plain == 0) yield break;
        var (dated, fullDays) = (0L, 0);
        var spans = Spans();
        while (spans.TryPop(out var span))
        {
            var count = 0L;
            await foreach (var study in ListAsync(span, cancellationToken).ConfigureAwait(false))
            {
                count++;
                yield return study;
            }
            if (count < plain) dated += count;
            else if (span.First == span.Last) (fullDays, dated) = (fullDays + 1, dated + count);
            else
            {
                var middle = span.First.AddDays((span.Last.DayNumber - span.First.DayNumber) / 2);
                spans.Push(new Span(middle.AddDays(1), span.Last));
                spans.Push(new Span(span.First, middle));
            }
        }
        if (fullDays > 0 && dated > plain) throw new DicomWebException(FaultCode.QueryTooLarge, "The peer caps its answers without saying so, and one day has more studies than the cap. Raise the cap at the peer.");
    }

    private IAsyncEnumerable<DataSet> ListAsync(Span? span, CancellationToken cancellationToken)
    {
        var query = new DicomWebQuery().Include(DicomTags.NumberOfStudyRelatedInstances);
        if (span is { } days) query.Match(DicomTags.StudyDate, days.ToString());
        return client.SearchStudiesAsync(query, cancellationToken);
    }

    private Stack<Span> Spans()
    {
        var thisYear = time.GetUtcNow().Year;
        var spans = new Stack<Span>([new Span(new DateOnly(thisYear + 1, 1, 1), new DateOnly(9999, 12, 31)), new Span(new DateOnly(1, 1, 1), new DateOnly(FirstYear - 1, 12, 31))]);
        for (var year = FirstYear; year <= thisYear; year++) spans.Push(new Span(new DateOnly(year, 1, 1), new DateOnly(year, 12, 31)));
        return spans;
    }

    private readonly record struct Span(DateOnly First, DateOnly Last)
    {
        // PS3.18 §8.3.4.1, PS3.4 §C.2.2.2.5: a range, both ends included.
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First:yyyyMMdd}-{Last:yyyyMMdd}");
    }
}
