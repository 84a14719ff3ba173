using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Dicom.Migration;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.Evidence;
using Microsoft.Extensions.DependencyInjection;

namespace ConsoleHost;

/// <summary><c>dicom-migrate verify</c>: reads the target again and compares with the ledger. Changes neither.</summary>
internal static class VerifyCommand
{
    private const int MaxPrinted = 100; // differences printed for people; --json prints all

    public static Command Create()
    {
        var (json, path) = (Screen.Option(), LedgerCommands.Ledger());
        var sample = new Option<int?>("--sample") { Description = "Reads so many objects, drawn at random, instead of all." };
        var seed = new Option<int?>("--seed") { Description = "Draws the same sample as an earlier run that printed this seed." };
        var to = new Option<string?>("--to") { Description = "The target, if it was moved since or needs more than its address. Default: what the ledger has." };
        var from = new Option<string?>("--from") { Description = "The source, read only to class a difference. Default: what the ledger has, if it is there." };
        var config = RunCommand.Config();
        var report = new Option<string?>("--report") { Description = "Also writes the report, with what was found, into this folder." };
        var command = new Command("verify", "Reads the target again and compares with the ledger. Exit status 0: all read are as they should be; 1: some are not.") { path, sample, seed, to, from, config, report, json };
        command.SetAction(async (parsed, token) =>
        {
            using var ledger = LedgerCommands.Open(parsed.GetValue(path)!);
            var identity = (await ledger.ReadHeaderAsync(token)).Identity;
            var target = Endpoint.Parse(parsed.GetValue(to) ?? identity.Target, parsed.GetValue(config));
            if (!target.IsAtHand) throw new TargetUnavailableException(new Fault(FaultCode.PathNotFound), $"The target {identity.Target} does not exist; if it was moved, name it with --to.");
            var source = Endpoint.Parse(parsed.GetValue(from) ?? identity.Source, parsed.GetValue(config));
            await using var targetHost = target.HostTarget();
            await using var sourceHost = source.IsAtHand ? source.HostSource() : null;
            var options = new AuditOptions { Sample = parsed.GetValue(sample), Seed = parsed.GetValue(seed) };
            var audit = new TargetAudit(ledger, (IEvidenceTarget)targetHost.GetRequiredKeyedService<IMigrationTarget>("target"), options, sourceHost?.GetKeyedService<IMigrationSource>("source"));
            var screen = new Screen(parsed.GetValue(json));
            var tally = await ReadAsync(audit, screen, token);
            if (parsed.GetValue(report) is { } reports) await ReportCommand.WriteAsync(ledger, reports, new ReportOptions { Audit = tally }, screen, token);
            var account = await ledger.ReadAccountAsync(token);
            if (!account.IsClosed) screen.Say("The account is not closed: what is not verified yet was not read. Run again to resume.");
            return tally.Differences > 0 ? ExitStatus.ClosedWithExceptions : account.IsClosed ? ExitStatus.Closed : ExitStatus.NotClosed;
        });
        return command;
    }

    private static async Task<AuditTally> ReadAsync(TargetAudit audit, Screen screen, CancellationToken cancellationToken)
    {
        var (tally, printed) = (new AuditTally { Seed = audit.Seed }, 0);
        if (audit.Seed is { } seed) screen.Say(string.Create(CultureInfo.InvariantCulture, $"A random sample, seed {seed}."));
        await foreach (var finding in audit.ReadAsync(cancellationToken))
        {
            tally.Add(finding);
            if (finding.Class == DifferenceClass.Equal) continue;
            var tags = string.Join(' ', finding.Difference.Tags) + (finding.Difference.HasMoreTags ? " ..." : "");
            if (printed++ < MaxPrinted) screen.Say(string.Create(CultureInfo.InvariantCulture, $"object {finding.Number}: {finding.Class}{(tags.Length > 0 ? " at " + tags : "")}"));
            screen.Event("difference", new JsonObject { ["number"] = finding.Number, ["class"] = finding.Class.ToString(), ["counts"] = finding.Counts, ["tags"] = tags });
        }
        if (printed > MaxPrinted) screen.Say(string.Create(CultureInfo.InvariantCulture, $"... and {printed - MaxPrinted} more; --json prints all."));
        var members = new JsonObject { ["objects"] = tally.Objects, ["bytes"] = tally.Bytes, ["differences"] = tally.Differences, ["seed"] = tally.Seed };
        foreach (var difference in Enum.GetValues<DifferenceClass>()) members[difference.ToString()] = tally.Count(difference);
        screen.Event("verified", members);
        string[] classes = [.. Enum.GetValues<DifferenceClass>().Where(d => tally.Count(d) > 0).Select(d => string.Create(CultureInfo.InvariantCulture, $"{tally.Count(d)} {d}"))];
        screen.Say(string.Create(CultureInfo.InvariantCulture, $"Read {tally.Objects} objects ({tally.Bytes / 1e6:0.0} MB) from the target again: {(classes.Length > 0 ? string.Join(", ", classes) : "nothing is verified yet")}."));
        return tally;
    }
}
