using static Dicom.Migration.InstanceState;

namespace Dicom.Migration;

/// <summary>Which state may follow which, as one table.</summary>
/// <remarks>
/// Every instance begins as <see cref="Discovered"/>. A state may follow itself where a new attempt or newer evidence is recorded.
/// Terminal states can be reopened where that is somebody's decision or a later check's finding; the history keeps what was.
/// </remarks>
public static class InstanceTransitions
{
    private static readonly ushort[] Next = // indexed by the state it is in; a bit for each state that may follow
    [
        /* Discovered   */ Bits(Sending, Verified, Excluded, Excepted, Superseded), // Verified: the target had it already
        /* Sending      */ Bits(Sending, Acknowledged, Unknown, Excepted, Superseded),
        /* Acknowledged */ Bits(Sending, Unknown, Verified, Excepted, Superseded),
        /* Unknown      */ Bits(Sending, Acknowledged, Unknown, Verified, Excepted, Superseded),
        /* Verified     */ Bits(Unknown, Verified, Excepted, Superseded), // a later check may raise the level, or miss it
        /* Excluded     */ Bits(Discovered, Superseded), // the rule was withdrawn
        /* Excepted     */ Bits(Discovered, Sending, Unknown, Verified, Excluded, Excepted, Superseded),
        /* Superseded   */ Bits(Discovered), // what replaced it is gone
    ];

    /// <summary>The states in which an instance counts as done; a run is closed when all its instances are in one of them.</summary>
    public static IReadOnlyList<InstanceState> Terminal { get; } = [Verified, Excluded, Excepted, Superseded];

    /// <summary>Whether an instance in this state counts as done.</summary>
    /// <param name="state">The state it is in.</param>
    public static bool IsTerminal(InstanceState state) => state is Verified or Excluded or Excepted or Superseded;

    /// <summary>Whether the second state may follow the first.</summary>
    /// <param name="from">The state it is in.</param>
    /// <param name="to">The state it would be in.</param>
    public static bool IsLegal(InstanceState from, InstanceState to) =>
        (uint)from < (uint)Next.Length && (uint)to < (uint)Next.Length && (Next[(int)from] >> (int)to & 1) != 0;

    private static ushort Bits(params ReadOnlySpan<InstanceState> states)
    {
        var bits = 0;
        foreach (var state in states) bits |= 1 << (int)state;
        return (ushort)bits;
    }
}
