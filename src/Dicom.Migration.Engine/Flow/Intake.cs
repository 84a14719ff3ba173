using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine;

/// <summary>What is made of one item of a source: an object to store, or a line of the account. Used by one reader at a time.</summary>
internal sealed class Intake(Spool spool, RuleBook rules)
{
    private static readonly DicomTag SopInstanceUid = new(0x00080018), StudyInstanceUid = new(0x0020000D);
    private readonly InstanceScanner _scanner = new();

    /// <summary>Spools an instance, hashing it as it comes, looks at it, and lets the rules judge.</summary>
    /// <returns>What goes on; <see langword="null"/> if an earlier reading of the unit gave the same.</returns>
    public async Task<InFlight?> TakeAsync(UnitInHand unit, SourceItem item, CancellationToken cancellationToken)
    {
        unit.Completeness.Next(item);
        if (item is SourceFinding { Fault: { Code: FaultCode.NotDelivered or FaultCode.NotOnline } missing })
        {
            unit.Completeness.Misses(item.Place, missing); // another reading may give it: on record when the last one is over
            return null;
        }
        if (item is SourceFinding finding)
            return Record(unit, finding.Fault is { } fault ? new LedgerOutcome(InstanceState.Excepted) { Fault = fault } : new LedgerOutcome(InstanceState.Excluded) { Rule = finding.Exclusion }, finding.Place);
        var instance = (SourceInstance)item;
        var spooled = await spool.TakeAsync(instance.Body, instance.Length, cancellationToken).ConfigureAwait(false);
        try
        {
            var flight = await LookAsync(unit, instance, spooled, cancellationToken).ConfigureAwait(false);
            if (flight?.Body != spooled) spooled.Dispose();
            return flight;
        }
        catch
        {
            spooled.Dispose();
            throw;
        }
    }

    /// <summary>A line of the account for something that is no instance to move.</summary>
    public static InFlight? Record(UnitInHand unit, LedgerOutcome outcome, string place = "")
    {
        // Findings have no UID and no content: their place tells them apart, and the reading's order those at one place. No UID begins with a line feed.
        return unit.Claim("\n" + place, default) is { } copy ? new InFlight(unit, new LedgerDiscovery(unit.Key, "", copy) { Place = place.Length == 0 ? null : place, Then = outcome }) : null;
    }

    private async Task<InFlight?> LookAsync(UnitInHand unit, SourceInstance instance, SpooledObject spooled, CancellationToken cancellationToken)
    {
        var syntax = instance.TransferSyntax ?? TransferSyntax.ImplicitVrLittleEndian; // PS3.10 §7.1 has none: DICOM's default
        var (identity, fault) = Scan(spooled, syntax);
        var isOfOtherStudy = instance.IsClaimBinding && fault is null && unit.IsStudy && !IsSame(unit.Key, identity.StudyInstanceUid);
        var isOther = instance.IsClaimBinding && fault is null && !IsSame(instance.ClaimedSopInstanceUid, identity.SopInstanceUid);
        if (isOther || (isOfOtherStudy && instance.IsUnlisted))
        {
            unit.Completeness.Mistakes(instance.Place, new Fault(FaultCode.AnotherObject, isOther ? SopInstanceUid : StudyInstanceUid), !instance.IsUnlisted);
            return null;
        }
        if (unit.Claim(identity.SopInstanceUid, spooled.Digest, instance.IsRepeat) is not { } copy)
        {
            if (!instance.IsRepeat) unit.Completeness.Arrived(instance.Place, identity.SopInstanceUid);
            return null;
        }
        var judged = new Judgement(spooled, null);
        try
        {
            if (fault is null) judged = await rules.JudgeAsync(unit, spooled, syntax, identity.HeaderLength, spool, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            unit.TakeBack(identity.SopInstanceUid, copy);
            throw;
        }
        unit.Completeness.Arrived(instance.Place, identity.SopInstanceUid);
        var sent = identity;
        var isChanged = judged.Body != spooled;
        try
        {
            if (isChanged) (sent, fault) = Scan(judged.Body, syntax); // a rule may have changed what it is filed under
        }
        catch
        {
            judged.Body.Dispose();
            throw;
        }
        var end = fault is { } bad ? new LedgerOutcome(InstanceState.Excepted) { Fault = bad } : judged.End;
        if (end is not null && isChanged) judged.Body.Dispose();
        // The intent to send is durable in the same breath as the discovery, and before the first byte goes out.
        var first = end ?? new LedgerOutcome(InstanceState.Sending) { SentDigest = judged.Body.Digest };
        var discovery = new LedgerDiscovery(unit.Key, identity.SopInstanceUid, copy)
        {
            StudyInstanceUid = identity.StudyInstanceUid,
            SeriesInstanceUid = identity.SeriesInstanceUid,
            SopClassUid = identity.SopClassUid,
            TransferSyntaxUid = syntax.Uid,
            Length = spooled.Length,
            Then = first with { SourceDigest = spooled.Digest, Length = spooled.Length },
        };
        return new InFlight(unit, discovery)
        {
            Body = end is null ? judged.Body : null,
            Identity = sent,
            Syntax = syntax,
            Note = instance.Note ?? (isOfOtherStudy ? new Fault(FaultCode.AnotherObject, StudyInstanceUid) : null),
            // The source's file meta goes along unless a rule has changed what it may name.
            Envelope = end is null && !isChanged ? instance.Envelope.ToArray() : default,
        };
    }

    // PS3.5 §6.2: a UI is padded by a null, and by spaces where it was written wrongly.
    private static bool IsSame(string? claimed, string actual) => claimed is null || string.Equals(claimed.Trim(' ', '\0'), actual, StringComparison.Ordinal);

    private (InstanceIdentity Identity, Fault? Fault) Scan(SpooledObject spooled, TransferSyntax syntax)
    {
        try
        {
            var identity = _scanner.Scan(spooled, syntax);
            return (identity, identity.Check());
        }
        catch (DicomFormatException e)
        {
            return (_scanner.Seen, e.Fault);
        }
    }
}
