using System.Globalization;
using System.Numerics;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Asks an archive to commit to what it holds (PS3.4 §J.3).</summary>
internal sealed class StorageCommitment(Peer peer, ReturnListener listener, TimeSpan timeout)
{
    /// <summary>Most instances of one transaction.</summary>
    public const int MostInstances = 256;

    /// <summary>Asks for some instances, and waits for the report.</summary>
    /// <returns>The fault of each instance; <see langword="null"/> for those that the archive commits to.</returns>
    /// <exception cref="AssociationException">The archive does not take the request, or does not report.</exception>
    public async Task<IReadOnlyDictionary<string, Fault?>> AskAsync(IReadOnlyList<StoredReference> references, CancellationToken cancellationToken)
    {
        // PS3.5 §B.2: a UUID as a whole number under 2.25.
        var transaction = "2.25." + new BigInteger(Guid.NewGuid().ToByteArray(bigEndian: true), isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture);
        var reported = listener.OpenTransaction(transaction, listens: true);
        try
        {
            var association = await peer.ConnectAsync([Keys.Context(Keys.Commitment)], cancellationToken, listener, silence: timeout + peer.Options.IdleTimeout).ConfigureAwait(false);
            await using var owned = association.ConfigureAwait(false);
            var context = association.Find(Keys.Commitment) ?? throw new AssociationException(new Fault(FaultCode.NotNegotiable), "The archive has no storage commitment.");
            var request = new DataSet
            {
                DataElement.Text(Keys.TransactionUid, DicomVr.UI, [transaction]),
                DataElement.Sequence(Keys.ReferencedSops, references.Select(static r => new DataSet
                {
                    DataElement.Text(Keys.ReferencedClass, DicomVr.UI, [r.SopClassUid]), DataElement.Text(Keys.ReferencedInstance, DicomVr.UI, [r.SopInstanceUid]),
                })),
            };
            var answer = await association.ActionAsync(Keys.Commitment, Keys.CommitmentInstance, 1, request.ToArray(TransferSyntax.FromUid(context.TransferSyntax)), cancellationToken).ConfigureAwait(false);
            if (!answer.Status.IsSuccess && !answer.Status.IsWarning)
                throw new AssociationException(new Fault(DimseStatusMeaning.FaultOf(answer.Status, DimseService.Normalized)), $"The archive answers a request for storage commitment with status {answer.Status}.");
            return Read(await reported.WaitAsync(timeout, peer.Time, cancellationToken).ConfigureAwait(false), references);
        }
        catch (TimeoutException e)
        {
            throw new AssociationException(new Fault(FaultCode.PeerTimeout), "The archive did not report on storage commitment in time: does it know this side's host and port?", e);
        }
        finally
        {
            listener.CloseTransaction(transaction);
        }
    }

    private static Dictionary<string, Fault?> Read(DataSet report, IReadOnlyList<StoredReference> references)
    {
        // What the report does not name is not committed to.
        var result = references.ToDictionary(static r => r.SopInstanceUid, static _ => (Fault?)new Fault(FaultCode.MissingAtTarget), StringComparer.Ordinal);
        foreach (var item in report.Find(Keys.ReferencedSops)?.Items ?? [])
            if (Keys.Uid(item, Keys.ReferencedInstance) is { } uid && result.ContainsKey(uid)) result[uid] = null;
        foreach (var item in report.Find(Keys.FailedSops)?.Items ?? [])
            if (Keys.Uid(item, Keys.ReferencedInstance) is { } uid && result.ContainsKey(uid))
                result[uid] = new Fault(item.TryGetValue(Keys.FailureReason, out var reason) && reason.TryGetInt64(out var code) && code == DimseStatus.NoSuchInstance.Code ? FaultCode.MissingAtTarget : FaultCode.UnreadableAtTarget);
        return result;
    }
}
