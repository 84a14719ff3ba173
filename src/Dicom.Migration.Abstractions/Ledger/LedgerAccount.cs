namespace Dicom.Migration;

/// <summary>The account of a migration at one moment: every instance is in exactly one line.</summary>
/// <param name="Lines">Instances by state, fault code, rule and evidence level.</param>
/// <param name="Units">Units listed.</param>
/// <param name="UnitsPending">Units that are not complete.</param>
/// <param name="InstancesNotSeen">Instances that units were said to have and that are not on record.</param>
/// <param name="IsDiscoveryComplete">Whether the source has listed everything.</param>
public sealed record LedgerAccount(IReadOnlyList<LedgerAccountLine> Lines, long Units, long UnitsPending, long InstancesNotSeen, bool IsDiscoveryComplete)
{
    /// <summary>Instances on record.</summary>
    public long Discovered => Lines.Sum(static line => line.Instances);
    /// <summary>Instances in a terminal state.</summary>
    public long Done => Lines.Where(static line => InstanceTransitions.IsTerminal(line.State)).Sum(static line => line.Instances);
    /// <summary>Whether everything is listed, every unit complete, none missing, and the four terminal states add up to what was discovered.</summary>
    public bool IsClosed => IsDiscoveryComplete && UnitsPending == 0 && InstancesNotSeen == 0 && Done == Discovered;

    /// <summary>Instances in one state.</summary>
    /// <param name="state">The state.</param>
    public long Count(InstanceState state) => Lines.Where(line => line.State == state).Sum(static line => line.Instances);
    /// <summary>Instances with one fault code, in any state.</summary>
    /// <param name="fault">The code.</param>
    public long Count(FaultCode fault) => Lines.Where(line => line.Fault == fault).Sum(static line => line.Instances);
    /// <summary>Verified instances at one evidence level.</summary>
    /// <param name="level">The level.</param>
    public long Count(EvidenceLevel level) =>
        Lines.Where(line => line.State == InstanceState.Verified && line.Evidence == level).Sum(static line => line.Instances);
}
