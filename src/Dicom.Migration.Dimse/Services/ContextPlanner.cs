using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse;

/// <summary>Divides contexts among associations: one association has 128 at most (PS3.8 §9.3.2.2).</summary>
public static class ContextPlanner
{
    /// <summary>Divides contexts among as few associations as their order allows; those of one SOP class stay together if they fit.</summary>
    /// <param name="contexts">What has to be proposed; what is there twice is proposed once.</param>
    /// <param name="always">What each association proposes beside them, such as Verification.</param>
    public static IReadOnlyList<IReadOnlyList<ContextProposal>> Plan(IReadOnlyList<ContextProposal> contexts, params IReadOnlyList<ContextProposal> always)
    {
        ArgumentNullException.ThrowIfNull(contexts);
        ArgumentNullException.ThrowIfNull(always);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(always.Count, PduParser.MaxContexts, nameof(always));
        var plans = new List<List<ContextProposal>>();
        foreach (var group in contexts.GroupBy(c => c.AbstractSyntax, StringComparer.Ordinal))
        {
            var proposals = group.DistinctBy(c => string.Join('\\', c.TransferSyntaxes), StringComparer.Ordinal).ToList();
            foreach (var piece in proposals.Chunk(PduParser.MaxContexts - always.Count))
            {
                if (plans.Count == 0 || plans[^1].Count + piece.Length > PduParser.MaxContexts) plans.Add([.. always]);
                plans[^1].AddRange(piece);
            }
        }

        return plans;
    }
}
