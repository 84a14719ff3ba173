using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dicom.Migration;
using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.Evidence;
using Spectre.Console;

namespace ConsoleHost;

/// <summary><c>dicom-migrate run</c>: moves, verifies, and prints the account. The same command again resumes.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var from = new Option<string>("--from") { Required = true, Description = "Where the objects are: folder:PATH, or a name in --config" };
        var to = new Option<string>("--to") { Required = true, Description = "Where they go: folder:PATH, or a name in --config" };
        var ledger = new Option<string>("--ledger") { Required = true, Description = "The file that keeps what has been done; the same file resumes." };
        var report = new Option<string?>("--report") { Description = "Folder for the report when the run is over." };
        var config = new Option<string?>("--config") { Description = "JSON that names endpoints: { \"endpoints\": { \"legacy\": \"folder:/archive\" } }" };
        var evidence = new Option<EvidenceLevel>("--evidence") { DefaultValueFactory = _ => EvidenceLevel.L4, Description = "Highest evidence asked of the target, L0 to L4." };
        var budget = new Option<long>("--byte-budget") { DefaultValueFactory = _ => 256, Description = "Memory for objects in flight, in MiB." };
        var json = Screen.Option();
        var command = new Command("run", "Moves everything from one archive to another and verifies each object.") { from, to, ledger, report, evidence, budget, config, json };
        command.SetAction((parsed, token) => RunAsync(
            Endpoint.Parse(parsed.GetValue(from)!, parsed.GetValue(config)), Endpoint.Parse(parsed.GetValue(to)!, parsed.GetValue(config)),
            Path.GetFullPath(parsed.GetValue(ledger)!), parsed.GetValue(evidence), parsed.GetValue(budget) << 20, parsed.GetValue(report), new Screen(parsed.GetValue(json)), token));
        return command;
    }

    public static async Task<int> RunAsync(
        Endpoint from, Endpoint to, string ledgerPath, EvidenceLevel evidence, long budget, string? report, Screen screen, CancellationToken cancellationToken)
    {
        if (budget < 1 << 20) throw new EngineException(new Fault(FaultCode.InvalidConfiguration), "A byte budget is 1 MiB or more.");
        foreach (var (what, path) in new[] { ("target", to.Folder), ("ledger", ledgerPath), ("report", report is null ? "" : Path.GetFullPath(report)) })
            if (from.Contains(path)) throw new EngineException(new Fault(FaultCode.InvalidConfiguration), $"The {what} lies inside the source, which is read only; name a place outside it.");
        var source = from.OpenSource();
        Directory.CreateDirectory(Path.GetDirectoryName(ledgerPath)!);
        using var alone = Lock(ledgerPath + ".lock");
        using var target = to.OpenTarget();
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{from.Folder}\n{to.Folder}")))[..16];
        await using var ledger = await SqliteLedger.OpenAsync(ledgerPath, new LedgerIdentity(id, from.ToString(), to.ToString()), TimeProvider.System, cancellationToken: CancellationToken.None);
        // The kernel gives the lock back however a run ends: whoever has it may take over the lease that a killed run of this machine left behind.
        var lease = await ledger.AcquireLeaseAsync($"{Environment.MachineName}:{ledgerPath}", TimeSpan.FromHours(12), CancellationToken.None);
        try
        {
            var options = new MigrationRunOptions { SpoolFolder = ledgerPath + ".spool", ByteBudget = budget, Evidence = evidence };
            var run = new MigrationRun(source, target, ledger, new SqliteWorkCoordinator(ledger, lease, TimeProvider.System), options);
            var account = await ShowAsync(ledger, screen, progress => run.RunAsync(lease, progress, cancellationToken));
            screen.Account(account);
            if (report is not null) await ReportCommand.WriteAsync(ledger, report, new ReportOptions(), screen, CancellationToken.None);
            return ExitStatus.Of(account);
        }
        finally
        {
            await ledger.ReleaseAsync(lease, CancellationToken.None);
        }
    }

    private static Task<LedgerAccount> ShowAsync(SqliteLedger ledger, Screen screen, Func<IProgress<MigrationProgress>, Task<LedgerAccount>> run) =>
        screen.IsJson ? run(new Lines(screen)) : AnsiConsole.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn()).StartAsync(async view =>
        {
            var units = view.AddTask("listing the source", autoStart: true);
            units.IsIndeterminate = true;
            var account = await run(new Watch(ledger, units));
            (units.MaxValue, units.Value, units.IsIndeterminate) = (Math.Max(1, account.Units), account.Units == 0 ? 1 : account.Units - account.UnitsPending, false);
            return account;
        });

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new EngineException(new Fault(FaultCode.LeaseLost), "Another run uses this ledger; wait for its end, or stop it.", e);
        }
    }

    /// <summary>A line for each report of the run.</summary>
    private sealed class Lines(Screen screen) : IProgress<MigrationProgress>
    {
        public void Report(MigrationProgress value) => screen.Event("progress", new JsonObject
        {
            ["units"] = value.UnitsDone,
            ["stored"] = value.ObjectsStored,
            ["verified"] = value.ObjectsVerified,
            ["exceptions"] = value.Exceptions,
            ["bytes"] = value.BytesStored,
        });
    }

    /// <summary>Moves the bar: a run tells how many units it has done, the ledger how many there are.</summary>
    private sealed class Watch(SqliteLedger ledger, ProgressTask bar) : IProgress<MigrationProgress>
    {
        private double _already = -1;

        public void Report(MigrationProgress value)
        {
            if (_already < 0)
            {
                var account = ledger.ReadAccountAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
                (bar.MaxValue, _already, bar.IsIndeterminate) = (Math.Max(1, account.Units), account.Units - account.UnitsPending, false);
            }
            bar.Value = Math.Min(bar.MaxValue, _already + value.UnitsDone);
            bar.Description = FormattableString.Invariant($"stored {value.ObjectsStored}, verified {value.ObjectsVerified}, exceptions {value.Exceptions}, {value.BytesStored / 1e6:0.0} MB");
        }
    }
}
