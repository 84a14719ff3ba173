using System.Globalization;
using System.Runtime.CompilerServices;

namespace Dicom.Migration.DicomWeb;

/// <summary>Lists the studies of an archive so that a cap that nobody mentions is noticed.</summary>
/// <remarks>Orthanc under a cap gives that many studies and one more, status 200 and no warning, and an offset counts within those alone. So after the
/// plain listing the years are listed, and a span that gives as many as the plain listing is halved, down to a second, unless its halves
/// have a study in common: then the archive does not match by it. A study that only a span has, and a second plain listing has not either, proves the cap. Then what no span holds, studies without a date, and what no halving
/// parts, more in one second than the cap, are asked for by patient ID, letter by letter, and by modality. What no part holds, or still more than the cap, cannot be listed: units say so that end as exceptions.</remarks>
internal sealed class StudyListing(DicomWebClient client, bool listsByDateToo, TimeProvider time)
{
    /// <summary>Starts the key of a unit that stands for studies which the archive does not let list.</summary>
    public const string Unlistable = "!query ";
    private const string DayFormat = "yyyyMMdd", CappedMark = " capped";
    private const int FirstYear = 1970; // before it there was nothing to store; what is older is in the span before it

    /// <param name="after">A day, all studies up to which were listed, and whether a cap was proven by then. Studies without a date come last, and so are listed in any case.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    public async IAsyncEnumerable<SourceUnit> ListAsync(SourceCursor? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var state = new State();
        foreach (var study in await AskAsync(new StudyPart(), cancellationToken).ConfigureAwait(false))
        {
            state.Plain.Add(study.Unit.Key);
            state.Cap++;
            yield return study.Unit;
        }
        if (!listsByDateToo || state.Plain.Count == 0) yield break;
        var done = DateOnly.MinValue;
        if (after is not null && DateOnly.TryParseExact(after.Value.Replace(CappedMark, "", StringComparison.Ordinal), DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            (done, state.IsCapped) = (day, after.Value.EndsWith(CappedMark, StringComparison.Ordinal));
        foreach (var year in Years())
        {
            if (year.Last <= done) continue;
            var (units, isMatched) = await YearAsync(year, state, cancellationToken).ConfigureAwait(false);
            if (!state.IsCapped && state.Unlisted.Count > 0)
            {
                // It may have come just now, or slipped past a page: a cap is proven only by what a further plain listing has not either.
                var again = await AskAsync(new StudyPart(), cancellationToken).ConfigureAwait(false);
                foreach (var study in again) yield return study.Unit;
                state.Prove(again);
            }
            if (state.IsCapped)
            {
                foreach (var span in state.Undivided)
                    await foreach (var unit in DivideAsync(span, state.Cap, cancellationToken).ConfigureAwait(false)) yield return unit;
                state.Undivided.Clear();
            }
            // The listing can go on behind a year of which nothing is left open.
            var cursor = isMatched && state.Undivided.Count == 0 ? new SourceCursor(year.Last.ToString(DayFormat, CultureInfo.InvariantCulture) + (state.IsCapped ? CappedMark : "")) : null;
            for (var i = 0; i < units.Count; i++) yield return i == units.Count - 1 ? units[i] with { Cursor = cursor } : units[i];
            if (!isMatched) break;
        }
        if (!state.IsCapped) yield break;
        await foreach (var unit in DivideAsync(null, state.Cap, cancellationToken).ConfigureAwait(false)) yield return unit;
    }

    /// <summary>Lists a year, in halves of halves as far as it has to be; what cannot be halved is left in <see cref="State.Undivided"/>.</summary>
    private async Task<(List<SourceUnit> Units, bool IsMatched)> YearAsync(StudySpan year, State state, CancellationToken cancellationToken)
    {
        var studies = await AskAsync(new StudyPart(year), cancellationToken).ConfigureAwait(false);
        var units = studies.ConvertAll(static s => s.Unit);
        state.Look(studies);
        // A study of two years, and not by a date of its own in each: the archive does not match by date, and there is nothing to be learnt from asking.
        if (studies.Exists(s => state.Seen.Contains(s.Unit.Key) && !year.Holds(s.Date))) return (units, false);
        state.Seen.UnionWith(studies.Select(static s => s.Unit.Key));
        var full = new Stack<StudySpan>();
        if (studies.Count >= state.Cap) full.Push(year);
        while (full.TryPop(out var span))
        {
            if (!span.CanBeHalved)
            {
                state.Undivided.Add(span);
                continue;
            }
            var (early, late) = span.Halves();
            var (first, second) = (await AskAsync(new StudyPart(early), cancellationToken).ConfigureAwait(false), await AskAsync(new StudyPart(late), cancellationToken).ConfigureAwait(false));
            units.AddRange(first.Concat(second).Select(static s => s.Unit));
            state.Look(first);
            state.Look(second);
            if (first.IntersectBy(second.Select(static s => s.Unit.Key), static s => s.Unit.Key, StringComparer.Ordinal).Any()) state.Undivided.Add(span); // not matched by time
            else
            {
                if (second.Count >= state.Cap) full.Push(late);
                if (first.Count >= state.Cap) full.Push(early);
            }
        }
        return (units, true);
    }

    /// <summary>Lists what a capped archive gives of a span, or of all studies for the sake of those without a date, by patient ID and by modality.</summary>
    /// <param name="span">Days or seconds; <see langword="null"/> for any and none.</param>
    /// <param name="cap">So many studies may be all that one query gives.</param> <param name="cancellationToken">Ends the listing.</param>
    private async IAsyncEnumerable<SourceUnit> DivideAsync(StudySpan? span, int cap, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var whole = new StudyPart(span);
        var (byPatient, byModality) = (true, true);
        var parts = new Stack<StudyPart>(whole.ByPatient().Reverse());
        while (byPatient && parts.TryPop(out var part))
        {
            var studies = await AskAsync(part, cancellationToken).ConfigureAwait(false);
            foreach (var study in studies) yield return study.Unit;
            byPatient = studies.TrueForAll(part.Holds);
            if (!byPatient || studies.Count < cap) continue;
            var smaller = part.ByPatient().Reverse().ToList();
            smaller.ForEach(parts.Push);
            if (smaller.Count == 0) yield return new SourceUnit(Unlistable + part, SourceUnitKind.Study);
        }
        // For the sake of those without a patient ID.
        var full = new List<string>();
        foreach (var modality in StudyPart.Modalities)
        {
            var part = whole with { Modality = modality };
            var studies = await AskAsync(part, cancellationToken).ConfigureAwait(false);
            foreach (var study in studies) yield return study.Unit;
            byModality = studies.TrueForAll(part.Holds);
            if (!byModality) break;
            if (studies.Count >= cap) full.Add(modality);
        }
        // Nobody can ask for what has none of all this, or has it in letters of another script.
        yield return new SourceUnit(Unlistable + whole + (byPatient ? ", a patient ID" : "") + (!byModality ? "" : full.Count == 0 ? ", a usual modality" : ", a usual modality but " + string.Join(' ', full)), SourceUnitKind.Study);
    }

    private Task<List<ListedStudy>> AskAsync(StudyPart part, CancellationToken cancellationToken) => Patience.AskAsync(async () =>
    {
        var studies = new List<ListedStudy>();
        await foreach (var study in client.SearchStudiesAsync(part.Query, cancellationToken).ConfigureAwait(false)) studies.Add(ListedStudy.Read(study));
        return studies;
    }, time, cancellationToken);

    private IEnumerable<StudySpan> Years()
    {
        var thisYear = time.GetUtcNow().Year;
        yield return new StudySpan(new DateOnly(1, 1, 1), new DateOnly(FirstYear - 1, 12, 31));
        for (var year = FirstYear; year <= thisYear; year++) yield return new StudySpan(new DateOnly(year, 1, 1), new DateOnly(year, 12, 31));
        yield return new StudySpan(new DateOnly(thisYear + 1, 1, 1), new DateOnly(9999, 12, 31));
    }

    /// <summary>What is known so far.</summary>
    private sealed class State
    {
        /// <summary>Studies of the plain listing.</summary>
        public HashSet<string> Plain { get; } = new(StringComparer.Ordinal);
        /// <summary>Studies of the years so far.</summary>
        public HashSet<string> Seen { get; } = new(StringComparer.Ordinal);
        /// <summary>Spans of as many studies as the plain listing has, that are not halved any further.</summary>
        public List<StudySpan> Undivided { get; } = [];
        /// <summary>Studies in one plain listing: if there is a cap, it is this.</summary>
        public int Cap { get; set; }
        /// <summary>Studies of the years that no plain listing has, as long as that proves nothing.</summary>
        public HashSet<string> Unlisted { get; } = new(StringComparer.Ordinal);
        /// <summary>A study was listed that the plain listing has not, asked twice.</summary>
        public bool IsCapped { get; set; }

        public void Look(List<ListedStudy> studies) => Unlisted.UnionWith(studies.Select(static s => s.Unit.Key).Where(key => !Plain.Contains(key)));

        public void Prove(List<ListedStudy> again)
        {
            Plain.UnionWith(again.Select(static s => s.Unit.Key));
            Unlisted.ExceptWith(Plain);
            (IsCapped, Cap) = (Unlisted.Count > 0, Math.Max(1, Math.Min(Cap, again.Count)));
            Unlisted.Clear();
        }
    }
}
