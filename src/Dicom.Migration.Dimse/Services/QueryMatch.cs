namespace Dicom.Migration.Dimse;

/// <summary>One answer to a C-FIND.</summary>
/// <param name="Identifier">The encoded data set, in the transfer syntax of the request's context.</param>
/// <param name="IgnoresOptionalKeys">Whether optional keys of the request were not matched: status FF01 (PS3.4 §C.4.1.1.4).</param>
public readonly record struct QueryMatch(ReadOnlyMemory<byte> Identifier, bool IgnoresOptionalKeys = false);
