using System.Security.Cryptography;
using System.Threading.Channels;
using Dicom.Migration.Engine.Pacing;

namespace Dicom.Migration.Engine;

/// <summary>Third stage: asks the target for the highest evidence it can serve, compares, and puts the verdict on record.</summary>
internal sealed class Verifier(IMigrationTarget target, EvidenceLevel level, TargetPace pace, ChannelReader<IReadOnlyList<InFlight>> stored, RunDesk desk, DifferenceExaminer examiner, MigrationRunOptions options)
{
    /// <summary>The level that a run asks a target for: the one that is wanted, or the highest below that the target serves.</summary>
    public static EvidenceLevel LevelOf(IMigrationTarget target, EvidenceLevel wanted) => target is not IEvidenceTarget able ? EvidenceLevel.L0
        : able.Levels.Where(l => l <= wanted && l is EvidenceLevel.L1 or EvidenceLevel.L2 or EvidenceLevel.L3 or EvidenceLevel.L4).DefaultIfEmpty(EvidenceLevel.L0).Max();

    /// <summary>Verifies until nothing more was stored.</summary>
    /// <exception cref="TargetUnavailableException">The target cannot be asked; what was not verified is asked for by the next run.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var group in stored.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            try
            {
                // The target's word alone verifies only where the host has asked for no more than that, by name.
                if (level == EvidenceLevel.L0)
                    foreach (var flight in group) flight.Verdict = options.Evidence == EvidenceLevel.L0 ? Verified(flight, EvidenceLevel.L0, null) : Excepted(FaultCode.UnreadableAtTarget);
                else await AskAsync(token => CollectAsync(group, token), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                foreach (var flight in group) flight.Dispose(); // has a body only where it was needed here
            }
            foreach (var flight in group) flight.Verdict ??= Excepted(FaultCode.MissingAtTarget);
            var different = group.Where(static f => f.Verdict!.Fault is { Code: FaultCode.UnexplainedDifference }).ToList();
            if (level == EvidenceLevel.L4 && different.Count > 0)
            {
                using (await pace.Sessions.EnterAsync(isUrgent: true, cancellationToken).ConfigureAwait(false))
                    await examiner.ExamineAsync(different, cancellationToken).ConfigureAwait(false);
            }
            // Not sent: only the same content, seen at the target, is proof that nothing is lost with it.
            foreach (var rival in group.Where(f => f.IsRivalled && (level != EvidenceLevel.L4 || f.Verdict!.State == InstanceState.Excepted)))
                rival.Verdict = Excepted(FaultCode.UidConflict) with { TargetDigest = rival.Verdict!.TargetDigest };
            await desk.ChangeAsync(group, static f => f.Verdict!).ConfigureAwait(false);
            var verified = group.Count(static f => f.Verdict!.State == InstanceState.Verified);
            desk.Tally.Verified(verified);
            desk.Tally.Excepted(group.Count - verified);
            await desk.CloseAsync(group.Select(static f => f.Unit)).ConfigureAwait(false);
        }
    }

    /// <summary>Asks the target, as soon as it may be asked.</summary>
    private async Task AskAsync(Func<CancellationToken, Task<bool>> ask, CancellationToken cancellationToken)
    {
        await pace.RunAsync(async token =>
        {
            using (await pace.Sessions.EnterAsync(isUrgent: true, token).ConfigureAwait(false)) return await pace.InPlaceAsync(ask, token).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        pace.Sessions.Served();
    }

    private async Task<bool> CollectAsync(IReadOnlyList<InFlight> group, CancellationToken cancellationToken)
    {
        // Equal copies of one object share a place: the same content answers for all of them.
        var byReference = group.Where(static f => f is { Verdict: null, Outcome.Reference: not null }).ToLookup(static f => f.Outcome!.Reference!);
        await foreach (var item in ((IEvidenceTarget)target).CollectAsync(level, [.. byReference.Select(static g => g.Key)], cancellationToken).ConfigureAwait(false))
        {
            await using (item.ConfigureAwait(false))
            {
                var (fault, digest) = await LookAsync(item, cancellationToken).ConfigureAwait(false);
                foreach (var flight in byReference[item.Reference]) // none if it was not asked for: no evidence of anything
                {
                    var differs = fault is null && level == EvidenceLevel.L3 ? await MetadataEvidence.CompareAsync(flight, item, options.LongestHeader, cancellationToken).ConfigureAwait(false) : fault;
                    flight.Verdict = differs is { } bad ? Excepted(bad.Code) with { Fault = bad }
                        : digest is { } seen && seen != flight.SentDigest ? Excepted(FaultCode.UnexplainedDifference) with { TargetDigest = digest }
                        : Verified(flight, level, digest);
                }
            }
        }
        return true;
    }

    private async Task<(Fault? Fault, LedgerDigest? Digest)> LookAsync(EvidenceItem item, CancellationToken cancellationToken)
    {
        if (item.Fault is not null || level != EvidenceLevel.L4) return (item.Fault, null);
        if (item.Body is null) return (new Fault(FaultCode.UnreadableAtTarget), null);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            while (true)
            {
                var read = await item.Body.ReadAsync(cancellationToken).ConfigureAwait(false);
                foreach (var segment in read.Buffer) hash.AppendData(segment.Span);
                item.Body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) return (null, new LedgerDigest(hash.GetHashAndReset()));
            }
        }
        catch (Exception e) when (e is IOException or MigrationException and not TargetUnavailableException)
        {
            return (new Fault(FaultCode.UnreadableAtTarget), null);
        }
    }

    private static LedgerOutcome Verified(InFlight flight, EvidenceLevel level, LedgerDigest? digest) =>
        // "Stored, but not as it was sent" is no loss only where the content was looked at.
        level < EvidenceLevel.L3 && flight.Outcome!.Fault is { Code: FaultCode.StoredWithWarning } warning ? Excepted(warning.Code) with { Fault = warning }
            : new(InstanceState.Verified) { Evidence = level, TargetDigest = digest, Fault = flight.Outcome!.Fault ?? flight.Note };

    private static LedgerOutcome Excepted(FaultCode code) => new(InstanceState.Excepted) { Fault = new Fault(code) };
}
