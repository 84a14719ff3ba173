using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence;

/// <summary>Reads the Verified objects of a ledger from the target again, and compares them with what was on record. Changes nothing.</summary>
public sealed class TargetAudit
{
    private readonly ILedgerReader _ledger;
    private readonly IEvidenceTarget _target;
    private readonly IMigrationSource? _source;
    private readonly AuditOptions _options;

    /// <summary>Makes an audit.</summary>
    /// <param name="ledger">What has to be there.</param>
    /// <param name="target">Where it has to be; must show content (<see cref="EvidenceLevel.L4"/>).</param>
    /// <param name="options">All objects, or a sample.</param>
    /// <param name="source">Read where an object differs, to say how; <see langword="null"/> if it is not at hand.</param>
    /// <exception cref="EvidenceException">The target cannot show content, or an option is out of its range.</exception>
    public TargetAudit(ILedgerReader ledger, IEvidenceTarget target, AuditOptions? options = null, IMigrationSource? source = null)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(target);
        (_ledger, _target, _source, _options) = (ledger, target, source, options ?? new AuditOptions());
        if (_options.Sample is < 1 or > 10_000_000) throw Invalid("A sample is 1 to 10,000,000 objects.");
        if (_options is { Sample: null, Seed: not null }) throw Invalid("A seed draws a sample: say how many objects, too.");
        if (_options.BatchLength is < 1 or > 10_000) throw Invalid("A batch is 1 to 10,000 objects.");
        if (!target.Levels.Contains(EvidenceLevel.L4)) throw Invalid("The target does not show the content of its objects; only a target that serves L4 can be audited.");
        Seed = _options.Sample is null ? null : _options.Seed ?? Random.Shared.Next();
    }

    /// <summary>What the draw of a sample begins with; <see langword="null"/> if all objects are read.</summary>
    public int? Seed { get; }

    /// <summary>Reads and compares, one finding for each object, in the order of their numbers.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TargetUnavailableException">The target cannot be reached.</exception>
    public async IAsyncEnumerable<AuditFinding> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var classifier = new DifferenceClassifier(_options.Differences);
        var batch = new List<LedgerInstance>(_options.BatchLength);
        await foreach (var instance in SelectAsync(cancellationToken).ConfigureAwait(false))
        {
            batch.Add(instance);
            if (batch.Count < _options.BatchLength) continue;
            foreach (var finding in await LookAsync(batch, classifier, cancellationToken).ConfigureAwait(false)) yield return finding;
            batch.Clear();
        }
        foreach (var finding in await LookAsync(batch, classifier, cancellationToken).ConfigureAwait(false)) yield return finding;
    }

    private async IAsyncEnumerable<LedgerInstance> SelectAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var all = _ledger.ReadInstancesAsync(new LedgerQuery { State = InstanceState.Verified }, cancellationToken);
        if (Seed is not { } seed)
        {
            await foreach (var instance in all.ConfigureAwait(false)) yield return instance;
            yield break;
        }
        // Each of n objects seen so far is in the sample with the same probability (Vitter 1985, algorithm R).
        var (sample, seen, random) = (new List<LedgerInstance>(), 0L, new Random(seed));
        await foreach (var instance in all.ConfigureAwait(false))
        {
            if (sample.Count < _options.Sample) sample.Add(instance);
            else if (random.NextInt64(seen + 1) is var place && place < sample.Count) sample[(int)place] = instance;
            seen++;
        }
        foreach (var instance in sample.OrderBy(i => i.Number)) yield return instance;
    }

    private async Task<IReadOnlyList<AuditFinding>> LookAsync(List<LedgerInstance> batch, DifferenceClassifier classifier, CancellationToken cancellationToken)
    {
        // What the target does not answer for is missing. Equal copies share a place: one answer is for all of them.
        var findings = batch.ToDictionary(i => i.Number, i => new AuditFinding(i.Number, new Difference(DifferenceClass.Missing, []), 0));
        var byReference = batch.ToLookup(ReferenceOf);
        var differing = new List<LedgerInstance>();
        await foreach (var item in _target.CollectAsync(EvidenceLevel.L4, [.. byReference.Select(g => g.Key)], cancellationToken).ConfigureAwait(false))
        {
            await using (item.ConfigureAwait(false))
            {
                var (fault, digest, bytes) = await ReadBodyAsync(item, cancellationToken).ConfigureAwait(false);
                foreach (var instance in byReference[item.Reference])
                {
                    var same = digest is { } seen && seen == Expected(instance) && (item.TransferSyntax is not { } syntax || syntax.Uid == instance.Identity.TransferSyntaxUid);
                    var found = fault switch { FaultCode.MissingAtTarget => DifferenceClass.Missing, not null => DifferenceClass.Unreadable, _ => DifferenceClass.Equal };
                    findings[instance.Number] = new AuditFinding(instance.Number, new Difference(found, []), bytes);
                    if (fault is null && !same) differing.Add(instance);
                }
            }
        }
        foreach (var instance in differing)
            findings[instance.Number] = findings[instance.Number] with { Difference = await ClassifyAsync(instance, classifier, cancellationToken).ConfigureAwait(false) };
        return [.. batch.Select(i => findings[i.Number])];
    }

    private static async Task<(FaultCode? Fault, LedgerDigest? Digest, long Bytes)> ReadBodyAsync(EvidenceItem item, CancellationToken cancellationToken)
    {
        if (item.Fault is { } fault) return (fault.Code, null, 0);
        if (item.Body is null) return (FaultCode.UnreadableAtTarget, null, 0);
        try
        {
            using var body = new DigestedBody(item.Body);
            var digest = await body.FinishAsync(cancellationToken).ConfigureAwait(false);
            return (null, digest, body.Count);
        }
        catch (Exception e) when (e is IOException or (MigrationException and not TargetUnavailableException))
        {
            return (FaultCode.UnreadableAtTarget, null, 0);
        }
    }

    private async Task<Difference> ClassifyAsync(LedgerInstance instance, DifferenceClassifier classifier, CancellationToken cancellationToken)
    {
        if (instance.Current is { Fault.Code: FaultCode.UidConflict, TargetLocation: null }) return new Difference(DifferenceClass.NotLocated, []);
        var unexplained = new Difference(DifferenceClass.Unexplained, []);
        if (_source is null || instance.Current.SourceDigest is not { } digest) return unexplained;
        if (await _ledger.FindUnitAsync(instance.Identity.UnitKey, cancellationToken).ConfigureAwait(false) is not { } unit) return unexplained;
        return await SourceBody.LendAsync(_source, new SourceUnit(unit.Key, (SourceUnitKind)unit.Kind) { Instances = unit.ExpectedInstances }, digest, async (sent, sentSyntax) =>
        {
            await foreach (var item in _target.CollectAsync(EvidenceLevel.L4, [ReferenceOf(instance)], cancellationToken).ConfigureAwait(false))
            {
                await using (item.ConfigureAwait(false))
                {
                    if (item.Body is not null)
                        return await classifier.ClassifyAsync(sent, sentSyntax, item.Body, item.TransferSyntax ?? sentSyntax, cancellationToken).ConfigureAwait(false);
                }
            }
            return new Difference(DifferenceClass.Unreadable, []); // it was there a moment ago
        }, cancellationToken).ConfigureAwait(false) ?? unexplained;
    }

    private static LedgerDigest? Expected(LedgerInstance instance) => instance.Current.TargetDigest ?? instance.Current.SentDigest ?? instance.Current.SourceDigest;

    private static StoredReference ReferenceOf(LedgerInstance instance) => new(instance.Identity.StudyInstanceUid ?? "", instance.Identity.SeriesInstanceUid ?? "",
        instance.Identity.SopClassUid ?? "", instance.Identity.SopInstanceUid, instance.Current.TargetLocation);

    private static EvidenceException Invalid(string detail) => new(new Fault(FaultCode.InvalidConfiguration), detail);
}
