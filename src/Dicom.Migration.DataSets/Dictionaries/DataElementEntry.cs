namespace Dicom.Migration.DataSets;

/// <summary>What the standard says about a data element (PS3.6 §6, PS3.7 Annex E).</summary>
/// <param name="Tag">The tag asked for; in a repeating group the actual one, such as (6002,3000).</param>
/// <param name="Keyword">Keyword, such as PatientName; empty if the standard gives none.</param>
/// <param name="Name">Name in words.</param>
/// <param name="Vr">The VR; where the standard leaves a choice, the one of <see cref="DataElementDictionary.VrOf"/>. None for items and delimiters.</param>
/// <param name="AlternativeVr">The other choice: SS for US, OB for OW, US for OW of a lookup table; else none.</param>
/// <param name="Multiplicity">Value multiplicity as printed, such as 1-n.</param>
/// <param name="IsRetired">Retired from the standard.</param>
public readonly record struct DataElementEntry(
    DicomTag Tag, string Keyword, string Name, DicomVr Vr, DicomVr AlternativeVr, string Multiplicity, bool IsRetired);
