namespace Dicom.Migration.Dimse;

/// <summary>Answer to a DIMSE-N request.</summary>
/// <param name="Status">The status.</param>
/// <param name="DataSet">The encoded data set of the response; empty for none.</param>
public readonly record struct NormalizedAnswer(DimseStatus Status, ReadOnlyMemory<byte> DataSet = default)
{
    /// <summary>The UID that an N-CREATE gave the new instance, if the request did not.</summary>
    public string? SopInstanceUid { get; init; }
}
