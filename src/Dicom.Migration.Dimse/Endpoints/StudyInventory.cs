using System.Globalization;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Lists all studies of an archive, although archives cut their answers, and not all of them say so.</summary>
/// <remarks>
/// Day by day: a query whose answer is cut, too long, or of a suspect number is divided. Suspect are multiples of a round number, and a number as high as any
/// before: an archive that cuts at any number gives that number again and again. If the parts hold more than the whole did, the cut is proven.
/// Studies without a usable date are in no range: they are looked for without one.
/// </remarks>
internal sealed class StudyInventory(QueryLink link, DimseSourceOptions options, TimeProvider time)
{
    /// <summary>Starts the key of a unit that stands for studies which the archive does not let list.</summary>
    public const string Unlistable = "!query ";
    /// <summary>Starts the key of a unit whose study UID is malformed.</summary>
    public const string Malformed = "!uid ";
    private const string DayFormat = "yyyyMMdd";
    private const int Attempts = 3;

    private Seen _seen = new(1, 0, int.MaxValue);

    /// <summary>Yields units, the earliest first.</summary>
    /// <param name="after">Where an earlier listing got to: a day, all studies up to which were listed, and what was seen until then. What is none begins at the beginning.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    public async IAsyncEnumerable<SourceUnit> ListAsync(string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(1); // it is tomorrow somewhere
        var done = Resume(after);
        foreach (var slice in Years(today))
        {
            if (done >= slice.To) continue;
            var rest = done >= slice.From ? slice with { From = done.Value.AddDays(1) } : slice;
            SourceUnit? last = null;
            await foreach (var unit in ListAsync(rest, onlyUndated: false, cancellationToken).ConfigureAwait(false))
            {
                if (last is not null) yield return last;
                last = unit;
            }

            // A listing can go on behind a year that is listed to its end.
            if (last is not null) yield return slice.To is { } to ? last with { Cursor = _seen.At(to) } : last;
        }

