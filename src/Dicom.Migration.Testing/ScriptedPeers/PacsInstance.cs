using Dicom.Migration.DataSets;

namespace Dicom.Migration.Testing;

/// <summary>An object that a <see cref="ScriptedPacs"/> holds.</summary>
/// <param name="SopClassUid">SOP Class UID.</param>
/// <param name="SopInstanceUid">SOP Instance UID that it is held under.</param>
/// <param name="TransferSyntax">How it is encoded.</param>
/// <param name="Bytes">The encoded data set.</param>
public sealed record PacsInstance(string SopClassUid, string SopInstanceUid, TransferSyntax TransferSyntax, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>Study Instance UID.</summary>
    public string StudyInstanceUid { get; init; } = "";
    /// <summary>Series Instance UID.</summary>
    public string SeriesInstanceUid { get; init; } = "";
    /// <summary>Study Date, as it stands there.</summary>
    public string StudyDate { get; init; } = "";
    /// <summary>Study Time, as it stands there.</summary>
    public string StudyTime { get; init; } = "";
    /// <summary>Patient ID.</summary>
    public string PatientId { get; init; } = "";
    /// <summary>Modality.</summary>
    public string Modality { get; init; } = "";

    /// <summary>Reads what queries ask for out of a data set.</summary>
    /// <param name="bytes">The encoded data set.</param>
    /// <param name="syntax">Its encoding.</param>
    /// <param name="sopInstanceUid">What to hold it under; <see langword="null"/> for its own UID.</param>
    public static PacsInstance Read(ReadOnlyMemory<byte> bytes, TransferSyntax syntax, string? sopInstanceUid = null)
    {
        var dataSet = DataSet.Read(bytes, syntax);
        string Text(uint tag) => dataSet.GetString(new DicomTag(tag))?.TrimEnd('\0', ' ') ?? "";
        return new PacsInstance(Text(0x00080016), sopInstanceUid ?? Text(0x00080018), syntax, bytes)
        {
            StudyInstanceUid = Text(0x0020000D), SeriesInstanceUid = Text(0x0020000E), StudyDate = Text(0x00080020), StudyTime = Text(0x00080030),
            PatientId = Text(0x00100020), Modality = Text(0x00080060),
        };
    }
}
