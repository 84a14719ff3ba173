namespace Dicom.Migration.DataSets;

/// <summary>A change of bytes: some go, others come.</summary>
/// <param name="Offset">Where, in the bytes as they were.</param>
/// <param name="Removed">Bytes that go.</param>
/// <param name="Inserted">Bytes that come.</param>
internal readonly record struct Splice(long Offset, long Removed, ReadOnlyMemory<byte> Inserted);
