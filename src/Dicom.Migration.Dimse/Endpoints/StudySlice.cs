using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>A part of an archive's studies that one query lists; divided if the query lists too many.</summary>
internal sealed record StudySlice
{
    private const int LastSecond = 86_399;
    private static readonly string[] Modalities = ["CT", "MR", "CR", "DX", "US", "MG", "NM", "PT", "XA", "RF", "SC", "OT", "SR", "RTSTRUCT", "RTPLAN", "RTDOSE", "RTIMAGE", "ES", "ECG", "OP", "IO", "PX", "XC", "DOC"];
    // PS3.5 §6.2: LO; without the wildcards of PS3.4 §C.2.2.2.4 and without the backslash.
    private static readonly char[] Letters = [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(static c => (char)c).Where(static c => c is not ('*' or '?' or '\\'))];
    private const int LongestPrefix = 4; // 92 to the 4th parts; an archive that cuts even those cannot be listed

    /// <summary>First day; <see langword="null"/> for no bound.</summary>
    public DateOnly? From { get; init; }
    /// <summary>Last day; <see langword="null"/> for no bound.</summary>
    public DateOnly? To { get; init; }
    /// <summary>First and last second of the day; only within one day.</summary>
    public (int From, int To) Seconds { get; init; } = (0, LastSecond);
    /// <summary>A modality; empty for all.</summary>
    public string Modality { get; init; } = "";
    /// <summary>First letters of the patient ID; empty for all.</summary>
    public string Prefix { get; init; } = "";
    /// <summary>Whether the patient ID is the prefix and no longer.</summary>
    public bool IsWholeId { get; init; }

    public bool IsOneDay => From is { } from && from == To;
    public bool IsWholeTime => Seconds == (0, LastSecond);
    public bool IsWholeDay => IsOneDay && IsWholeTime && Prefix.Length == 0 && Modality.Length == 0;
    /// <summary>Whether it can be divided by date or time: into two, cheaply.</summary>
    public bool CanBeHalved => Prefix.Length == 0 && Modality.Length == 0 && From is not null && To is not null && (!IsOneDay || Seconds.From < Seconds.To);

    public DataSet Identifier => Keys.Identifier("STUDY", (Keys.StudyUid, ""), (Keys.StudyDate, DateKey), (Keys.StudyTime, TimeKey), (Keys.PatientId, Prefix.Length == 0 ? "" : IsWholeId ? Prefix : Prefix + "*"),
        (Keys.ModalitiesInStudy, Modality), (Keys.StudyInstances, ""));

    /// <summary>Two parts, by date or by time.</summary>
    public IEnumerable<StudySlice> Halves()
    {
        if (!IsOneDay)
        {
            var middle = DateOnly.FromDayNumber((From!.Value.DayNumber + To!.Value.DayNumber) / 2);
            return [this with { To = middle }, this with { From = middle.AddDays(1) }];
        }

        var second = (Seconds.From + Seconds.To) / 2;
        return [this with { Seconds = (Seconds.From, second) }, this with { Seconds = (second + 1, Seconds.To) }];
    }

    /// <summary>Parts by modality and by the next letter of the patient ID; none if it cannot be divided any further.</summary>
    /// <remarks>A study without a patient ID is under no letter, and one of a rare modality under none of these: each is in the other.</remarks>
    public IEnumerable<StudySlice> Parts()
    {
        if (IsWholeId || Prefix.Length >= LongestPrefix) return [];
        var byLetter = Letters.Where(c => Prefix.Length > 0 || c != ' ').Select(c => this with { Prefix = Prefix + c });
        if (Prefix.Length > 0) return byLetter.Prepend(this with { IsWholeId = true });
        return (Modality.Length == 0 && (From ?? To) is not null ? Modalities.Select(m => this with { Modality = m }) : []).Concat(byLetter);
    }

    /// <summary>Whether an answer shows that the archive does not match by patient ID: most of its studies have not the letters that were asked for. A few may be found by another ID of their patient.</summary>
    public bool IsIgnoredBy(IReadOnlyCollection<DataSet> studies)
    {
        if (Prefix.Length == 0) return false;
        var ids = studies.Select(static s => s.GetString(Keys.PatientId)?.Trim()).Where(static id => !string.IsNullOrEmpty(id)).ToList();
        return 2 * ids.Count(id => id!.StartsWith(Prefix.TrimStart(), StringComparison.OrdinalIgnoreCase)) < ids.Count;
    }

    /// <summary>Whether a study that this slice's query lists is one of its parts by its date.</summary>
    public bool Holds(DataSet study) => DateOnly.TryParseExact(study.GetString(Keys.StudyDate)?.Trim(), "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
        && (From is null || date >= From) && (To is null || date <= To);

    /// <summary>What a unit is called that stands for it. Letters of a patient ID are no name of anything: parts are told apart by a digest of them.</summary>
    public override string ToString()
    {
        var letters = Prefix.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" patient ID of {(IsWholeId ? "" : "more than ")}{Prefix.Length} letters #{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Prefix)).AsSpan(0, 4))}");
        return string.Join(' ', new[] { DateKey.Length == 0 ? "any date or none" : DateKey, TimeKey, Modality.Length == 0 ? "" : "modality " + Modality }.Where(static p => p.Length > 0)) + letters;
    }

    private string DateKey => (From, To) switch
    {
        (null, null) => "",
        (null, { } to) => "-" + Day(to),
        ({ } from, null) => Day(from) + "-",
        ({ } from, { } to) => from == to ? Day(from) : $"{Day(from)}-{Day(to)}",
    };

    private string TimeKey => Seconds == (0, LastSecond) ? "" : $"{Clock(Seconds.From)}-{Clock(Seconds.To)}.999999";

    private static string Day(DateOnly day) => day.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
    private static string Clock(int second) => TimeSpan.FromSeconds(second).ToString("hhmmss", CultureInfo.InvariantCulture);
}
