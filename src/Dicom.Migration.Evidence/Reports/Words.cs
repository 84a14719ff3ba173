using System.Globalization;
using System.Reflection;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence;

/// <summary>What reports and stories call things.</summary>
internal static class Words
{
    public static string Version { get; } = typeof(Words).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static string Of(EvidenceLevel level) => level switch
    {
        EvidenceLevel.L0 => "The target said success. Proves nothing: it is the target's word alone.",
        EvidenceLevel.L1 => "A query lists the object. Proves that the target knows its UID, not that its content is whole.",
        EvidenceLevel.L2 => "The target committed to keep the object (PS3.4 annex J). Proves its promise, not its content.",
        EvidenceLevel.L3 => "The metadata was read back and compared. Proves the header, not the pixels.",
        EvidenceLevel.L4 => "The content was read back and its SHA-256 compared. Proves that every byte of the data set arrived.",
        _ => "Not known to this version.",
    };

    public static string Of(DifferenceClass difference) => difference switch
    {
        DifferenceClass.Equal => "The same bytes.",
        DifferenceClass.EncodingOnly => "The same content in the same transfer syntax, written in another way.",
        DifferenceClass.TransferSyntaxOnly => "The same content in another transfer syntax.",
        DifferenceClass.PlannedChange => "Changed, with the former values on record in Original Attributes Sequence.",
        DifferenceClass.ChangedByTarget => "Only attributes that are the target's own differ.",
        DifferenceClass.Unexplained => "Other content, and nothing explains it.",
        DifferenceClass.Missing => "The target does not hold it.",
        DifferenceClass.Unreadable => "The target cannot deliver it whole.",
        DifferenceClass.NotLocated => "The target holds several objects under its UID; which one it is, is not on record.",
        _ => "Not known to this version.",
    };

    public static string OfRule(string rule) => rule switch
    {
        "" => "Further rules, beyond the number that is told apart.",
        SourceFinding.NotDicom => "Files that show no sign of DICOM.",
        SourceFinding.EmptyFile => "Files of no bytes.",
        SourceFinding.ContradictedCount => "Studies whose archive gives a number of objects that its own list, and what it sends, contradict: it has fewer.",
        SourceFinding.MediaDirectory => "DICOMDIR files, which index instances and are none.",
        _ => "A rule of the plan.",
    };

    /// <summary>A UID that the standard registers, with its name; any other is the object's own text, shown only where UIDs are.</summary>
    public static (string Uid, string Name) OfUid(string uid, bool includeUids) =>
        uid.Length == 0 ? ("", "not known")
        : UidRegistry.TryGet(uid, out var entry) ? (uid, entry.Name)
        : (includeUids ? uid : "", "not registered by the standard");

    /// <summary>Lines by UID as they may be shown: those that are not, as one.</summary>
    public static IEnumerable<(string Uid, string Name, long Objects, long Bytes)> Show(IReadOnlyList<ReconciliationLine<string>> lines, bool includeUids) =>
        lines.GroupBy(l => OfUid(l.Key, includeUids)).Select(g => (g.Key.Uid, g.Key.Name, Objects: g.Sum(l => l.Objects), Bytes: g.Sum(l => l.Bytes))).OrderByDescending(l => l.Objects);

    /// <summary>An endpoint's kind, without its address.</summary>
    public static string Endpoint(string identity, bool includeLocators) =>
        includeLocators ? identity : identity.IndexOf(':', StringComparison.Ordinal) is var end and > 0 ? identity[..end] : "endpoint";

    public static string Size(long bytes) => bytes switch
    {
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        < 1_000_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e12:0.00} TB"),
    };
}
