using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb.Tests.Peers;

/// <summary>A Part 10 file in the memory of the test's archive.</summary>
internal sealed record StoredObject(byte[] File, DataSet DataSet)
{
    public string StudyUid => DataSet.GetString(new DicomTag(0x0020000D)) ?? "";
    public string SeriesUid => DataSet.GetString(new DicomTag(0x0020000E)) ?? "";
    public string InstanceUid => DataSet.GetString(new DicomTag(0x00080018)) ?? "";
    public string Date => DataSet.GetString(new DicomTag(0x00080020)) ?? "";
    public byte[] Body => File[DataSet.Prefix!.Length..];

    public static StoredObject Read(byte[] file) => new(file, DataSet.ReadFile(file));
}
