using System.CommandLine;
using System.Text.Json.Nodes;
using Dicom.Migration;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.Evidence;

namespace ConsoleHost;

/// <summary><c>dicom-migrate report</c>: writes what the ledger proves; <c>run</c>, <c>verify</c> and <c>demo</c> write it too.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var (json, ledger) = (Screen.Option(), LedgerCommands.Ledger());
        var folder = new Option<string>("--out") { Required = true, Description = "Folder for report.html, objects.csv and report.json." };
        var uids = new Option<bool>("--with-uids") { Description = "Shows UIDs. They lead to patients: keep the report as you keep the archive." };
        var locators = new Option<bool>("--with-locators") { Description = "Shows where each object lies at the source, and the addresses of source and target." };
        var most = new Option<int>("--exceptions") { DefaultValueFactory = _ => 1_000, Description = "Exceptions that HTML and JSON list one by one; the CSV has all." };
        var command = new Command("report", "Writes the report: HTML, CSV and JSON.") { ledger, folder, uids, locators, most, json };
        command.SetAction(async (parsed, token) =>
        {
            using var reader = LedgerCommands.Open(parsed.GetValue(ledger)!);
            var options = new ReportOptions { IncludeUids = parsed.GetValue(uids), IncludeLocators = parsed.GetValue(locators), MaxExceptionsListed = parsed.GetValue(most) };
            var files = await WriteAsync(reader, parsed.GetValue(folder)!, options, new Screen(parsed.GetValue(json)), token);
            return ExitStatus.Of(files.Reconciliation.Verdict);
        });
        return command;
    }

    public static async Task<ReportFiles> WriteAsync(ILedgerReader ledger, string folder, ReportOptions options, Screen screen, CancellationToken cancellationToken)
    {
        var files = await MigrationReport.WriteAsync(ledger, Path.GetFullPath(folder), options, TimeProvider.System, cancellationToken);
        screen.Say($"The report is {files.Html}; objects.csv and report.json are beside it.");
        screen.Event("report", new JsonObject { ["html"] = files.Html, ["csv"] = files.Csv, ["json"] = files.Json, ["verdict"] = files.Reconciliation.Verdict.ToString() });
        return files;
    }
}
