using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine;

/// <summary>One object between the source and its verdict.</summary>
internal sealed class InFlight(LedgerDiscovery discovery, InstanceIdentity identity, TransferSyntax syntax, byte[] envelope, SpooledObject spooled, LedgerDigest digest)
{
    public LedgerDiscovery Discovery { get; } = discovery;
    public SpooledObject Spooled { get; } = spooled;
    public LedgerDigest Digest { get; } = digest;
    public LedgerEntry Entry { get; set; }
    public StoreOutcome? Outcome { get; set; }
    public LedgerOutcome? Verdict { get; set; }

    public OutgoingInstance ToOutgoing() => new()
    {
        StudyInstanceUid = identity.StudyInstanceUid,
        SeriesInstanceUid = identity.SeriesInstanceUid,
        SopClassUid = identity.SopClassUid,
        SopInstanceUid = identity.SopInstanceUid,
        TransferSyntax = syntax,
        Envelope = envelope,
        Length = Spooled.Length,
        Body = PipeReader.Create(Spooled.OpenRead(), new StreamPipeReaderOptions(bufferSize: 128 * 1024, leaveOpen: true)),
    };
}
