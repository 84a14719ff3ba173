using System.Collections.Concurrent;

namespace Dicom.Migration.Dimse;

/// <summary>The SOP classes and transfer syntaxes that have come by so far, in their order: what the next association proposes.</summary>
internal sealed class StoreContexts
{
    private static readonly ContextProposal Echo = new(Keys.Verification, ["1.2.840.10008.1.2"]);
    private readonly ConcurrentDictionary<(string SopClass, string Syntax), int> _seen = new();
    private readonly ConcurrentDictionary<(string SopClass, string Syntax), bool> _apart = new(); // and whether the archive takes them at all
    private int _last;

    /// <summary>Whether a kind of object is kept in mind.</summary>
    public bool Has(string sopClassUid, string transferSyntaxUid) => _seen.ContainsKey((sopClassUid, transferSyntaxUid));

    /// <summary>Keeps a kind of object in mind: the archive has taken an association that proposes it. Whether it takes objects of that kind is another question.</summary>
    public void Add(string sopClassUid, string transferSyntaxUid) => _seen.TryAdd((sopClassUid, transferSyntaxUid), Interlocked.Increment(ref _last));

    /// <summary>An archive takes no association that has a kind in it: it is proposed with no other again.</summary>
    /// <param name="sopClassUid">The SOP class.</param> <param name="transferSyntaxUid">The transfer syntax.</param> <param name="isTakenAlone">Whether the archive takes it alone.</param>
    public void SetApart(string sopClassUid, string transferSyntaxUid, bool isTakenAlone) => _apart[(sopClassUid, transferSyntaxUid)] = isTakenAlone;

    /// <summary>Whether a kind is proposed with others: <see langword="null"/>; alone; or not at all.</summary>
    public bool? IsTakenAlone(string sopClassUid, string transferSyntaxUid) => _apart.TryGetValue((sopClassUid, transferSyntaxUid), out var isTakenAlone) ? isTakenAlone : null;

    /// <summary>What to propose: one context for each kind, among them the one that is needed now.</summary>
    /// <param name="sopClassUid">What is needed now; <see langword="null"/> for nothing.</param> <param name="transferSyntaxUids">The same; known already or not.</param>
    public IReadOnlyList<ContextProposal> Plan(string? sopClassUid, params IEnumerable<string> transferSyntaxUids)
    {
        var kinds = _seen.ToArray().OrderBy(static k => k.Value).Select(static k => new ContextProposal(k.Key.SopClass, [k.Key.Syntax]));
        if (sopClassUid is not null) kinds = kinds.Concat(transferSyntaxUids.Select(s => new ContextProposal(sopClassUid, [s])));
        var plans = ContextPlanner.Plan([.. kinds], Echo);
        return plans.FirstOrDefault(p => p.Any(c => string.Equals(c.AbstractSyntax, sopClassUid, StringComparison.Ordinal))) ?? (plans.Count > 0 ? plans[0] : [Echo]);
    }

    /// <summary>One kind, and nothing that could be mistaken for the cause.</summary>
    public static IReadOnlyList<ContextProposal> Alone(string sopClassUid, string transferSyntaxUid) => [new(sopClassUid, [transferSyntaxUid])];
}
