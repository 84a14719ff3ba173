namespace Dicom.Migration.DataSets;

/// <summary>A UID that the standard registers (PS3.6 Annex A).</summary>
/// <param name="Uid">The UID.</param>
/// <param name="Keyword">Keyword, such as CTImageStorage; empty if it has none.</param>
/// <param name="Type">What it names, as printed: SOP Class, Transfer Syntax, ...</param>
/// <param name="Name">Name in words.</param>
/// <param name="IsRetired">Retired from the standard.</param>
public sealed record UidEntry(string Uid, string Keyword, string Type, string Name, bool IsRetired);
