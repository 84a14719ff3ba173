using System.Globalization;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse;

namespace Dicom.Migration.Testing;

/// <summary>Matches identifiers against what is held (PS3.4 §C.2.2.2).</summary>
internal sealed class PacsQuery
{
    private static readonly DicomTag LevelTag = new(0x00080052), StudyUid = new(0x0020000D), SeriesUid = new(0x0020000E), InstanceUid = new(0x00080018), ClassUid = new(0x00080016),
        Date = new(0x00080020), Time = new(0x00080030), PatientId = new(0x00100020), Modalities = new(0x00080061), StudyCount = new(0x00201208), SeriesCount = new(0x00201209), AvailabilityTag = new(0x00080056);
    private readonly DataSet _keys;

    public PacsQuery(DataSet keys)
    {
        _keys = keys;
        Level = keys.GetString(LevelTag)?.Trim() ?? "";
        if (Level is not ("STUDY" or "SERIES" or "IMAGE")) throw new DimseFailureException(DimseStatus.DoesNotMatchSopClass);
    }

    public string Level { get; }

    /// <summary>Whether it asks for several instances by their UIDs.</summary>
    public bool IsList => Key(InstanceUid).Contains('\\', StringComparison.Ordinal);

    public bool Matches(PacsInstance instance, PacsScript script) => script.FindsInstancesByUidAlone && Key(InstanceUid).Length > 0 ? MatchesUid(InstanceUid, instance.SopInstanceUid)
        : MatchesUid(StudyUid, instance.StudyInstanceUid) && MatchesUid(SeriesUid, instance.SeriesInstanceUid) && MatchesUid(InstanceUid, instance.SopInstanceUid)
        && MatchesRange(Date, instance.StudyDate) && (script.IgnoresStudyTime || MatchesRange(Time, instance.StudyTime)) && (script.IgnoresPatientIdAndModality || (MatchesText(PatientId, instance.PatientId) && MatchesText(Modalities, instance.Modality)));

    /// <summary>One answer for each study of each patient, series or instance.</summary>
    public IEnumerable<DataSet> Answers(IReadOnlyList<PacsInstance> held, PacsScript script) => held.Where(i => Matches(i, script))
        .GroupBy(i => Level switch { "STUDY" => i.StudyInstanceUid + '\\' + i.PatientId, "SERIES" => i.SeriesInstanceUid, _ => i.SopInstanceUid }, StringComparer.Ordinal)
        .Select(group => Answer(group.First(), held, script));

    private DataSet Answer(PacsInstance first, IReadOnlyList<PacsInstance> held, PacsScript script)
    {
        var answer = new DataSet { DataElement.Text(LevelTag, DicomVr.CS, [Level]) };
        Add(StudyUid, first.StudyInstanceUid);
        Add(Date, first.StudyDate);
        Add(Time, first.StudyTime);
        Add(PatientId, first.PatientId);
        Add(Modalities, first.Modality);
        if (Level is not "STUDY") Add(SeriesUid, first.SeriesInstanceUid);
        if (Level is "IMAGE") Add(InstanceUid, script.ListsMalformed(first) ? "none" : first.SopInstanceUid);
        if (Level is "IMAGE" && !script.GivesNoSopClass) Add(ClassUid, first.SopClassUid);
        var availability = script.AvailabilityOf is null ? script.Availability : Level is "IMAGE" ? script.AvailabilityOf(first)
            : held.Any(i => i.StudyInstanceUid == first.StudyInstanceUid && (Level is "STUDY" || i.SeriesInstanceUid == first.SeriesInstanceUid) && script.AvailabilityOf(i) is "OFFLINE") ? "OFFLINE" : "ONLINE";
        if (availability.Length > 0) Add(AvailabilityTag, availability);
        if (!script.GivesNoCounts)
        {
            Add(StudyCount, Text(script.Counts(held.Count(i => i.StudyInstanceUid == first.StudyInstanceUid && i.PatientId == first.PatientId))));
            Add(SeriesCount, Text(held.Count(i => i.SeriesInstanceUid == first.SeriesInstanceUid)));
        }

        return answer;

        void Add(DicomTag tag, string value)
        {
            if (_keys.Find(tag) is not null) answer.Add(DataElement.Text(tag, DataElementDictionary.VrOf(tag), value.Length == 0 ? [] : [value]));
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private string Key(DicomTag tag) => _keys.TryGetValue(tag, out var value) ? string.Join('\\', Strings(value)) : "";

    private static IEnumerable<string> Strings(DicomValue value)
    {
        for (var i = 0; value.TryGetString(out var text, i); i++) yield return text.Trim(' ', '\0');
    }

    private bool MatchesUid(DicomTag tag, string value) => Key(tag) is var key && (key.Length == 0 || key.Split('\\').Contains(value, StringComparer.Ordinal));

    private bool MatchesText(DicomTag tag, string value) => Key(tag) is var key && (key.Length == 0 || (key.EndsWith('*') ? value.StartsWith(key[..^1], StringComparison.Ordinal) : key == value));

    private bool MatchesRange(DicomTag tag, string value)
    {
        var key = Key(tag);
        if (key.Length == 0) return true;
        if (value.Length == 0) return false; // PS3.4 §C.2.2.2.5: what is not there is in no range
        var dash = key.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0) return key == value;
        return (dash == 0 || string.CompareOrdinal(value, key[..dash]) >= 0) && (dash == key.Length - 1 || string.CompareOrdinal(value, key[(dash + 1)..]) <= 0);
    }
}
