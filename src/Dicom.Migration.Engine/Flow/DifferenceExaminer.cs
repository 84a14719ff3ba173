using System.IO.Compression;
using System.IO.Pipelines;
using Dicom.Migration.DataSets;
using Polly;

namespace Dicom.Migration.Engine;

/// <summary>Looks closer at objects that came back with other bytes: the same content in another encoding (D2) is no loss. Reads the source again, as this is rare.</summary>
internal sealed class DifferenceExaminer(IMigrationSource source, IMigrationTarget target, Intake intake, MigrationRunOptions options, TimeProvider time) : IDisposable
{
    private readonly ResiliencePipeline<bool> _retry = RetryPolicy.ForFailures<bool>(options, time);
    private readonly CanonicalDigest _digest = new(DataElementDictionary.VrOf);

    /// <summary>Gives those whose content is the same another verdict: Verified, with <see cref="FaultCode.EncodingDiffers"/> as a note.</summary>
    /// <exception cref="SourceUnavailableException">The source is away, and stayed so; a later run asks for the verdict again, for as many times as it may.</exception>
    public async Task ExamineAsync(IReadOnlyList<InFlight> different, CancellationToken cancellationToken)
    {
        foreach (var unit in different.GroupBy(static f => f.Unit))
        {
            try
            {
                await _retry.ExecuteAsync(async token =>
                {
                    await ExamineUnitAsync(unit.Key.Afresh(), [.. unit], token).ConfigureAwait(false);
                    return true;
                }, cancellationToken).ConfigureAwait(false);
            }
            catch (SourceUnavailableException e) when (e.Fault.IsTransient && unit.Key.Attempt <= options.Attempts)
            {
                throw; // no verdict yet
            }
            catch (TargetUnavailableException e) when (e.Fault.IsTransient)
            {
                // Not looked at, so not different for certain: the exception is one that another run takes up.
                foreach (var flight in unit.Where(static f => f.Verdict is { State: not InstanceState.Verified })) flight.Verdict = flight.Verdict! with { Fault = e.Fault };
            }
            catch (Exception e) when (e is IOException or MigrationException and not (LedgerException or EngineException))
            {
                // It cannot be read again: the difference stays unexplained.
            }
        }
    }

    public void Dispose() => _digest.Dispose();

    private async Task ExamineUnitAsync(UnitInHand unit, List<InFlight> different, CancellationToken cancellationToken)
    {
        await foreach (var item in source.ReadAsync(unit.ToSource(), cancellationToken).ConfigureAwait(false))
        {
            await using (item.ConfigureAwait(false))
            {
                using var again = await intake.TakeAsync(unit, item, cancellationToken).ConfigureAwait(false);
                if (again?.Body is null || different.Find(f => f.Discovery.Copy == again.Discovery.Copy && f.Discovery.SopInstanceUid == again.Discovery.SopInstanceUid) is not { } flight) continue;
                if (again.GivenDigest != flight.GivenDigest) continue; // the source has changed since
                if (await OfSentAsync(again, cancellationToken).ConfigureAwait(false) is not { } sent || await OfHeldAsync(flight, cancellationToken).ConfigureAwait(false) is not { } held) continue;
                if (sent == held)
                    flight.Verdict = new LedgerOutcome(InstanceState.Verified) { Evidence = EvidenceLevel.L4, TargetDigest = flight.Verdict!.TargetDigest, Fault = new Fault(FaultCode.EncodingDiffers) };
                if (different.TrueForAll(static f => f.Verdict!.State == InstanceState.Verified)) return;
            }
        }
    }

    private async Task<LedgerDigest?> OfSentAsync(InFlight again, CancellationToken cancellationToken)
    {
        var body = again.Body!.OpenBody();
        var digest = await DigestAsync(body, again.Syntax, cancellationToken).ConfigureAwait(false);
        await body.CompleteAsync().ConfigureAwait(false);
        return digest;
    }

    private async Task<LedgerDigest?> OfHeldAsync(InFlight flight, CancellationToken cancellationToken)
    {
        LedgerDigest? digest = null; // read to its end: an archive takes what is broken off for a failure
        await foreach (var item in ((IEvidenceTarget)target).CollectAsync(EvidenceLevel.L4, [flight.Outcome!.Reference!], cancellationToken).ConfigureAwait(false))
        {
            await using (item.ConfigureAwait(false))
                if (item is { Body: { } body, TransferSyntax: { } syntax } && item.Reference == flight.Outcome.Reference)
                    digest = await DigestAsync(body, syntax, cancellationToken).ConfigureAwait(false);
        }
        return digest;
    }

    private async Task<LedgerDigest?> DigestAsync(PipeReader body, TransferSyntax syntax, CancellationToken cancellationToken)
    {
        var bytes = body.AsStream(leaveOpen: true);
        await using var opened = bytes.ConfigureAwait(false);
        var inflating = syntax.IsDeflated ? new DeflateStream(bytes, CompressionMode.Decompress, leaveOpen: true) : bytes;
        await using var inflated = inflating.ConfigureAwait(false);
        var (buffer, held) = (new byte[128 * 1024], 0);
        _digest.Reset(syntax.IsDeflated ? TransferSyntax.ExplicitVrLittleEndian : syntax);
        try
        {
            while (true)
            {
                var read = await inflating.ReadAsync(buffer.AsMemory(held), cancellationToken).ConfigureAwait(false);
                held += read;
                var consumed = _digest.Append(buffer.AsSpan(0, held), isFinal: read == 0);
                buffer.AsSpan(consumed, held - consumed).CopyTo(buffer);
                held -= consumed;
                if (read == 0) return new LedgerDigest(_digest.Finish());
            }
        }
        catch (Exception e) when (e is DicomFormatException or InvalidDataException)
        {
            return null;
        }
    }
}
