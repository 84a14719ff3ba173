using Dicom.Migration.DataSets;

namespace Dicom.Migration;

/// <summary>What a rule says about one instance.</summary>
public abstract record RuleVerdict
{
    private RuleVerdict() { }

    /// <summary>It goes on as it is.</summary>
    public static RuleVerdict Accept { get; } = new Accepted();
    /// <summary>It is left out, and counted as such.</summary>
    /// <param name="ruleId">The rule that leaves it out.</param>
    public static RuleVerdict Exclude(string ruleId)
    {
        ArgumentException.ThrowIfNullOrEmpty(ruleId);
        return new Excluded(ruleId);
    }
    /// <summary>It goes on with changes.</summary>
    /// <param name="patches">One element at most once; applied together, on the object's own encoding.</param>
    public static RuleVerdict Change(IReadOnlyList<ElementPatch> patches)
    {
        ArgumentNullException.ThrowIfNull(patches);
        return patches.Count == 0 ? Accept : new Changed(patches);
    }

    /// <summary>It goes on as it is.</summary>
    public sealed record Accepted : RuleVerdict;
    /// <summary>It is left out.</summary>
    /// <param name="RuleId">The rule that leaves it out.</param>
    public sealed record Excluded(string RuleId) : RuleVerdict;
    /// <summary>It goes on with changes.</summary>
    /// <param name="Patches">What is changed.</param>
    public sealed record Changed(IReadOnlyList<ElementPatch> Patches) : RuleVerdict;
}
