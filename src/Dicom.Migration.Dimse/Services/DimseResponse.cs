using Dicom.Migration.Dimse.Messages;

namespace Dicom.Migration.Dimse;

/// <summary>One response to a request. A C-FIND, C-GET or C-MOVE has any number that are pending, and then one that is not.</summary>
/// <param name="Status">The status.</param>
/// <param name="DataSet">The encoded data set that came with it, in the transfer syntax of the context; empty for none.</param>
public sealed record DimseResponse(DimseStatus Status, ReadOnlyMemory<byte> DataSet)
{
    /// <summary>Whether a data set came with it; it may be empty.</summary>
    public bool HasDataSet { get; init; }
    /// <summary>Transfer syntax UID of <see cref="DataSet"/>.</summary>
    public string TransferSyntax { get; init; } = "";
    /// <summary>Sub-operations still to be done; a claim, as the other counts are.</summary>
    public ushort? Remaining { get; init; }
    /// <summary>Sub-operations that succeeded.</summary>
    public ushort? Completed { get; init; }
    /// <summary>Sub-operations that failed.</summary>
    public ushort? Failed { get; init; }
    /// <summary>Sub-operations that ended with a warning.</summary>
    public ushort? Warning { get; init; }
    /// <summary>Affected SOP Instance UID: what an N-CREATE made; empty if the peer does not say.</summary>
    public string SopInstanceUid { get; init; } = "";

    /// <summary>The status and the counts.</summary>
    public override string ToString() => $"{Status}, remaining {Remaining}, completed {Completed}, failed {Failed}, warning {Warning}";

    internal static DimseResponse From(CommandSet command, AcceptedContext context, ReadOnlyMemory<byte> dataSet) => new(new DimseStatus(command.UInt16(CommandSet.Status)), dataSet)
    {
        HasDataSet = command.HasDataSet, TransferSyntax = context.TransferSyntax, SopInstanceUid = command.Text(CommandSet.AffectedSopInstanceUid),
        Remaining = command.OptionalUInt16(CommandSet.Remaining), Completed = command.OptionalUInt16(CommandSet.Completed),
        Failed = command.OptionalUInt16(CommandSet.Failed), Warning = command.OptionalUInt16(CommandSet.Warning),
    };
}
