using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Lists all studies of an archive, although archives cut their answers, and not all of them say so.</summary>
/// <remarks>
/// Day by day: a query whose answer is cut, too long, or of a suspect number is divided. Suspect are multiples of a round number, and a number as high as any
/// before: an archive that cuts at any number gives that number again and again. If the parts hold what the whole, asked again, does not list, the cut is proven.
/// A cut day is divided by modality and patient ID, too; what has neither may stay hidden, and has a unit of its own that ends as an exception.
/// Studies without a usable date are in no range: they are looked for without one.
/// </remarks>
internal sealed class StudyInventory(QueryLink link, DimseSourceOptions options, TimeProvider time)
{
    /// <summary>Starts the key of a unit that stands for studies which the archive does not let list.</summary>
    public const string Unlistable = "!query ";
    /// <summary>Starts the key of a unit whose study UID is malformed.</summary>
    public const string Malformed = "!uid ";
    /// <summary>Starts the key of a unit that stands for answers which are no data set.</summary>
    public const string Unreadable = "!answer ";
    private const string InNoPart = ", by no letter of a patient ID";
    private const string DayFormat = "yyyyMMdd";
    private const int Attempts = 3;

    private readonly List<(StudySlice Slice, int Count)> _suspects = []; // may be cut, and cannot be divided
    private readonly Dictionary<string, int> _nameless = new(StringComparer.Ordinal);
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
            await foreach (var unit in ListAsync(rest, cancellationToken).ConfigureAwait(false))
            {
                if (last is not null) yield return last;
                last = unit;
            }

