using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>Studies that one query asks for: all of them, those of a span, and of those the ones of a modality or with a patient ID that begins so.</summary>
/// <param name="Span">Days or seconds; <see langword="null"/> for any, and none.</param>
internal sealed record StudyPart(StudySpan? Span = null)
{
    // PS3.5 §6.2: LO; without the wildcards of PS3.4 §C.2.2.2.4 and without the backslash.
    private static readonly char[] Letters = [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(static c => (char)c).Where(static c => c is not ('*' or '?' or '\\'))];
    private const int LongestPrefix = 4; // 92 to the 4th parts; an archive that caps even those cannot be listed

    /// <summary>Modalities that are asked for by name (PS3.3 §C.7.3.1.1.1): those of nearly all studies.</summary>
    public static readonly string[] Modalities = ["CT", "MR", "CR", "DX", "US", "MG", "NM", "PT", "XA", "RF", "SC", "OT", "SR", "RTSTRUCT", "RTPLAN", "RTDOSE", "RTIMAGE", "ES", "ECG", "OP", "IO", "PX", "XC", "DOC"];

    /// <summary>Modality; empty for all.</summary>
    public string Modality { get; init; } = "";
    /// <summary>First letters of the patient ID; empty for all.</summary>
    public string Prefix { get; init; } = "";
    /// <summary>Whether the patient ID is the prefix and no longer.</summary>
    public bool IsWholeId { get; init; }

    public DicomWebQuery Query
    {
        get
        {
            var query = new DicomWebQuery().Include(DicomTags.NumberOfStudyRelatedInstances);
            if (Span is { } days) query.Match(DicomTags.StudyDate, days.Dates);
            if (Span is { HasTimes: true } hours) query.Match(DicomTags.StudyTime, hours.Times);
            if (Prefix.Length > 0) query.Match(DicomTags.PatientId, IsWholeId ? Prefix : Prefix + "*");
            if (Modality.Length > 0) query.Match(DicomTags.ModalitiesInStudy, Modality);
            return query;
        }
    }

    /// <summary>The parts by the next letter of the patient ID; none if it is not divided any further.</summary>
    public IEnumerable<StudyPart> ByPatient()
    {
        if (IsWholeId || Prefix.Length >= LongestPrefix) return [];
        // Without leading spaces, which have no meaning (PS3.5 §6.2).
        var longer = Letters.Where(c => Prefix.Length > 0 || c != ' ').Select(c => this with { Prefix = Prefix + c });
        return Prefix.Length > 0 ? longer.Prepend(this with { IsWholeId = true }) : longer;
    }

    /// <summary>Whether a study that the archive gives for it belongs there, by patient ID and modality. One that does not say is taken for one that does not.</summary>
    public bool Holds(ListedStudy study) =>
        (Prefix.Length == 0 || study.PatientId?.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) is true) && (Modality.Length == 0 || study.Modalities.Contains(Modality, StringComparer.OrdinalIgnoreCase));

    /// <summary>What a unit is called that stands for it. Letters of a patient ID are no name of anything: parts are told apart by a digest of them.</summary>
    public override string ToString()
    {
        var name = Span is not { } span ? "without a date or time" : $"{span.Dates} {span.Times}";
        var letters = Prefix.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" patient ID of {(IsWholeId ? "" : "more than ")}{Prefix.Length} letters #{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Prefix)).AsSpan(0, 4))}");
        return name + (Modality.Length > 0 ? " modality " + Modality : "") + letters;
    }
}

/// <summary>A study as a query gives it.</summary>
/// <param name="Unit">The unit that it is.</param> <param name="Date">Study Date, as it stands there.</param> <param name="PatientId">Patient ID, if it is given.</param> <param name="Modalities">Modalities in Study, as far as they are given.</param>
internal sealed record ListedStudy(SourceUnit Unit, string? Date, string? PatientId, IReadOnlyList<string> Modalities)
{
    public static ListedStudy Read(DataSet study) => new(
        new SourceUnit(study.GetString(DicomTags.StudyInstanceUid)!, SourceUnitKind.Study)
        {
            Instances = study.TryGetValue(DicomTags.NumberOfStudyRelatedInstances, out var value) && value.TryGetInt64(out var number) && number is >= 0 and <= int.MaxValue ? (int)number : null,
        },
        study.GetString(DicomTags.StudyDate), study.GetString(DicomTags.PatientId), study.TryGetValue(DicomTags.ModalitiesInStudy, out var modalities) ? modalities.GetStrings() : []);
}
