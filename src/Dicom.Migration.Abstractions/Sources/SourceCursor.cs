namespace Dicom.Migration;

/// <summary>How far a listing got; opaque to all but the source that made it, and kept in the ledger.</summary>
/// <param name="Value">Text of the source's own making.</param>
public sealed record SourceCursor(string Value);
