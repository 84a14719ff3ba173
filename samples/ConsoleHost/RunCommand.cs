using System.CommandLine;
using System.Text.Json.Nodes;
using Dicom.Migration;
using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.Evidence;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;

namespace ConsoleHost;

/// <summary><c>dicom-migrate run</c>: moves, verifies, and prints the account. The same command again resumes.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var from = new Option<string>("--from") { Required = true, Description = "Where the objects are: " + Endpoint.Forms };
        var to = new Option<string>("--to") { Required = true, Description = "Where they go: " + Endpoint.Forms };
        var ledger = new Option<string>("--ledger") { Required = true, Description = "The file that keeps what has been done; the same file resumes." };
        var report = new Option<string?>("--report") { Description = "Folder for the report when the run is over." };
        var config = Config();
        var evidence = new Option<EvidenceLevel>("--evidence") { DefaultValueFactory = _ => EvidenceLevel.L4, Description = "Highest evidence asked of the target, L0 to L4." };
        var budget = new Option<long>("--byte-budget") { DefaultValueFactory = _ => 256, Description = "Memory for objects in flight, in MiB." };
        var json = Screen.Option();
        var command = new Command("run", "Moves everything from one archive to another and verifies each object.") { from, to, ledger, report, evidence, budget, config, json };
        command.SetAction((parsed, token) => RunAsync(
            Endpoint.Parse(parsed.GetValue(from)!, parsed.GetValue(config)), Endpoint.Parse(parsed.GetValue(to)!, parsed.GetValue(config)),
            Path.GetFullPath(parsed.GetValue(ledger)!), parsed.GetValue(evidence), parsed.GetValue(budget) << 20, parsed.GetValue(report), new Screen(parsed.GetValue(json)), token));
        return command;
    }

    public static Option<string?> Config() => new("--config") { Description = "JSON that names endpoints: " + EndpointSettings.Example };

    public static async Task<int> RunAsync(
        Endpoint from, Endpoint to, string ledgerPath, EvidenceLevel evidence, long budget, string? report, Screen screen, CancellationToken cancellationToken)
    {
        if (budget < 1 << 20) throw new EngineException(new Fault(FaultCode.InvalidConfiguration), "A byte budget is 1 MiB or more.");
        foreach (var (what, path) in new[] { ("target", (to as FolderEndpoint)?.Folder ?? ""), ("ledger", ledgerPath), ("report", report is null ? "" : Path.GetFullPath(report)) })
            if (path.Length > 0 && from.Contains(path)) throw new EngineException(new Fault(FaultCode.InvalidConfiguration), $"The {what} lies inside the source, which is read only; name a place outside it.");
        var services = new ServiceCollection();
        var migration = services.AddDicomMigration().UseSqliteLedger(ledgerPath, o => o with { ByteBudget = budget, Evidence = evidence });
        from.AddAsSource(migration);
        to.AddAsTarget(migration);
        await using var host = services.BuildServiceProvider();
        var runner = host.GetRequiredService<MigrationRunner>();
        var account = await ShowAsync(screen, progress => runner.RunAsync(progress, cancellationToken));
        screen.Account(account);
        using var ledger = SqliteLedgerReader.Open(ledgerPath);
        if (report is not null) await ReportCommand.WriteAsync(ledger, report, new ReportOptions(), screen, CancellationToken.None);
        return ExitStatus.Of(account);
    }

    private static Task<LedgerAccount> ShowAsync(Screen screen, Func<IProgress<MigrationProgress>, Task<LedgerAccount>> run) =>
        screen.IsJson ? run(new Lines(screen)) : AnsiConsole.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn()).StartAsync(view =>
            run(new Bar(view.AddTask("listing the source", autoStart: true))));

    /// <summary>A line for each report of the run.</summary>
    private sealed class Lines(Screen screen) : IProgress<MigrationProgress>
    {
        public void Report(MigrationProgress value) => screen.Event("progress", new JsonObject
        {
            ["units"] = value.UnitsDone,
            ["unitsListed"] = value.UnitsListed,
            ["stored"] = value.ObjectsStored,
            ["verified"] = value.ObjectsVerified,
            ["exceptions"] = value.Exceptions,
            ["bytes"] = value.BytesStored,
        });
    }

    /// <summary>Moves the bar as far as units are done of those listed.</summary>
    private sealed class Bar(ProgressTask bar) : IProgress<MigrationProgress>
    {
        public void Report(MigrationProgress value)
        {
            (bar.MaxValue, bar.Value, bar.IsIndeterminate) = (Math.Max(1, value.UnitsListed), value.UnitsDone, !value.IsListingComplete);
            bar.Description = FormattableString.Invariant($"stored {value.ObjectsStored}, verified {value.ObjectsVerified}, exceptions {value.Exceptions}, {value.BytesStored / 1_000_000} MB");
        }
    }
}
