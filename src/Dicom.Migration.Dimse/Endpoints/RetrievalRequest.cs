using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>What one C-GET or C-MOVE asks for, and what the archive answered to it last.</summary>
/// <param name="Level">STUDY, SERIES or IMAGE.</param> <param name="StudyUid">The study.</param>
/// <param name="SeriesUid">The series, below STUDY.</param> <param name="Instances">What has to come.</param>
internal sealed record RetrievalRequest(string Level, string StudyUid, string? SeriesUid, IReadOnlyList<Listed> Instances)
{
    private DimseConsequence? _end;
    private bool _isTried;

    /// <summary>The contexts in which they may come in a C-GET; <see langword="null"/> for those of the SOP classes that the archive says.</summary>
    public IReadOnlyList<ContextProposal>? Contexts { get; init; }

    /// <summary>Whether the archive has to fetch them first, from a tape, and may say success before it has.</summary>
    public bool IsNearline { get; init; }

    public DataSet Identifier => Level switch
    {
        "STUDY" => Keys.Identifier(Level, (Keys.StudyUid, StudyUid)),
        "SERIES" => Keys.Identifier(Level, (Keys.StudyUid, StudyUid), (Keys.SeriesUid, SeriesUid!)),
        _ => Keys.Identifier(Level, (Keys.StudyUid, StudyUid), (Keys.SeriesUid, SeriesUid ?? ""), (Keys.SopInstanceUid, string.Join('\\', Instances.Select(static i => i.SopInstanceUid)))),
    };

    /// <summary>Whether the archive has said its last word.</summary>
    public bool IsAnswered => _end is not (null or DimseConsequence.Continue);
    /// <summary>Whether it said that it is through, and well.</summary>
    public bool IsDone => _end is DimseConsequence.Done;
    /// <summary>Whether it asked to be left alone. One that has tried to send and failed is not busy: DCMTK ends with A702 then, too, for good.</summary>
    public bool IsBusy => _end is DimseConsequence.PausePeer && !_isTried;
    /// <summary>Whether it did not begin, and may another time.</summary>
    public bool IsPutOff => _end is DimseConsequence.PausePeer or DimseConsequence.Retry && !_isTried;

    /// <summary>It is asked for, perhaps again.</summary>
    public void Begin() => (_end, _isTried) = (null, false);

    public void Answered(DimseResponse response, DimseService service)
    {
        _end = DimseStatusMeaning.Of(response.Status, service);
        _isTried |= response.Completed > 0 || response.Failed > 0 || response.Warning > 0;
    }
}
