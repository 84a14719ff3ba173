namespace Dicom.Migration;

/// <summary>What is appended at once: all of it becomes durable, or none. Applied in the order units, discoveries, changes, cursor.</summary>
public sealed record LedgerBatch
{
    /// <summary>Units that were listed. One on record already keeps its place; its expected number and its stamp are brought up to date. One that an earlier
    /// holder of the ledger has completed, and that is listed with others now, is pending again; one that this holder completes keeps those with which
    /// it was handed out, so that a later listing tells whether it has changed meanwhile.</summary>
    public IReadOnlyList<LedgerUnit> Units { get; init; } = [];
    /// <summary>Instances that were listed. One on record already is left as it is.</summary>
    public IReadOnlyList<LedgerDiscovery> Discoveries { get; init; } = [];
    /// <summary>State changes.</summary>
    public IReadOnlyList<LedgerChange> Changes { get; init; } = [];
    /// <summary>Where discovery got to; <see langword="null"/> leaves it.</summary>
    public string? DiscoveryCursor { get; init; }
    /// <summary>Whether the source has listed everything; <see langword="null"/> leaves it.</summary>
    public bool? IsDiscoveryComplete { get; init; }
}

/// <summary>What a ledger made of one discovery.</summary>
/// <param name="Number">The instance's number; stays for good.</param>
/// <param name="State">The state it is in after the batch's discoveries.</param>
/// <param name="IsNew">Whether it was not on record before.</param>
public readonly record struct LedgerEntry(long Number, InstanceState State, bool IsNew)
{
    /// <summary>Whether another content was to be sent before under the same SOP Instance UID, whatever has become of it.</summary>
    public bool HasRival { get; init; }
    /// <summary>What it is an exception for, if it was one before.</summary>
    public Fault? Fault { get; init; }
    /// <summary>Whether nothing is left to do for it: it is at its end, and not for a reason that may have passed.</summary>
    public bool IsOver => InstanceTransitions.IsTerminal(State) && Fault is not { IsWorthAnotherRun: true };
}

/// <summary>Says that a batch is durable.</summary>
/// <param name="Entries">One for each discovery, in the batch's order.</param>
public sealed record LedgerReceipt(IReadOnlyList<LedgerEntry> Entries);

/// <summary>The right to write. A later lease has a larger epoch, and ends all earlier ones.</summary>
/// <param name="Epoch">The fencing epoch, checked in every write.</param>
/// <param name="Holder">Who holds it.</param>
/// <param name="ExpiresAt">When another may take it.</param>
public sealed record LedgerLease(long Epoch, string Holder, DateTimeOffset ExpiresAt);
