using System.Collections.Frozen;
using System.Globalization;

namespace Dicom.Migration.Evidence;

/// <summary>What each fault code means and what to do about it: the table of docs/faults.md, which is in this package word for word.</summary>
public static class FaultCatalogue
{
    private static readonly FrozenDictionary<int, FaultEntry> Entries = Read().ToFrozenDictionary(e => (int)e.Code);

    /// <summary>The entry of a code; one that a newer version wrote has no words of its own.</summary>
    /// <param name="code">The code.</param>
    public static FaultEntry Of(FaultCode code) => Entries.GetValueOrDefault((int)code) ?? new FaultEntry(code, "Not known to this version.", "Read the report with the version that wrote the ledger.");

    private static IEnumerable<FaultEntry> Read()
    {
        using var page = new StreamReader(typeof(FaultCatalogue).Assembly.GetManifestResourceStream("faults.md")!);
        while (page.ReadLine() is { } line)
            if (line.Split('|', StringSplitOptions.TrimEntries) is [_, var number, _, var meaning, _, var remedy, _] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var code))
                yield return new FaultEntry((FaultCode)code, meaning, remedy.Replace("`", "", StringComparison.Ordinal));
    }
}

/// <summary>One fault code in words.</summary>
/// <param name="Code">The code.</param>
/// <param name="Meaning">What went wrong.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record FaultEntry(FaultCode Code, string Meaning, string Remedy);
