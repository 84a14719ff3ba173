using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests;

/// <summary>A disk that fails once under the ledger, the spool or the target: strace(1) makes one system call of the console host fail.</summary>
/// <remarks>DICOM_MIGRATION_DISKFAULTS sets how many faults are tried; default 4.</remarks>
public sealed class FailingDiskTests : IDisposable
{
    private const string Strace = "/usr/bin/strace";
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // SQLite writes by pwrite64 and syncs by fdatasync or fsync, the spool writes by pwrite64, the folder target syncs by fsync and names by renameat2.
    private static IEnumerable<(string Call, string Error, int When)> Faults()
    {
        for (var round = 0; ; round++)
            foreach (var (call, error) in new[] { ("pwrite64", "EIO"), ("fsync,fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("renameat2", "EIO"), ("ftruncate", "ENOSPC"), ("fsync,fdatasync", "ENOSPC") })
                yield return (call, error, 1 + (round * 3) + (call.Length % 3));
    }

    [Fact]
    public async Task A_run_on_a_disk_that_fails_once_loses_nothing_and_doubles_nothing()
    {
        Assert.SkipUnless(File.Exists(Strace), $"{Strace} is missing.");
        var archive = Directory.CreateDirectory(Path.Join(_folder, "archive")).FullName;
        foreach (var instance in MadeUpInstances.Create(17, 40)) await File.WriteAllBytesAsync(Path.Join(archive, instance.Name), instance.Bytes.ToArray(), Token);
        Assert.Equal(0, (await RunAsync("quiet", [])).Status);
        var expected = Objects("quiet");
        Assert.Equal(40, expected.Count);
        var (struck, number) = (0, 0);
        foreach (var (call, error, when) in Faults().Take(int.Parse(Environment.GetEnvironmentVariable("DICOM_MIGRATION_DISKFAULTS") ?? "4", CultureInfo.InvariantCulture)))
        {
            var name = FormattableString.Invariant($"fault-{number++}");
            var log = Path.Join(_folder, name + ".strace");
            var what = FormattableString.Invariant($"{call} fails with {error} at call {when}");
            await RunAsync(name, [Strace, "-f", "-qq", "--seccomp-bpf", "-o", log, "-e", "trace=" + call, "-e", FormattableString.Invariant($"inject={call}:error={error}:when={when}")]);
            if ((await File.ReadAllTextAsync(log, Token)).Contains("(INJECTED)", StringComparison.Ordinal)) struck++;
            await AssertHeldAsync(name, what);
            var (status, said) = await RunAsync(name, []);
            Assert.True(status is 0 or 1, $"{what}: then {said}");
            await AssertHeldAsync(name, what);
            using var ledger = SqliteLedgerReader.Open(Path.Join(_folder, name + ".db"));
            var account = await ledger.ReadAccountAsync(Token);
            Assert.True(account.IsClosed, what);
            Assert.True(account.Discovered == 40, what);
            // What is not there was refused by the disk, and says so; all else is there once.
            var stored = Objects(name);
            Assert.True(account.Count(InstanceState.Verified) == stored.Count && account.Count(FaultCode.WriteFailed) + account.Count(FaultCode.DiskFull) == 40 - stored.Count, what);
            Assert.Empty(stored.Except(expected));
        }
        Assert.True(struck > 0, "No fault struck: the calls are not those that are made.");
    }

    /// <summary>Whatever the ledger says is verified is in the target.</summary>
    private async Task AssertHeldAsync(string name, string what)
    {
        if (!File.Exists(Path.Join(_folder, name + ".db"))) return;
        var stored = Directory.Exists(Path.Join(_folder, name)) ? Objects(name).Count : 0;
        try
        {
            using var ledger = SqliteLedgerReader.Open(Path.Join(_folder, name + ".db"));
            Assert.True((await ledger.ReadAccountAsync(Token)).Count(InstanceState.Verified) <= stored, what);
        }
        catch (LedgerException) { } // it failed before the ledger was made: nothing was acknowledged
    }

    /// <summary>The files of a target by name and content, listed without the SDK. A file found twice is two.</summary>
    private List<string> Objects(string target) => [.. Directory.EnumerateFiles(Path.Join(_folder, target), "*.dcm", SearchOption.AllDirectories)
        .Select(f => $"{Path.GetRelativePath(Path.Join(_folder, target), f)} {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(f)))}").Order(StringComparer.Ordinal)];

    private async Task<(int Status, string Said)> RunAsync(string name, string[] under)
    {
        string[] command = [.. under, "dotnet", Path.Join(AppContext.BaseDirectory, "dicom-migrate.dll"), "run", "--from", "folder:" + Path.Join(_folder, "archive"),
            "--to", "folder:" + Path.Join(_folder, name), "--ledger", Path.Join(_folder, name + ".db"), "--byte-budget", "1"];
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync(limit.Token);
        await output;
        return (process.ExitCode, await error);
    }
}
