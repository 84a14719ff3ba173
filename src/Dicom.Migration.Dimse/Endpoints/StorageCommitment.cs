using System.Globalization;
using System.Numerics;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Asks an archive to commit to what it holds (PS3.4 §J.3).</summary>
internal sealed class StorageCommitment(Peer peer, ReturnListener listener, TimeSpan timeout)
{
    /// <summary>Most instances of one transaction.</summary>
    public const int MostInstances = 256;

    /// <summary>A UID that nothing has yet.</summary>
    public static string NewUid() => "2.25." + new BigInteger(Guid.NewGuid().ToByteArray(bigEndian: true), isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture); // PS3.5 §B.2

    /// <summary>The same, in smaller and smaller requests where the archive takes no larger one, or does not report on it in time: what fails alone is that instance's fault.</summary>
    /// <returns>The fault of each instance; <see langword="null"/> for those that the archive commits to.</returns>
    /// <exception cref="AssociationException">The archive cannot be asked, or does not even take or report on a single one.</exception>
    public async Task<IReadOnlyDictionary<string, Fault?>> AskPatientlyAsync(IReadOnlyList<StoredReference> references, CancellationToken cancellationToken)
    {
        AssociationException failure;
        try
        {
            return await AskAsync(references, cancellationToken).ConfigureAwait(false);
        }
        catch (AssociationException e) when (MayBeOfRequest(e))
        {
            failure = e;
        }

        // One alone tells whether it is the archive; two do where an answer comes at once, as one may be at fault itself.
        var faults = new Dictionary<string, Fault?>(StringComparer.Ordinal);
        if (references.Count > 1)
        {
            StoredReference[] alone = failure.Fault.Code is FaultCode.PeerTimeout ? [references[^1]] : [references[^1], references[0]];
            foreach (var reference in alone)
                if (faults.Count == 0 && await TryAskAsync([reference], cancellationToken).ConfigureAwait(false) is { } answers) faults = new(answers, StringComparer.Ordinal);
            if (faults.Count == 0) throw failure;
        }

        await DivideAsync([.. references.Where(r => !faults.ContainsKey(r.SopInstanceUid))], faults, failure, cancellationToken).ConfigureAwait(false);
        return faults;
    }

    private async Task DivideAsync(StoredReference[] references, Dictionary<string, Fault?> faults, AssociationException failure, CancellationToken cancellationToken)
    {
        if (references.Length == 1)
        {
            // Held against one that nobody has: the archive may have become busy meanwhile.
            if (await TryAskAsync(NobodyHas(references[0]), cancellationToken).ConfigureAwait(false) is null) throw failure;
            faults[references[0].SopInstanceUid] = Own(failure);
        }

        if (references.Length < 2) return;
        foreach (var half in new[] { references[..(references.Length / 2)], references[(references.Length / 2)..] })
        {
            try
            {
                foreach (var (uid, fault) in await AskAsync(half, cancellationToken).ConfigureAwait(false)) faults[uid] = fault;
            }
            catch (AssociationException e) when (MayBeOfRequest(e))
            {
                await DivideAsync(half, faults, e, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task<IReadOnlyDictionary<string, Fault?>?> TryAskAsync(StoredReference[] references, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(references, cancellationToken).ConfigureAwait(false);
        }
        catch (AssociationException e) when (MayBeOfRequest(e))
        {
            return null;
        }
    }

    /// <summary>Whether another request may do better: not if the archive is away, lets nobody in, or has no storage commitment.</summary>
    private static bool MayBeOfRequest(AssociationException e) => e.Fault.Code is not (FaultCode.PeerUnreachable or FaultCode.NotNegotiable or FaultCode.AssociationRejected or FaultCode.TlsRefused or FaultCode.InvalidConfiguration);

    private static StoredReference[] NobodyHas(StoredReference like) => [like with { SopInstanceUid = NewUid() }];

    private static Fault Own(AssociationException e) => new(e.Fault.Code is FaultCode.PeerTimeout ? FaultCode.PeerTimeout : FaultCode.Refused);

    /// <summary>Asks for some instances, each once, and waits for the report.</summary>
    /// <returns>The fault of each instance; <see langword="null"/> for those that the archive commits to.</returns>
    /// <exception cref="AssociationException">The archive does not take the request, or does not report.</exception>
    public async Task<IReadOnlyDictionary<string, Fault?>> AskAsync(IReadOnlyList<StoredReference> references, CancellationToken cancellationToken)
    {
        var transaction = NewUid();
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
