using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>The attributes that queries are about.</summary>
internal static class DicomTags
{
    public static DicomTag StudyDate { get; } = new(0x00080020);
    public static DicomTag StudyTime { get; } = new(0x00080030);
    public static DicomTag ModalitiesInStudy { get; } = new(0x00080061);
    public static DicomTag PatientId { get; } = new(0x00100020);
    public static DicomTag SopInstanceUid { get; } = new(0x00080018);
    public static DicomTag StudyInstanceUid { get; } = new(0x0020000D);
    public static DicomTag SeriesInstanceUid { get; } = new(0x0020000E);
    public static DicomTag NumberOfStudyRelatedInstances { get; } = new(0x00201208);
}
