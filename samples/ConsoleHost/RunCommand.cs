using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using Dicom.Migration;
using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.FileSystem;
using Spectre.Console;

namespace ConsoleHost;

/// <summary><c>dicom-migrate run</c>: moves, verifies, and prints the account. The same command again resumes.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var from = new Option<string>("--from") { Required = true, Description = "Where the objects are: folder:PATH" };
        var to = new Option<string>("--to") { Required = true, Description = "Where they go: folder:PATH" };
        var ledger = new Option<string>("--ledger") { Required = true, Description = "The file that keeps what has been done; the same file resumes." };
        var evidence = new Option<EvidenceLevel>("--evidence") { DefaultValueFactory = _ => EvidenceLevel.L4, Description = "Highest evidence asked of the target, L0 to L4." };
        var budget = new Option<long>("--byte-budget") { DefaultValueFactory = _ => 256, Description = "Memory for objects in flight, in MiB." };
        var command = new Command("run", "Moves everything from one archive to another and verifies each object.") { from, to, ledger, evidence, budget };
        command.SetAction((parsed, token) => RunAsync(Folder(parsed.GetValue(from)!), Folder(parsed.GetValue(to)!), Path.GetFullPath(parsed.GetValue(ledger)!),
            parsed.GetValue(evidence), parsed.GetValue(budget) << 20, token));
        return command;
    }

    public static async Task<int> RunAsync(string from, string to, string ledgerPath, EvidenceLevel evidence, long budget, CancellationToken cancellationToken)
    {
        if (Contains(from, to)) throw new EngineException(new Fault(FaultCode.InvalidConfiguration), "The target lies inside the source; name a folder outside it.");
        if (Contains(from, ledgerPath)) throw new EngineException(new Fault(FaultCode.InvalidConfiguration), "The ledger lies inside the source; name a file outside it.");
        var source = new FolderSource("source", new FolderSourceOptions { Path = from });
        if (!Directory.Exists(from)) throw new SourceUnavailableException(new Fault(FaultCode.PathNotFound), $"The source folder {from} does not exist; check --from.");
        Directory.CreateDirectory(Path.GetDirectoryName(ledgerPath)!);
        using var alone = Lock(ledgerPath + ".lock");
        using var target = new FolderTarget("target", new FolderTargetOptions { Path = to });
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{from}\n{to}")))[..16];
        await using var ledger = await SqliteLedger.OpenAsync(ledgerPath, new LedgerIdentity(id, $"folder:{from}", $"folder:{to}"), TimeProvider.System, cancellationToken: CancellationToken.None);
        // The kernel gives the lock back however a run ends: whoever has it may take over the lease that a killed run of this machine left behind.
        var lease = await ledger.AcquireLeaseAsync($"{Environment.MachineName}:{ledgerPath}", TimeSpan.FromHours(12), CancellationToken.None);
        try
        {
            var options = new MigrationRunOptions { SpoolFolder = ledgerPath + ".spool", ByteBudget = budget, Evidence = evidence };
            var run = new MigrationRun(source, target, ledger, new SqliteWorkCoordinator(ledger, lease, TimeProvider.System), options);
            var account = await ShowAsync(ledger, progress => run.RunAsync(lease, progress, cancellationToken));
            AccountView.Write(account);
            return ExitStatus.Of(account);
        }
        finally
        {
            await ledger.ReleaseAsync(lease, CancellationToken.None);
        }
    }

    private static Task<LedgerAccount> ShowAsync(SqliteLedger ledger, Func<IProgress<MigrationProgress>, Task<LedgerAccount>> run) =>
        AnsiConsole.Progress().Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn()).StartAsync(async view =>
        {
            var units = view.AddTask("units", autoStart: true);
            units.MaxValue = double.MaxValue;
            return await run(new Watch(ledger, units));
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

    private static string Folder(string endpoint) => endpoint.StartsWith("folder:", StringComparison.Ordinal) && endpoint.Length > 7
        ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(endpoint[7..]))
        : throw new EngineException(new Fault(FaultCode.InvalidConfiguration), "An endpoint is not of a known kind; use folder:PATH.");

    private static bool Contains(string folder, string path) => path == folder || path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>Moves the bar: a run tells how many units it has done, the ledger how many there are.</summary>
    private sealed class Watch(SqliteLedger ledger, ProgressTask bar) : IProgress<MigrationProgress>
    {
        private double _already = -1;

        public void Report(MigrationProgress value)
        {
            if (_already < 0)
            {
                var account = ledger.ReadAccountAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
                (bar.MaxValue, _already) = (Math.Max(1, account.Units), account.Units - account.UnitsPending);
            }
            bar.Value = Math.Min(bar.MaxValue, _already + value.UnitsDone);
            bar.Description = FormattableString.Invariant($"stored {value.ObjectsStored}, verified {value.ObjectsVerified}, exceptions {value.Exceptions}, {value.BytesStored >> 20} MiB");
        }
    }
}
