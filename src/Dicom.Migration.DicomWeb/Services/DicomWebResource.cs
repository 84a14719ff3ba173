using Dicom.Migration.DataSets;

namespace Dicom.Migration.DicomWeb;

/// <summary>A study, a series of it, or an instance of that (PS3.18 §10.1.1). Only UIDs that are valid make one: they become part of a URL.</summary>
public sealed record DicomWebResource
{
    /// <summary>Names a study, a series or an instance.</summary>
    /// <param name="studyInstanceUid">Study Instance UID.</param>
    /// <param name="seriesInstanceUid">Series Instance UID; <see langword="null"/> for the whole study.</param>
    /// <param name="sopInstanceUid">SOP Instance UID; <see langword="null"/> for the whole series.</param>
    /// <exception cref="DicomWebException">A UID does not follow PS3.5 §9.1 (<see cref="FaultCode.MalformedUid"/>).</exception>
    public DicomWebResource(string studyInstanceUid, string? seriesInstanceUid = null, string? sopInstanceUid = null)
    {
        ArgumentNullException.ThrowIfNull(studyInstanceUid);
        if (sopInstanceUid is not null) ArgumentNullException.ThrowIfNull(seriesInstanceUid);
        (StudyInstanceUid, SeriesInstanceUid, SopInstanceUid) = (Valid(studyInstanceUid, 0x0020000D), seriesInstanceUid is null ? null : Valid(seriesInstanceUid, 0x0020000E), sopInstanceUid is null ? null : Valid(sopInstanceUid, 0x00080018));
    }

    /// <summary>Study Instance UID.</summary>
    public string StudyInstanceUid { get; }
    /// <summary>Series Instance UID, unless it is a study.</summary>
    public string? SeriesInstanceUid { get; }
    /// <summary>SOP Instance UID, if it is an instance.</summary>
    public string? SopInstanceUid { get; }

    internal string Path => "studies/" + StudyInstanceUid + (SeriesInstanceUid is null ? "" : "/series/" + SeriesInstanceUid) + (SopInstanceUid is null ? "" : "/instances/" + SopInstanceUid);

    /// <summary>The level; UIDs are for the ledger, not for logs.</summary>
    public override string ToString() => SopInstanceUid is not null ? "instance" : SeriesInstanceUid is not null ? "series" : "study";

    private static string Valid(string uid, uint tag) => DicomUid.IsValid(uid) ? uid : throw new DicomWebException(new Fault(FaultCode.MalformedUid, new DicomTag(tag)), "A UID is not valid, and so becomes no URL.");
}
