namespace Dicom.Migration.Evidence;

/// <summary>What was discovered against what became of it, counted twice: by the ledger's own counters, and by reading every object.</summary>
public sealed record Reconciliation
{
    internal Reconciliation() { }

    /// <summary>What the ledger says of itself.</summary>
    public required LedgerHeader Header { get; init; }
    /// <summary>The ledger's own counters, read after the objects.</summary>
    public required LedgerAccount Account { get; init; }
    /// <summary>When the first object was found, or <see langword="null"/> if there is none.</summary>
    public DateTimeOffset? FirstFoundAt { get; init; }
    /// <summary>The last change of the object found last, or <see langword="null"/> if there is none.</summary>
    public DateTimeOffset? LastChangeAt { get; init; }
    /// <summary>Objects by state.</summary>
    public required IReadOnlyList<ReconciliationLine<InstanceState>> ByState { get; init; }
    /// <summary>Verified objects by evidence level.</summary>
    public required IReadOnlyList<ReconciliationLine<EvidenceLevel>> ByEvidence { get; init; }
    /// <summary>Excepted objects by fault code.</summary>
    public required IReadOnlyList<ReconciliationLine<FaultCode>> ByFault { get; init; }
    /// <summary>Verified objects with something to look at, by fault code.</summary>
    public required IReadOnlyList<ReconciliationLine<FaultCode>> Remarks { get; init; }
    /// <summary>Excluded objects by rule; an empty rule stands for those beyond the limit of names.</summary>
    public required IReadOnlyList<ReconciliationLine<string>> ByRule { get; init; }
    /// <summary>All objects by SOP Class UID as the objects have it; empty where it is not known, or beyond the limit of names.</summary>
    public required IReadOnlyList<ReconciliationLine<string>> BySopClass { get; init; }
    /// <summary>All objects by Transfer Syntax UID; empty where it is not known, or beyond the limit of names.</summary>
    public required IReadOnlyList<ReconciliationLine<string>> ByTransferSyntax { get; init; }

    /// <summary>Objects that were read.</summary>
    public long Discovered => ByState.Sum(static line => line.Objects);
    /// <summary>Bytes of all objects whose sizes are known.</summary>
    public long Bytes => ByState.Sum(static line => line.Bytes);
    /// <summary>Objects that are in none of the four terminal states: by so many the account is open.</summary>
    public long Open => Discovered - InstanceTransitions.Terminal.Sum(Count);
    /// <summary>Whether both ways of counting give the same. They may not while a run goes on; if none does, the ledger is damaged.</summary>
    public bool Agrees => Enum.GetValues<InstanceState>().All(state => Count(state) == Account.Count(state));
    /// <summary>Whether everything is listed and read, and Verified + Excluded + Excepted + Superseded is what was discovered.</summary>
    public bool IsClosed => Account.IsClosed && Agrees && Open == 0;
    /// <summary>What it comes to.</summary>
    public Verdict Verdict => !IsClosed ? Verdict.NotClosed : Count(InstanceState.Excepted) > 0 ? Verdict.ClosedWithExceptions : Verdict.Closed;

    /// <summary>Objects in one state.</summary>
    /// <param name="state">The state.</param>
    public long Count(InstanceState state) => ByState.FirstOrDefault(line => line.Key == state)?.Objects ?? 0;

    /// <summary>Reads every object of a ledger.</summary>
    /// <param name="ledger">The ledger; a run may go on meanwhile.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Reconciliation> ReadAsync(ILedgerReader ledger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        var builder = new ReconciliationBuilder();
        await foreach (var instance in ledger.ReadInstancesAsync(new LedgerQuery(), cancellationToken).ConfigureAwait(false)) builder.Add(instance);
        return await builder.FinishAsync(ledger, cancellationToken).ConfigureAwait(false);
    }
}
