using System.Text;

namespace Dicom.Migration.Evidence;

/// <summary>The report for people: one file that opens from disk, without network and script; printable, and readable by screen readers.</summary>
internal static class HtmlReport
{
    public static async Task WriteAsync(Stream stream, ReportContent content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var style = new StreamReader(typeof(HtmlReport).Assembly.GetManifestResourceStream("report.css")!);
        var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        await using (writer.ConfigureAwait(false))
        {
            writer.NewLine = "\n";
            var html = new HtmlText(writer);
            html.Put($"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
            html.Put($"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>Migration report</title><style>");
            await writer.WriteAsync(await style.ReadToEndAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            html.Put($"</style></head><body>");
            Head(html, content);
            html.Put($"<main>");
            Account(html, content.Sums);
            Levels(html, content.Sums);
            HtmlExceptions.Write(html, content);
            Exclusions(html, content.Sums);
            Differences(html, content);
            Breakdown(html, "classes", "SOP classes", "All objects by SOP class, the most frequent first.", content.Sums.BySopClass, content.Options);
            Breakdown(html, "syntaxes", "Transfer syntaxes", "All objects by the transfer syntax they have at the source.", content.Sums.ByTransferSyntax, content.Options);
            Times(html, content);
            Method(html);
            html.Put($"</main><footer><p>Written by Dicom.Migration {Words.Version} at {content.WrittenAt:u}. This page holds no patient data{(content.Options.IncludeUids || content.Options.IncludeLocators ? " beyond the identifiers or locators that were asked for: keep it as you keep the archive" : "")}.</p></footer></body></html>");
        }
    }

    private static void Head(HtmlText html, ReportContent content)
    {
        var (sums, audit) = (content.Sums, content.Options.Audit);
        html.Put($"<header><h1>Migration report</h1><div class=\"verdict {(audit is { Differences: > 0 } ? Verdict.ClosedWithExceptions : sums.Verdict)}\"><p>{Sentence(sums)}</p>");
        html.Put($"<p>From {Words.Endpoint(sums.Header.Identity.Source, content.Options.IncludeLocators)} to {Words.Endpoint(sums.Header.Identity.Target, content.Options.IncludeLocators)}, migration {sums.Header.Identity.MigrationId}, read from its ledger at {content.WrittenAt:u}.</p>");
        if (audit is { Differences: > 0 }) html.Put($"<p>Reading the target again found {audit.Differences:N0} of {audit.Objects:N0} objects not as they should be: see the differences below.</p>");
        html.Put($"</div></header>");
    }

    private static FormattableString SentenceOf(Reconciliation sums) => sums.Verdict switch
    {
        Verdict.Closed => $"All {sums.Discovered:N0} objects are accounted for, and none is an exception: {sums.Count(InstanceState.Verified):N0} are verified at the target, {sums.Count(InstanceState.Excluded):N0} {(sums.Count(InstanceState.Excluded) == 1 ? "is" : "are")} left out by a rule.",
        Verdict.ClosedWithExceptions => $"All {sums.Discovered:N0} objects are accounted for: {sums.Count(InstanceState.Verified):N0} are verified at the target, {sums.Count(InstanceState.Excepted):N0} {(sums.Count(InstanceState.Excepted) == 1 ? "is an exception" : "are exceptions")}, {sums.Count(InstanceState.Excluded):N0} {(sums.Count(InstanceState.Excluded) == 1 ? "is" : "are")} left out by a rule.",
        _ when !sums.Account.IsDiscoveryComplete => $"Not closed: the source has not been listed to its end. Run again to resume.",
        _ when sums.Open > 0 || sums.Account.UnitsPending > 0 || sums.Account.InstancesNotSeen > 0 =>
            $"Not closed: {sums.Open:N0} objects are in no final state, {sums.Account.UnitsPending:N0} units are pending and {sums.Account.InstancesNotSeen:N0} objects were never seen. Run again to resume.",
        _ => $"Not closed: the ledger changed while it was read, or its counters are wrong. Write the report again when no run goes on.",
    };

    private static string Sentence(Reconciliation sums) => FormattableString.Invariant(SentenceOf(sums));

    private static void Account(HtmlText html, Reconciliation sums) => html.Section("account", "The account", () =>
    {
        html.Put($"<div class=\"bar\" aria-hidden=\"true\">");
        foreach (var (name, count) in Parts(sums).Where(p => p.Count > 0)) html.Put($"<span class=\"{name}\" style=\"flex:{count}\"></span>");
        html.Put($"</div><dl class=\"sum\"><div class=\"Discovered\"><dt>Discovered</dt><dd>{sums.Discovered:N0}</dd></div>");
        foreach (var (name, count) in Parts(sums)) html.Put($"<div class=\"{name}\"><dt>{(name == "Open" ? "Not accounted for" : name)}</dt><dd>{count:N0}</dd></div>");
        html.Put($"</dl><p>Verified + Excluded + Excepted + Superseded = {sums.Discovered - sums.Open:N0} of {sums.Discovered:N0} discovered. Counted twice: by the ledger's counters, and by reading every object; the two {(sums.Agrees ? "agree" : "do not agree")}.</p>");
        html.Put($"<p class=\"soft\">{sums.Account.Units:N0} units were listed{(sums.Account.IsDiscoveryComplete ? "" : " so far")}, {sums.Account.UnitsPending:N0} of them are pending. Files that are no objects, such as text files, are counted as excluded.</p>");
    });

    private static IEnumerable<(string Name, long Count)> Parts(Reconciliation sums) =>
        InstanceTransitions.Terminal.Select(s => (s.ToString(), sums.Count(s))).Append(("Open", sums.Open));

    private static void Levels(HtmlText html, Reconciliation sums) => html.Section("evidence", "Evidence", () =>
        html.Table("Verified objects by what is known of them at the target.", ["Level", "What it proves", "#Objects", "#Bytes"], () =>
        {
            foreach (var level in Enum.GetValues<EvidenceLevel>().OrderDescending())
            {
                var line = sums.ByEvidence.FirstOrDefault(l => l.Key == level);
                html.Put($"<tr><th scope=\"row\">{level}</th><td>{Words.Of(level)}</td><td class=\"n\">{line?.Objects ?? 0:N0}</td><td class=\"n\">{Words.Size(line?.Bytes ?? 0)}</td></tr>");
            }
        }));

    private static void Exclusions(HtmlText html, Reconciliation sums) => html.Section("exclusions", "Exclusions", () =>
    {
        if (sums.ByRule.Count == 0) html.Put($"<p>No object was left out.</p>");
        else html.Table("Left out on purpose, by the rule that says so.", ["Rule", "Meaning", "#Objects"], () =>
        {
            foreach (var line in sums.ByRule) html.Put($"<tr><th scope=\"row\"><code>{line.Key}</code></th><td>{Words.OfRule(line.Key)}</td><td class=\"n\">{line.Objects:N0}</td></tr>");
        });
    });

    private static void Differences(HtmlText html, ReportContent content) => html.Section("differences", "Differences at the target", () =>
    {
        if (content.Options.Audit is not { } audit) html.Put($"<p>Every verified object was compared when it was stored. The target was not read again for this report: <code>dicom-migrate verify</code> does.</p>");
        else
        {
            html.Put($"<p>{audit.Objects:N0} verified objects, {Words.Size(audit.Bytes)}, were read from the target again{(audit.Seed is { } seed ? FormattableString.Invariant($", a random sample with seed {seed}") : "")}.</p>");
            html.Table("What was found, by class.", ["Class", "Meaning", "#Objects"], () =>
            {
                foreach (var difference in Enum.GetValues<DifferenceClass>().Where(d => audit.Count(d) > 0))
                    html.Put($"<tr><th scope=\"row\">{difference}</th><td>{Words.Of(difference)}</td><td class=\"n\">{audit.Count(difference):N0}</td></tr>");
            });
        }
    });

    private static void Breakdown(HtmlText html, string id, string heading, string caption, IReadOnlyList<ReconciliationLine<string>> lines, ReportOptions options) => html.Section(id, heading, () =>
        html.Table(caption, ["Name", "UID", "#Objects", "#Bytes"], () =>
        {
            foreach (var (uid, name, objects, bytes) in Words.Show(lines, options.IncludeUids))
                html.Put($"<tr><th scope=\"row\">{name}</th><td><code>{uid}</code></td><td class=\"n\">{objects:N0}</td><td class=\"n\">{Words.Size(bytes)}</td></tr>");
        }));

    private static void Times(HtmlText html, ReportContent content) => html.Section("times", "Bytes and times", () =>
    {
        var sums = content.Sums;
        html.Put($"<p>{Words.Size(sums.Bytes)} ({sums.Bytes:N0} bytes) of data sets were found, {Words.Size(sums.ByEvidence.Sum(l => l.Bytes))} of them are verified at the target.</p>");
        html.Put($"<p>The ledger was made at {sums.Header.CreatedAt:u}.{(sums.FirstFoundAt is { } first ? FormattableString.Invariant($" The first object was found at {first:u}; the last change of the object found last was at {sums.LastChangeAt:u}.") : "")}</p>");
    });

    private static void Method(HtmlText html) => html.Section("method", "How it was verified", () =>
    {
        html.Put($"<p>The data set of each object, without its file meta information, was digested with SHA-256 while it left the source. A target's answer \"stored\" was taken as a hint. For evidence L4 the object was read back from the target, digested again, and the two digests compared: byte for byte, private and malformed elements too.</p>");
        html.Put($"<p>Each step was on record, durably, before the next was taken. This report repeats the record; <code>objects.csv</code> beside it has the digests of every object, and <code>dicom-migrate explain</code> with an object's number tells its whole life.</p>");
    });
}
