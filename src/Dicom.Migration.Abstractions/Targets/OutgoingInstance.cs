using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration;

/// <summary>One instance on its way into a target. UIDs are as the data set has them: peer data, to be checked before they name anything.</summary>
public sealed class OutgoingInstance
{
    /// <summary>Study Instance UID (0020,000D).</summary>
    public required string StudyInstanceUid { get; init; }
    /// <summary>Series Instance UID (0020,000E).</summary>
    public required string SeriesInstanceUid { get; init; }
    /// <summary>SOP Class UID (0008,0016).</summary>
    public required string SopClassUid { get; init; }
    /// <summary>SOP Instance UID (0008,0018).</summary>
    public required string SopInstanceUid { get; init; }
    /// <summary>How the body is encoded.</summary>
    public required TransferSyntax TransferSyntax { get; init; }
    /// <summary>Exactly the encoded data set.</summary>
    public required PipeReader Body { get; init; }
    /// <summary>Length of the body in bytes, if known.</summary>
    public long? Length { get; init; }
    /// <summary>Preamble, prefix and file meta information as found at the source; empty if there were none, or if they no longer fit the body.</summary>
    public ReadOnlyMemory<byte> Envelope { get; init; }
}
