namespace Dicom.Migration;

/// <summary>One instance as the ledger has it now.</summary>
/// <param name="Number">Its number in this ledger.</param>
/// <param name="Identity">What the source said of it.</param>
/// <param name="Current">Its state, and what is known with it.</param>
/// <param name="Attempts">How often it entered Sending.</param>
public sealed record LedgerInstance(long Number, LedgerDiscovery Identity, LedgerOutcome Current, int Attempts);

/// <summary>One state change of an instance.</summary>
/// <param name="Step">0 for the discovery, then 1, 2, ...</param>
/// <param name="At">When it was recorded, by the wall clock; the order is that of the steps.</param>
/// <param name="Epoch">Epoch of the lease that it was recorded under.</param>
/// <param name="State">The state entered.</param>
/// <param name="Fault">What went wrong, if anything did.</param>
/// <param name="Rule">The rule that decided, if one did.</param>
/// <param name="Evidence">The level reached with it, if one was.</param>
public sealed record LedgerStep(int Step, DateTimeOffset At, long Epoch, InstanceState State, Fault? Fault, string? Rule, EvidenceLevel? Evidence);

/// <summary>Which instances to read, in the order of their numbers.</summary>
public sealed record LedgerQuery
{
    /// <summary>Only instances with a larger number.</summary>
    public long AfterNumber { get; init; }
    /// <summary>Only instances in this state.</summary>
    public InstanceState? State { get; init; }
    /// <summary>Only instances of this unit.</summary>
    public string? UnitKey { get; init; }
    /// <summary>Only instances with this fault.</summary>
    public FaultCode? Fault { get; init; }
    /// <summary>At most so many; <see langword="null"/> for all.</summary>
    public int? Limit { get; init; }
}

/// <summary>One line of the account: all instances that are alike.</summary>
/// <param name="State">Their state.</param>
/// <param name="Fault">Their fault code, or None.</param>
/// <param name="Rule">The rule that decided, if one did.</param>
/// <param name="Evidence">Their evidence level, if they have one.</param>
/// <param name="Instances">How many they are; more than 0.</param>
public sealed record LedgerAccountLine(InstanceState State, FaultCode Fault, string? Rule, EvidenceLevel? Evidence, long Instances);
