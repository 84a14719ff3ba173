namespace Dicom.Migration.Engine;

/// <summary>Of two contents under one SOP Instance UID an archive keeps one and says nothing: the later one waits for what becomes of those before it.</summary>
internal sealed class Rivals(IMigrationTarget target, RunDesk desk)
{
    /// <summary>Those of a group that are not sent unless <see cref="IsAloneAsync"/> says so.</summary>
    /// <remarks>One whose UID a rule has changed is no rival: the ledger knows it by what the source calls it.</remarks>
    public List<InFlight> Among(List<InFlight> group) =>
        target.KeepsRivals ? [] : group.FindAll(static f => f.Entry.HasRival && f.Identity.SopInstanceUid == f.Discovery.SopInstanceUid);

    /// <summary>Whether the target provably holds none of the contents that came before: each was refused by it, or has come to its end and is shown to be missing.</summary>
    /// <remarks>Without proof, it may hold one: a connection that was lost says nothing.</remarks>
    public async Task<bool> IsAloneAsync(InFlight flight, CancellationToken cancellationToken)
    {
        var doubtful = new HashSet<StoredReference>();
        foreach (var other in await desk.FindAsync(flight.Discovery.SopInstanceUid, cancellationToken).ConfigureAwait(false))
        {
            // Never sent; later than this one, which it waits for; or this one again.
            if (other.Attempts == 0 || other.Number >= flight.Entry.Number || (other.Current.SentDigest ?? other.Current.SourceDigest) == flight.SentDigest) continue;
            if (other.Current is { Fault.Code: FaultCode.EncodingDiffers } && other.Current.SourceDigest == flight.GivenDigest) continue; // this one again, in the encoding that the target takes
            if (other.Current.State is not InstanceState.Excepted) return false;
            if (IsRefusal(other.Current.Fault!.Value.Code)) continue;
            if (other.Identity is not { StudyInstanceUid: { } study, SeriesInstanceUid: { } series, SopClassUid: { } sopClass }) return false; // nothing to ask for it by
            doubtful.Add(new StoredReference(study, series, sopClass, other.Identity.SopInstanceUid));
        }
        return doubtful.Count == 0 || await LacksAsync(doubtful, cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> LacksAsync(HashSet<StoredReference> references, CancellationToken cancellationToken)
    {
        if (target is not IEvidenceTarget { Levels: [_, ..] levels } able) return false;
        var missing = new HashSet<StoredReference>();
        try
        {
            await foreach (var item in able.CollectAsync(levels[^1], [.. references], cancellationToken).ConfigureAwait(false))
            {
                await using (item.ConfigureAwait(false))
                {
                    if (item.Fault is not { Code: FaultCode.MissingAtTarget }) return false;
                    missing.Add(item.Reference);
                }
            }
        }
        catch (MigrationException)
        {
            return false; // no answer is no proof
        }
        return missing.IsSupersetOf(references);
    }

    /// <summary>Whether the target's own answer was that it does not take the object, or it was never offered.</summary>
    private static bool IsRefusal(FaultCode code) => code is FaultCode.Refused or FaultCode.NotNegotiable or FaultCode.MalformedUid;
}
