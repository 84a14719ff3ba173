namespace Dicom.Migration.DataSets;

/// <summary>How the DICOM JSON of a data set stands to the data set itself: elements of the top level, by tag, never by value.</summary>
/// <param name="Different">Those that have another value, or are there on one side alone; in ascending order.</param>
/// <param name="NotCompared">Those of which the JSON leaves open whether they are the same; in ascending order.</param>
public sealed record DicomJsonDifference(IReadOnlyList<DicomTag> Different, IReadOnlyList<DicomTag> NotCompared)
{
    /// <summary>Every element was compared, and is the same.</summary>
    public bool IsSame => Different.Count + NotCompared.Count == 0;
}
