namespace Dicom.Migration.DataSets;

/// <summary>A value that is not in the JSON but where a URI points (PS3.18 §F.2.6).</summary>
/// <param name="Tag">Its element.</param>
/// <param name="Vr">Its VR.</param>
/// <param name="Length">Bytes of the value field, or -1: encapsulated pixel data.</param>
/// <param name="ValueOffset">Offset of its first byte.</param>
/// <param name="Path">The item it is in; empty on the top level.</param>
public sealed record DicomJsonBulkData(DicomTag Tag, DicomVr Vr, long Length, long ValueOffset, IReadOnlyList<ItemStep> Path);