            // A listing can go on behind a year that is listed to its end.
            // One that goes on does not know what is suspect: as long as an answer may prove to be cut, it begins before it.
            _suspects.RemoveAll(s => s.Count < _seen.Highest);
            if (last is not null) yield return slice.To is { } to && _suspects.Count == 0 ? last with { Cursor = _seen.At(to) } : last;
        }

        // Last: by now it is known how many there are, and whether the archive cuts.
        await foreach (var unit in ListUndatedAsync(cancellationToken).ConfigureAwait(false)) yield return unit;
        foreach (var (slice, count) in _suspects)
            if (count >= _seen.Cut) yield return new SourceUnit(Unlistable + slice, SourceUnitKind.Study);
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

    /// <summary>Lists a range of days: by halves of days and of time, and by modality and patient ID what these leave open.</summary>
    private async IAsyncEnumerable<SourceUnit> ListAsync(StudySlice whole, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var steps = new Stack<Step>([new Step(whole, null, null)]);
        while (steps.TryPop(out var step))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (slice, parent, tally) = step;
            if (tally is null)
            {
                var answer = await QueryAsync(slice, static _ => true, cancellationToken).ConfigureAwait(false);
                tally = new Tally(slice, answer, parent);
                await ProveAsync(tally, cancellationToken).ConfigureAwait(false);
                foreach (var unit in Units(answer, slice)) yield return unit;
                var isSuspect = answer.Count > 1 && (answer.Count >= _seen.Highest || answer.Count % options.SuspectMultiple == 0);
                _seen = _seen with { Highest = Math.Max(_seen.Highest, answer.Count) };
                if (!IsCut(tally) && !isSuspect) Close(tally);
                else if (slice.CanBeHalved && parent?.IsUnmatched is not true)
                {
                    steps.Push(step with { Listed = tally });
                    foreach (var half in slice.Halves().Reverse()) steps.Push(new Step(half, tally, null));
                }
                else if (slice.CanBeHalved) Close(tally); // the key is not matched: the whole day is divided otherwise
                else if (parent is not null && slice.IsIgnoredBy(answer.Studies)) // no letter divides what is not matched by letters: what may be hidden is told of for all of them
                {
                    if (!IsCut(parent) && !_suspects.Exists(s => s.Slice == parent.Slice)) _suspects.Add((parent.Slice, parent.Count));
                    Close(tally);
                }
                else if (slice is { Modality.Length: > 0, Prefix.Length: 0 } && (!IsCut(tally) || parent?.ListsAs(tally) is true)) // its letters are among those of the day
                {
                    if (!IsCut(tally)) _suspects.Add((slice, tally.Count));
                    Close(tally);
                }
                else foreach (var unit in Divide(tally, steps)) yield return unit;
                continue;
            }

            // A study without a time is in no half of its day, whether the day's answer has it or was cut before it.
            var isOpen = slice.IsWholeDay ? IsCut(tally) || tally.IsUnmatched || tally.IsMissingSome || tally.Count >= _seen.Highest
                : parent is null ? tally.IsUnmatched : slice.IsOneDay && tally.IsMissingSome && !tally.IsUnmatched;
            if (isOpen && !tally.IsDivided)
            {
                foreach (var unit in Divide(tally, steps)) yield return unit;
                continue;
            }

            if (tally.IsDivided && IsCut(tally) && slice is { Prefix.Length: 0, Modality.Length: 0 }) yield return new SourceUnit(Unlistable + slice + InNoPart, SourceUnitKind.Study);
            Close(tally);
        }
    }

    /// <summary>Goes on with the parts of what cannot be halved.</summary>
    private List<SourceUnit> Divide(Tally tally, Stack<Step> steps)
    {
        tally.IsDivided = true;
        List<StudySlice> parts = [.. tally.Slice.Parts()];
        steps.Push(new Step(tally.Slice, tally.Parent, tally));
        for (var i = parts.Count - 1; i >= 0; i--) steps.Push(new Step(parts[i], tally, null));
        if (parts.Count > 0) return [];
        if (IsCut(tally)) return [new SourceUnit(Unlistable + tally.Slice, SourceUnitKind.Study)];
        _suspects.Add((tally.Slice, tally.Count));
        return [];
    }

    private bool IsCut(Tally tally) => tally.IsCut || tally.Count >= _seen.Cut;

    /// <summary>Counts what is listed by date, each study once: parts by time, modality and letter overlap within their day.</summary>
    private void Close(Tally tally)
    {
        if (tally.Slice is { Prefix.Length: 0, Modality.Length: 0, IsWholeTime: true } && (tally.IsDivided || tally.Slice.IsWholeDay || !tally.IsHalved)) _seen = _seen with { Dated = _seen.Dated + tally.Known };
    }

    /// <summary>Holds an answer against those of the slices that it is a part of: what they did not list was cut off there, unless it has come since.</summary>
    private async Task ProveAsync(Tally tally, CancellationToken cancellationToken)
    {
        foreach (var whole in tally.Parents)
        {
            var isNew = whole.See(tally);
            if (!isNew || IsCut(whole)) continue;
            var again = await QueryAsync(whole.Slice, static _ => true, cancellationToken).ConfigureAwait(false);
            whole.Learn(again);
            if (!whole.Lacks(tally)) continue;
            whole.IsCut = true;
            if (!again.IsCut) _seen = _seen with { Cut = Math.Min(_seen.Cut, Math.Max(whole.Count, again.Count)) };
        }
    }

    /// <summary>Lists the studies without a usable date; of the others it counts whether all are there.</summary>
    private async IAsyncEnumerable<SourceUnit> ListUndatedAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var whole = new StudySlice();
        var listed = 0;
        var answer = await QueryAsync(whole, static study => !IsDated(study), cancellationToken).ConfigureAwait(false);
        foreach (var unit in Units(answer, whole)) yield return unit;
        var isCut = answer.IsCut || answer.Count >= _seen.Cut || answer.Count - answer.Studies.Count < _seen.Dated;
        if (!isCut && (answer.Count == 0 || answer.Count % options.SuspectMultiple != 0)) yield break;
        var slices = new Stack<StudySlice>(whole.Parts().Reverse());
        while (slices.TryPop(out var slice))
        {
            // Of an archive that cuts all is listed once more: a day may hide what a letter shows.
            var part = await QueryAsync(slice, study => isCut || !IsDated(study), cancellationToken).ConfigureAwait(false);
            foreach (var unit in Units(part, slice)) yield return unit;
            if (slice.IsIgnoredBy(part.Studies)) listed += part.Count;
            else if (part.IsCut || part.Count >= _seen.Cut || (part.Count > 1 && isCut && part.Count >= answer.Count))
            {
                List<StudySlice> parts = [.. slice.Parts()];
                foreach (var smaller in parts.AsEnumerable().Reverse()) slices.Push(smaller);
                if (parts.Count == 0) yield return new SourceUnit(Unlistable + slice, SourceUnitKind.Study);
            }
            else listed += part.Count;
        }

        // In no part: no query asks for studies that lack both (an empty key matches all, PS3.4 §C.2.2.2.3).
        if (isCut || listed > answer.Count) yield return new SourceUnit(Unlistable + "neither a date nor a patient ID", SourceUnitKind.Study);
    }

    private static bool IsDated(DataSet study) => new StudySlice { From = DateOnly.MinValue, To = DateOnly.MaxValue }.Holds(study);

    private IEnumerable<SourceUnit> Units(Answer answer, StudySlice slice)
    {
        var nameless = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var study in answer.Studies)
        {
            var instances = Keys.Number(study, Keys.StudyInstances);
            if (Keys.Uid(study, Keys.StudyUid) is { } uid) yield return new SourceUnit(uid, SourceUnitKind.Study) { Instances = instances };
            else nameless[NameOf(study)] = nameless.GetValueOrDefault(NameOf(study)) + (instances ?? 1);
        }

        // Several studies may have one name, and a part may list a few of them: the most that any answer had is what is missing.
        foreach (var (name, instances) in nameless)
            yield return new SourceUnit(name, SourceUnitKind.Study) { Instances = _nameless[name] = Math.Max(instances, _nameless.GetValueOrDefault(name)) };
        if (answer.Unreadable > 0) yield return new SourceUnit(Unreadable + slice, SourceUnitKind.Study);
    }

    /// <summary>What a study is called whose UID is malformed or missing. Nothing of the patient is in it: a digest of an ID can be found by trying all IDs.</summary>
    private static string NameOf(DataSet study)
    {
        var others = Encoding.UTF8.GetBytes(string.Join('\\', study.GetString(Keys.StudyUid), study.GetString(Keys.StudyDate), study.GetString(Keys.StudyTime)));
        return $"{Malformed}{(IsDated(study) ? study.GetString(Keys.StudyDate)!.Trim() + " " : "")}#{Convert.ToHexStringLower(SHA256.HashData(others).AsSpan(0, 8))}";
    }

    /// <summary>One query, tried again if that may help.</summary>
    /// <param name="slice">What to list.</param> <param name="isKept">Which studies are held; the others are counted.</param> <param name="cancellationToken">Ends it.</param>
    private async Task<Answer> QueryAsync(StudySlice slice, Func<DataSet, bool> isKept, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var studies = new List<DataSet>();
            var (seen, repeats, count, unreadable) = (new HashSet<string>(StringComparer.Ordinal), 0, 0, 0);
            try
            {
                await foreach (var study in link.FindAsync(slice.Identifier, () => unreadable++, cancellationToken).ConfigureAwait(false))
                {
                    count++;
                    if (isKept(study)) studies.Add(study);
                    var uid = study.GetString(Keys.StudyUid) ?? "";
                    // Two patients may share a study; more than any query may list is an answer without an end, which no division ends either.
                    if ((seen.Count < options.MaxStudiesPerQuery ? !seen.Add(uid) : seen.Contains(uid)) && ++repeats > options.MaxStudiesPerQuery)
                        throw new SourceUnavailableException(new Fault(FaultCode.ProtocolViolation), "The archive answers a query with the same studies again and again.");
                    // More than one wants to hold: but the studies of a day are few enough.
                    if (!slice.IsOneDay && slice.CanBeHalved && count > options.MaxStudiesPerQuery) return new Answer(studies, count, unreadable, IsCut: true);
                }

                return new Answer(studies, count + unreadable, unreadable, IsCut: false);
            }
            catch (AssociationException e) when (e.Fault.Code is FaultCode.QueryTooLarge)
            {
                return new Answer(studies, count + unreadable, unreadable, IsCut: true);
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

    /// <summary>A slice to be listed, or one of which halves or parts are.</summary>
    private sealed record Step(StudySlice Slice, Tally? Parent, Tally? Listed);

    /// <param name="Studies">Those that are kept.</param> <param name="Count">All there were.</param> <param name="Unreadable">Of these, answers that are no data set.</param>
    /// <param name="IsCut">Whether the archive, or this side, left some out.</param>
    private sealed record Answer(List<DataSet> Studies, int Count, int Unreadable, bool IsCut);

    /// <summary>What a query listed, to hold its parts' answers against it.</summary>
    private sealed class Tally
    {
        private readonly HashSet<string> _listed;
        private readonly HashSet<string> _found = new(StringComparer.Ordinal);

        public Tally(StudySlice slice, Answer answer, Tally? parent)
        {
            (Slice, Parent, Count, IsCut) = (slice, parent, answer.Count, answer.IsCut);
            _listed = Uids(answer);
        }

        public StudySlice Slice { get; }
        public Tally? Parent { get; }
        public int Count { get; }
        public bool IsCut { get; set; }
        /// <summary>Whether it is divided by modality and letter.</summary>
        public bool IsDivided { get; set; }
        public bool IsHalved { get; private set; }
        /// <summary>Whether both halves list the same: the archive does not match by time, or by date.</summary>
        public bool IsUnmatched { get; private set; }
        /// <summary>Dated studies that it or a part of it lists.</summary>
        public int Known => _listed.Count + _found.Count(u => !_listed.Contains(u));
        public bool IsMissingSome => !_listed.IsSubsetOf(_found);

        public IEnumerable<Tally> Parents
        {
            get
            {
                for (var whole = Parent; whole is not null; whole = whole.Parent) yield return whole;
            }
        }

        /// <summary>Takes a part's answer in.</summary>
        /// <returns>Whether it has a study that this has not.</returns>
        public bool See(Tally part)
        {
            if (part.Parent == this && !IsDivided)
            {
                IsUnmatched |= IsHalved && _found.Overlaps(part._listed);
                IsHalved = true;
            }

            _found.UnionWith(part._listed);
            return Lacks(part);
        }

        /// <summary>Whether it lists the same: the part's key is of all its studies, or is not matched.</summary>
        public bool ListsAs(Tally part) => _listed.SetEquals(part._listed);

        public bool Lacks(Tally part) => !part._listed.IsSubsetOf(_listed);

        public void Learn(Answer again) => _listed.UnionWith(Uids(again));

        private static HashSet<string> Uids(Answer answer) => new(answer.Studies.Where(IsDated).Select(static s => s.GetString(Keys.StudyUid) ?? ""), StringComparer.Ordinal);
    }
}
