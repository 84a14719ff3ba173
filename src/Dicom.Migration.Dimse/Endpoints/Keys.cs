using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Keys of queries and retrievals (PS3.4 §C.6.2, Study Root).</summary>
internal static class Keys
{
    public const string Find = "1.2.840.10008.5.1.4.1.2.2.1", Move = "1.2.840.10008.5.1.4.1.2.2.2", Get = "1.2.840.10008.5.1.4.1.2.2.3",
        Verification = "1.2.840.10008.1.1", Commitment = "1.2.840.10008.1.20.1", CommitmentInstance = "1.2.840.10008.1.20.1.1";

    public static readonly DicomTag Level = new(0x00080052), StudyUid = new(0x0020000D), SeriesUid = new(0x0020000E), SopClassUid = new(0x00080016), SopInstanceUid = new(0x00080018),
        StudyDate = new(0x00080020), StudyTime = new(0x00080030), PatientId = new(0x00100020), ModalitiesInStudy = new(0x00080061), StudyInstances = new(0x00201208),
        SeriesInstances = new(0x00201209), Availability = new(0x00080056), TransactionUid = new(0x00081195), ReferencedSops = new(0x00081199), FailedSops = new(0x00081198),
        ReferencedClass = new(0x00081150), ReferencedInstance = new(0x00081155), FailureReason = new(0x00081197);

    /// <summary>A context of an information model, in the encodings that every archive has.</summary>
    public static ContextProposal Context(string model) => new(model, [TransferSyntax.ExplicitVrLittleEndian.Uid, TransferSyntax.ImplicitVrLittleEndian.Uid]);

    /// <summary>An identifier for a level.</summary>
    /// <param name="level">STUDY, SERIES or IMAGE.</param> <param name="keys">Values to match; an empty one is to be returned.</param>
    public static DataSet Identifier(string level, params ReadOnlySpan<(DicomTag Tag, string Value)> keys)
    {
        var identifier = new DataSet { DataElement.Text(Level, DicomVr.CS, [level]) };
        foreach (var (tag, value) in keys)
            identifier.Add(DataElement.Text(tag, DataElementDictionary.VrOf(tag), value.Length == 0 ? [] : value.Split('\\')));
        return identifier;
    }

    /// <summary>A whole number, as an IS says it; <see langword="null"/> if it is missing, malformed or negative.</summary>
    public static int? Number(DataSet match, DicomTag tag) =>
        int.TryParse(match.GetString(tag), System.Globalization.NumberStyles.Integer, System.Globalization.CultureInfo.InvariantCulture, out var number) && number >= 0 ? number : null;

    /// <summary>A UID; <see langword="null"/> if it is missing or malformed.</summary>
    public static string? Uid(DataSet match, DicomTag tag) => match.GetString(tag)?.TrimEnd('\0', ' ') is { } uid && DicomUid.IsValid(uid) ? uid : null;
}
