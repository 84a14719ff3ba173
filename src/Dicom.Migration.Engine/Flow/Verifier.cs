using System.IO.Pipelines;
using System.Security.Cryptography;

namespace Dicom.Migration.Engine;

/// <summary>Asks the target for the highest evidence it can serve, and compares.</summary>
internal sealed class Verifier(IMigrationTarget target, EvidenceLevel wanted)
{
    public async Task VerifyAsync(IReadOnlyList<InFlight> stored, CancellationToken cancellationToken)
    {
        var level = target is IEvidenceTarget able ? able.Levels.Where(l => l <= wanted && l is EvidenceLevel.L1 or EvidenceLevel.L2 or EvidenceLevel.L4).DefaultIfEmpty(EvidenceLevel.L0).Max() : EvidenceLevel.L0;
        // The target's word alone verifies only where the host has asked for no more than that, by name.
        foreach (var flight in stored)
            flight.Verdict = level != EvidenceLevel.L0 ? Excepted(new Fault(FaultCode.MissingAtTarget), null)
                : wanted == EvidenceLevel.L0 ? Verified(EvidenceLevel.L0, null) : Excepted(new Fault(FaultCode.UnreadableAtTarget), null);
        if (level == EvidenceLevel.L0 || stored.Count == 0) return;
        // Equal copies of one object share a place: the same content answers for all of them.
        var byReference = stored.Where(f => f.Outcome!.Reference is not null).ToLookup(f => f.Outcome!.Reference!);
        await foreach (var item in ((IEvidenceTarget)target).CollectAsync(level, [.. byReference.Select(g => g.Key)], cancellationToken).ConfigureAwait(false))
        {
            await using (item.ConfigureAwait(false))
            {
                var (fault, digest) = await LookAsync(item, level, cancellationToken).ConfigureAwait(false);
                foreach (var flight in byReference[item.Reference]) // none if it was not asked for: no evidence of anything
                    flight.Verdict = fault is { } bad ? Excepted(bad, digest)
                        : digest is { } seen && seen != flight.Digest ? Excepted(new Fault(FaultCode.UnexplainedDifference), digest)
                        : Verified(level, digest) with { Fault = flight.Outcome!.Fault };
            }
        }
    }

    private static async Task<(Fault? Fault, LedgerDigest? Digest)> LookAsync(EvidenceItem item, EvidenceLevel level, CancellationToken cancellationToken)
    {
        if (item.Fault is not null || level != EvidenceLevel.L4) return (item.Fault, null);
        if (item.Body is null) return (new Fault(FaultCode.UnreadableAtTarget), null);
        try
        {
            return (null, await DigestAsync(item.Body, cancellationToken).ConfigureAwait(false));
        }
        catch (IOException)
        {
            return (new Fault(FaultCode.UnreadableAtTarget), null);
        }
    }

    private static async Task<LedgerDigest> DigestAsync(PipeReader body, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            foreach (var segment in read.Buffer) hash.AppendData(segment.Span);
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return new LedgerDigest(hash.GetHashAndReset());
        }
    }

    private static LedgerOutcome Verified(EvidenceLevel level, LedgerDigest? digest) => new(InstanceState.Verified) { Evidence = level, TargetDigest = digest };

    private static LedgerOutcome Excepted(Fault fault, LedgerDigest? digest) => new(InstanceState.Excepted) { Fault = fault, TargetDigest = digest };
}
