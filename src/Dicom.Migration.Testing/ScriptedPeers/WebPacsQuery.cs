using System.Globalization;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Testing;

/// <summary>A QIDO-RS query as the identifier of a C-FIND (PS3.18 §10.6.1), matched as that is.</summary>
internal static class WebPacsQuery
{
    // What each level gives whether it is asked for or not (PS3.18 Tables 10.6.3-3 to 10.6.3-5).
    private static readonly uint[] OfStudies = [0x0020000D, 0x00080020, 0x00080030, 0x00100020, 0x00080061, 0x00201208], OfSeries = [0x0020000D, 0x0020000E, 0x00201209], OfInstances = [0x0020000D, 0x0020000E, 0x00080016, 0x00080018];

    public static IEnumerable<DataSet> Answers(string level, ILookup<string, string> query, IReadOnlyList<PacsInstance> held, WebPacsScript script)
    {
        var keys = new DataSet { DataElement.Text(new DicomTag(0x00080052), DicomVr.CS, [level switch { "studies" => "STUDY", "series" => "SERIES", _ => "IMAGE" }]) };
        foreach (var tag in level switch { "studies" => OfStudies, "series" => OfSeries, _ => OfInstances })
        {
            if (script.GivesNoCounts && tag is 0x00201208 or 0x00201209) continue;
            var name = tag.ToString("X8", CultureInfo.InvariantCulture);
            var value = script.Unmatched.Contains(name, StringComparer.Ordinal) ? null : query[name].FirstOrDefault();
            keys.Add(DataElement.Text(new DicomTag(tag), DataElementDictionary.VrOf(new DicomTag(tag)), value is null ? [] : [value]));
        }

        var matching = new PacsQuery(keys);
        return script.SplitsStudiesByPatient && level is "studies"
            ? held.GroupBy(static i => i.PatientId, StringComparer.Ordinal).SelectMany(patient => matching.Answers([.. patient], new PacsScript { Counts = script.Counts }))
            : matching.Answers(held, new PacsScript { Counts = script.Counts });
    }

    /// <summary>A result that stands for nothing.</summary>
    public static DataSet MadeUp(int number)
    {
        var uid = string.Create(CultureInfo.InvariantCulture, $"2.25.7.{number}");
        return [DataElement.Text(new DicomTag(0x00080018), DicomVr.UI, [uid]), DataElement.Text(new DicomTag(0x0020000D), DicomVr.UI, [uid]), DataElement.Text(new DicomTag(0x0020000E), DicomVr.UI, [uid])];
    }
}
