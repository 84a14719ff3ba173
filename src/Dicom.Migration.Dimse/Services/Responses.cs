using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse.Messages;

namespace Dicom.Migration.Dimse.Services;

/// <summary>Makes the command set of a response out of that of its request (PS3.7 §9.3, §10.3).</summary>
internal static class Responses
{
    private static readonly ushort[] Types = [CommandSet.EventTypeId, CommandSet.ActionTypeId];

    public static CommandSet To(CommandSet request, DimseStatus status, bool hasDataSet)
    {
        var field = request.UInt16(CommandSet.Field);
        var response = new CommandSet().With(CommandSet.Field, (ushort)(field | CommandField.Response))
            .With(CommandSet.MessageIdBeingRespondedTo, request.UInt16(CommandSet.MessageId))
            .With(CommandSet.DataSetType, hasDataSet ? (ushort)0 : CommandSet.NoDataSet).With(CommandSet.Status, status.Code);
        var isRequested = CommandField.NamesRequested(field);
        Copy(isRequested ? CommandSet.RequestedSopClassUid : CommandSet.AffectedSopClassUid, CommandSet.AffectedSopClassUid);
        Copy(isRequested ? CommandSet.RequestedSopInstanceUid : CommandSet.AffectedSopInstanceUid, CommandSet.AffectedSopInstanceUid);
        foreach (var type in Types)
            if (request.OptionalUInt16(type) is { } value) response.With(type, value);
        return response;

        void Copy(ushort from, ushort to)
        {
            if (request.Text(from) is { Length: > 0 } uid && DicomUid.IsValid(uid)) response.WithUid(to, uid);
        }
    }
}
