using System.Globalization;

namespace Dicom.Migration.FileSystem;

/// <summary>What a DICOMDIR says, in numbers, and of how many files it could say nothing.</summary>
/// <param name="Patients">PATIENT records.</param> <param name="Studies">STUDY records.</param> <param name="Series">SERIES records.</param>
/// <param name="Instances">Records that name a file.</param>
/// <param name="StandIns">Records of them or of what they belong to in which a key of type 1 that the instance does not have is filled in, or, if it is a sequence, left out.</param>
/// <param name="Bytes">Length of the DICOMDIR.</param>
/// <param name="LeftOut">How many instances, and what may have been some, have no record, by the reason; reasons that did not occur are not in it.</param>
public sealed record DicomDirSummary(long Patients, long Studies, long Series, long Instances, long StandIns, long Bytes, IReadOnlyDictionary<DicomDirOmission, long> LeftOut)
{
    /// <summary>One line for a log: numbers, no names and no values.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"DICOMDIR: {Instances} instances of {Patients} patients, {Studies} studies, {Series} series; {StandIns} records with a key filled in; left out: {(LeftOut.Count == 0 ? "none" : string.Join(", ", LeftOut.OrderBy(static r => r.Key).Select(static r => string.Create(CultureInfo.InvariantCulture, $"{r.Value} {r.Key}"))))}");
}
