using System.Collections.Concurrent;

namespace Dicom.Migration.Dimse;

/// <summary>The SOP classes and transfer syntaxes that have come by so far, in their order: what the next association proposes.</summary>
internal sealed class StoreContexts
{
    private static readonly ContextProposal Echo = new(Keys.Verification, ["1.2.840.10008.1.2"]);
    private readonly ConcurrentDictionary<(string SopClass, string Syntax), int> _seen = new();

    /// <summary>Keeps a kind of object in mind.</summary>
    public void Add(string sopClassUid, string transferSyntaxUid) => _seen.TryAdd((sopClassUid, transferSyntaxUid), _seen.Count);

    /// <summary>What to propose: one context for each kind, among them the one that is needed now.</summary>
    public IReadOnlyList<ContextProposal> Plan(string? sopClassUid)
    {
        var kinds = _seen.ToArray().OrderBy(static k => k.Value).Select(static k => new ContextProposal(k.Key.SopClass, [k.Key.Syntax]));
        var plans = ContextPlanner.Plan([.. kinds], Echo);
        return plans.FirstOrDefault(p => p.Any(c => string.Equals(c.AbstractSyntax, sopClassUid, StringComparison.Ordinal))) ?? (plans.Count > 0 ? plans[0] : [Echo]);
    }
}
