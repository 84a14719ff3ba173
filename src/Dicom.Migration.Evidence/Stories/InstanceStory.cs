using System.Globalization;

namespace Dicom.Migration.Evidence;

/// <summary>The whole life of one object in plain words.</summary>
public static class InstanceStory
{
    /// <summary>Finds objects by what people have at hand: a number of the ledger, from a report, or a SOP Instance UID.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="text">Digits alone are a number; anything else is a UID.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The objects; none, or several that share a UID.</returns>
    public static async Task<IReadOnlyList<LedgerInstance>> FindAsync(ILedgerReader ledger, string text, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return await ledger.FindAsync(text, cancellationToken).ConfigureAwait(false);
        await foreach (var instance in ledger.ReadInstancesAsync(new LedgerQuery { AfterNumber = number - 1, Limit = 1 }, cancellationToken).ConfigureAwait(false))
            if (instance.Number == number) return [instance];
        return [];
    }

    /// <summary>Tells the life of one object, a sentence a line. Holds its locator and UID: for the operator's screen, not for logs.</summary>
    /// <param name="ledger">The ledger.</param>
    /// <param name="instance">The object.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IReadOnlyList<string>> TellAsync(ILedgerReader ledger, LedgerInstance instance, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        ArgumentNullException.ThrowIfNull(instance);
        var (identity, now) = (instance.Identity, instance.Current);
        var lines = new List<string> { Line($"Object {instance.Number}, from {identity.UnitKey}{(identity.Place is { } place ? $", at {place}" : "")}{(identity.Copy > 0 ? $", copy {identity.Copy}" : "")}.") };
        lines.Add(identity.SopInstanceUid.Length == 0 ? "It has no SOP Instance UID." : Line($"SOP Instance UID {identity.SopInstanceUid}, {Words.OfUid(identity.SopClassUid ?? "", true).Name}, {Words.OfUid(identity.TransferSyntaxUid ?? "", true).Name}."));
        if (now.Length is { } length) lines.Add(Line($"Its data set has {length:N0} bytes."));
        foreach (var step in await ledger.ReadHistoryAsync(instance.Number, cancellationToken).ConfigureAwait(false)) lines.Add(Line($"  {step.At:u}  {Tell(step)}"));
        if (now.SourceDigest is { } source) lines.Add(Line($"SHA-256 of the data set at the source: {source}"));
        if (now.SentDigest is { } sent && now.SentDigest != now.SourceDigest) lines.Add(Line($"SHA-256 of the data set as sent:       {sent}"));
        if (now.TargetDigest is { } target) lines.Add(Line($"SHA-256 of the data set at the target: {target}{(target == (now.SentDigest ?? now.SourceDigest) ? ", the same as was sent" : ", other than was sent")}"));
        return lines;
    }

    private static string Tell(LedgerStep step) => step.State switch
    {
        InstanceState.Discovered => "It was found at the source.",
        InstanceState.Sending => "It was about to be sent.",
        InstanceState.Acknowledged => "The target said success.",
        InstanceState.Unknown => "Whether the target has it was not known.",
        InstanceState.Verified when step.Evidence is { } level => Line($"Verified at level {level}. {Words.Of(level)}"),
        InstanceState.Excluded => Line($"Left out by the rule {step.Rule}. {Words.OfRule(step.Rule ?? "")}"),
        InstanceState.Excepted => "It became an exception.",
        InstanceState.Superseded => "Another version or copy of it was moved in its place.",
        _ => step.State.ToString(),
    } + (step.Fault is { } fault ? Line($" {fault}: {FaultCatalogue.Of(fault.Code).Meaning} {FaultCatalogue.Of(fault.Code).Remedy}") : "");

    private static string Line(FormattableString text) => FormattableString.Invariant(text);
}
