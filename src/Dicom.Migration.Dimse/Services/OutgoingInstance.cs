using System.IO.Pipelines;

namespace Dicom.Migration.Dimse;

/// <summary>One instance to send by C-STORE; opened when its turn comes.</summary>
/// <param name="SopClassUid">SOP class.</param>
/// <param name="SopInstanceUid">SOP instance.</param>
/// <param name="TransferSyntaxUid">How the data set is encoded.</param>
/// <param name="OpenAsync">Opens the encoded data set: no preamble, no file meta. The reader is completed by whoever sends it.</param>
public sealed record OutgoingInstance(string SopClassUid, string SopInstanceUid, string TransferSyntaxUid, Func<CancellationToken, ValueTask<PipeReader>> OpenAsync);