        // Last: by now it is known how many there are, and whether the archive cuts.
        await foreach (var unit in ListAsync(new StudySlice(), onlyUndated: true, cancellationToken).ConfigureAwait(false)) yield return unit;
    }

    /// <summary>The day up to which all is listed.</summary>
    private DateOnly? Resume(string? after)
    {
        var fields = after?.Split(' ') ?? [];
        if (fields.Length != 4 || !DateOnly.TryParseExact(fields[0], DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)) return null;
        int[] numbers = [.. fields[1..].Select(static f => int.TryParse(f, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1)];
        if (numbers.Contains(-1)) return null;
        _seen = new Seen(numbers[0], numbers[1], numbers[2]);
        return day;
    }

    private IEnumerable<StudySlice> Years(DateOnly today)
    {
        yield return new StudySlice { To = options.FirstDay.AddDays(-1) };
        for (var from = options.FirstDay; from <= today; from = new DateOnly(from.Year + 1, 1, 1))
        {
            var end = new DateOnly(from.Year, 12, 31);
            yield return new StudySlice { From = from, To = end < today ? end : today };
        }

        yield return new StudySlice { From = today.AddDays(1) };
    }

    private async IAsyncEnumerable<SourceUnit> ListAsync(StudySlice whole, bool onlyUndated, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var slices = new Stack<(StudySlice Slice, Tally? Parent)>([(whole, null)]);
        while (slices.TryPop(out var next))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (slice, parent) = next;
            var (studies, isCut) = await QueryAsync(slice, cancellationToken).ConfigureAwait(false);
            foreach (var study in studies)
                if (parent?.IsProof(study.GetString(Keys.StudyUid) ?? "") is true) _seen = _seen with { Cut = Math.Min(_seen.Cut, parent.Count) };
            var isOurs = isCut;
            isCut |= studies.Count >= _seen.Cut || (onlyUndated && slice == whole && studies.Count(IsDated) < _seen.Dated);
            var isSuspect = studies.Count > 1 && (studies.Count >= _seen.Highest || studies.Count % options.SuspectMultiple == 0);
            _seen = _seen with { Highest = Math.Max(_seen.Highest, studies.Count) };
            List<StudySlice> parts = isCut ? [.. slice.Parts()] : isSuspect && slice.CanBeHalved ? [.. slice.Halves()] : [];
            if (parts.Count == 0 && !onlyUndated) _seen = _seen with { Dated = _seen.Dated + studies.Count(IsDated) };
            var tally = isOurs ? null : new Tally(studies); // what is known to be cut proves nothing
            for (var i = parts.Count - 1; i >= 0; i--) slices.Push((parts[i], tally));
            foreach (var study in studies)
                // What one of the parts lists is left to it; all else, such as a study without a time, only this query may have.
                if (!onlyUndated || !IsDated(study)) yield return Unit(study);
            if (isCut && parts.Count == 0) yield return new SourceUnit(Unlistable + slice, SourceUnitKind.Study);
            // In no part: no query asks for studies that lack both (an empty key matches all, PS3.4 §C.2.2.2.3).
            if (isCut && onlyUndated && slice == whole) yield return new SourceUnit(Unlistable + "neither a date nor a patient ID", SourceUnitKind.Study);
        }
    }

    private static bool IsDated(DataSet study) => new StudySlice { From = DateOnly.MinValue, To = DateOnly.MaxValue }.Holds(study);

    private static SourceUnit Unit(DataSet study)
    {
        var uid = Keys.Uid(study, Keys.StudyUid);
        return uid is null ? new SourceUnit(Malformed + study.GetString(Keys.StudyUid), SourceUnitKind.Study)
            : new SourceUnit(uid, SourceUnitKind.Study) { Instances = Keys.Number(study, Keys.StudyInstances) };
    }

    /// <summary>One query, tried again if that may help.</summary>
    private async Task<(List<DataSet> Studies, bool IsCut)> QueryAsync(StudySlice slice, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var studies = new List<DataSet>();
            var (seen, repeats) = (new HashSet<string>(StringComparer.Ordinal), 0);
            try
            {
                await foreach (var study in link.FindAsync(slice.Identifier, cancellationToken).ConfigureAwait(false))
                {
                    studies.Add(study);
                    // Two patients may share a study; more than any query may list is an answer without an end, which no division ends either.
                    if (!seen.Add(study.GetString(Keys.StudyUid) ?? "") && ++repeats > options.MaxStudiesPerQuery)
                        throw new SourceUnavailableException(new Fault(FaultCode.ProtocolViolation), "The archive answers a query with the same studies again and again.");
                    // More than one wants to hold: but the studies of a day are few enough.
                    if (!slice.IsOneDay && studies.Count > options.MaxStudiesPerQuery && slice.Parts().Any()) return (studies, true);
                }

                return (studies, false);
            }
            catch (AssociationException e) when (e.Fault.Code is FaultCode.QueryTooLarge)
            {
                return (studies, true);
            }
            catch (MigrationException e) when (!e.Fault.IsTransient || attempt == Attempts)
            {
                throw new SourceUnavailableException(e.Fault, "The archive cannot be listed.", e);
            }
            catch (MigrationException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250 << attempt), time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What a listing has learnt of the archive: without it, one that goes on would not know a cut answer for what it is.</summary>
    /// <param name="Highest">The most studies of one answer.</param> <param name="Dated">Studies listed by date.</param> <param name="Cut">Where the archive has been seen to cut.</param>
    private sealed record Seen(int Highest, int Dated, int Cut)
    {
        public SourceCursor At(DateOnly day) => new(string.Create(CultureInfo.InvariantCulture, $"{day.ToString(DayFormat, CultureInfo.InvariantCulture)} {Highest} {Dated} {Cut}"));
    }

    /// <summary>What a query listed, to hold its parts' answers against it.</summary>
    private sealed class Tally(List<DataSet> studies)
    {
        private readonly HashSet<string> _uids = new(studies.Select(static s => s.GetString(Keys.StudyUid) ?? ""), StringComparer.Ordinal);

        public int Count { get; } = studies.Count;

        /// <summary>A part's study that the whole did not list: the whole was cut.</summary>
        public bool IsProof(string uid) => !_uids.Contains(uid);
    }
}
