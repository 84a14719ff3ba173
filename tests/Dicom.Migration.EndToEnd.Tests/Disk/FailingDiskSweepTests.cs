using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.FileSystem;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests.Disk;

/// <summary>Every call on the ledger's and the spool's files fails, each in a run of its own: with ENOSPC and EIO, once and from then on, and the process is killed in it.</summary>
/// <remarks>DICOM_MIGRATION_DISKSWEEP sets how many faults are tried, evenly over the whole sweep; 0 for all of it. Default 8 for each of the two.</remarks>
public sealed partial class FailingDiskSweepTests : IDisposable
{
    private const long BytesInMemory = 32; // MiB; a reader's share is an eighth: what is above 4 MiB goes through the spool
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;
    private readonly List<MadeUpInstance> _instances = [.. MadeUpInstances.Create(29, 200).Where(static i => i.TransferSyntax.Uid == "1.2.840.10008.1.2.1").Take(24)];
    private readonly Dictionary<string, byte[]> _dataSets = new(StringComparer.Ordinal);

    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private string Source => Path.Join(_folder, "archive");
    private string Work => Path.Join(_folder, "work");
    private string Target => Path.Join(Work, "target");
    private string State => Path.Join(Work, "state");
    private string Ledger => Path.Join(State, "migration.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Wherever_the_disk_fails_under_a_run_nothing_acknowledged_is_lost_and_the_next_run_ends_it() => await SweepAsync(null);

    [Fact]
    public async Task Wherever_the_disk_fails_under_a_run_that_takes_up_a_killed_one_nothing_acknowledged_is_lost_and_the_next_run_ends_it() =>
        await SweepAsync(static quiet => new DiskFault("pwrite64", "wal", quiet.Count(static c => c == "pwrite64 wal") * 2 / 3, DiskFault.Kill, Stays: false));

    private async Task SweepAsync(Func<string[], DiskFault>? before)
    {
        var shim = await FailingDisk.BuildAsync(_folder, Token);
        Assert.SkipWhen(shim is null, "There is no cc to build the failing disk with.");
        var disk = new FailingDisk(shim, State);
        await FillAsync();
        var calls = await QuietAsync(disk);
        string? start = null;
        if (before is not null)
        {
            Directory.Delete(Work, recursive: true);
            Assert.NotEmpty((await disk.RunAsync(Run(), before(calls), Token)).Calls);
            start = Path.Join(_folder, "killed");
            Directory.Move(Work, start);
            await RestoreAsync(start);
            calls = await QuietAsync(disk);
        }
        var faults = Faults(calls).ToList();
        var share = long.Parse(Environment.GetEnvironmentVariable("DICOM_MIGRATION_DISKSWEEP") ?? "8", CultureInfo.InvariantCulture);
        var (tried, struck, wrong, ends) = (0, 0, new List<string>(), new SortedDictionary<string, int>(StringComparer.Ordinal));
        for (var i = 0; i < faults.Count; i++)
        {
            if (share > 0 && i * share / faults.Count == (i + 1) * share / faults.Count) continue;
            tried++;
            await RestoreAsync(start);
            try
            {
                var (hasStruck, end) = await StrikeAsync(disk, faults[i]);
                if (hasStruck) struck++;
                ends[end] = ends.GetValueOrDefault(end) + 1;
            }
            catch (Exception e) when (e is Xunit.Sdk.XunitException or MigrationException) { wrong.Add($"{faults[i]}: {e.Message}"); }
        }
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{calls.Length} calls, {faults.Count} faults; {tried} tried, {struck} struck, {wrong.Count} wrong{string.Concat(ends.Select(static e => $"\n{e.Value} × {e.Key}"))}"));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(struck > tried / 2, "The faults do not strike: the calls are not those that are made.");
    }

    private async Task<string[]> QuietAsync(FailingDisk disk)
    {
        var (status, _, error, calls) = await disk.RunAsync(Run(), null, Token);
        Assert.Equal((0, ""), (status, error));
        AssertAll("without a fault");
        return calls;
    }

    /// <summary>Each call that the quiet run made, in each way that it can fail.</summary>
    private static IEnumerable<DiskFault> Faults(IEnumerable<string> calls)
    {
        foreach (var (key, count) in calls.CountBy(static c => c))
        {
            var space = key.IndexOf(' ', StringComparison.Ordinal);
            var (call, kind) = (key[..space], key[(space + 1)..]);
            for (var number = 1; number <= count; number++)
            {
                yield return new DiskFault(call, kind, number, DiskFault.InputOutput, Stays: false);
                yield return new DiskFault(call, kind, number, DiskFault.InputOutput, Stays: true);
                if (call is "read" or "pread64") continue;
                yield return new DiskFault(call, kind, number, DiskFault.Kill, Stays: false);
                if (call is "unlink" or "chmod" or "fchmod") continue; // these need no room
                yield return new DiskFault(call, kind, number, DiskFault.NoSpace, Stays: false);
                yield return new DiskFault(call, kind, number, DiskFault.NoSpace, Stays: true);
            }
        }
    }

    private async Task<(bool HasStruck, string End)> StrikeAsync(FailingDisk disk, DiskFault fault)
    {
        var (status, output, error, calls) = await disk.RunAsync(Run(), fault, Token);
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var isKilled = fault.Error == DiskFault.Kill && calls.Length > 0;
        if (status != 0 && !isKilled)
        {
            Assert.True(status is 3 or 4, $"exit status {status}: {error}");
            Assert.True(lines.Length == 1 && TypedFault.IsMatch(lines[0]) && !lines[0].Contains("Unexpected", StringComparison.Ordinal) && !lines[0].Contains("LeaseLost", StringComparison.Ordinal), "not one line that names the disk: " + error);
        }
        else if (!isKilled) Assert.True(lines.Length == 0, "success, and yet: " + error);

        // What was said to be verified is on record as that, and the objects are there.
        var said = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static l => l.StartsWith("{\"event\":\"progress\"", StringComparison.Ordinal) && l.EndsWith('}'))
            .Select(static l => JsonDocument.Parse(l).RootElement.GetProperty("verified").GetInt32()).DefaultIfEmpty(0).Max();
        Assert.True(said <= await CheckRecordAsync(mayBeMissing: said == 0 && status != 0), string.Create(CultureInfo.InvariantCulture, $"{said} were said to be verified, and are not on record"));
        if (status == 0) AssertAll("success");

        var account = await ResumeAsync();
        Assert.True(account.IsClosed && account.Count(InstanceState.Verified) == _instances.Count && account.Done == _instances.Count,
            $"then closed {account.IsClosed}: {string.Join(", ", account.Lines)}");
        AssertAll("after the second run");
        var spool = Ledger + ".spool";
        Assert.True(!Directory.Exists(spool) || !Directory.EnumerateFileSystemEntries(spool).Any(), "a copy of an object is left in the spool");
        return (calls.Length > 0, isKilled ? "killed" : status == 0 ? "0" : string.Create(CultureInfo.InvariantCulture, $"{status} {lines[0]}"));
    }

    /// <returns>How many objects are on record as verified; each of them is in the target, and the disk is blamed on none.</returns>
    private async Task<int> CheckRecordAsync(bool mayBeMissing)
    {
        var verified = 0;
        try
        {
            using var ledger = SqliteLedgerReader.Open(Ledger);
            await foreach (var instance in ledger.ReadInstancesAsync(new LedgerQuery(), Token))
            {
                Assert.True(instance.Current.State is not (InstanceState.Excepted or InstanceState.Excluded), $"blamed on an object: {instance.Current.State} {instance.Current.Fault}");
                if (instance.Current.State is not InstanceState.Verified) continue;
                Assert.True(IsStored(instance.Identity.SopInstanceUid), "on record as verified, and not in the target");
                verified++;
            }
        }
        catch (LedgerException) when (mayBeMissing) { } // it failed before there was a ledger
        return verified;
    }

    private string[] Run() => ["run", "--from", "folder:" + Source, "--to", "folder:" + Target, "--ledger", Ledger, "--byte-budget", BytesInMemory.ToString(CultureInfo.InvariantCulture), "--json"];

    private async Task<LedgerAccount> ResumeAsync()
    {
        using var target = new FolderTarget("target", new FolderTargetOptions { Path = Target });
        var options = new MigrationRunOptions { SpoolFolder = Ledger + ".spool", ByteBudget = BytesInMemory << 20 };
        return await new MigrationRunner(new FolderSource("source", new FolderSourceOptions { Path = Source }), target, Ledger, options, [], TimeProvider.System).RunAsync(null, Token);
    }

    /// <summary>All objects are in the target, once, and nothing else is.</summary>
    private void AssertAll(string when)
    {
        var files = Directory.EnumerateFiles(Target, "*", SearchOption.AllDirectories).ToList();
        Assert.True(files.Count == _instances.Count, string.Create(CultureInfo.InvariantCulture, $"{when}: {files.Count} files in the target"));
        foreach (var instance in _instances) Assert.True(IsStored(instance.SopInstanceUid), $"{when}: an object is not in the target");
    }

    /// <summary>Without the SDK: one file has the UID for its name, and ends in the bytes of the data set.</summary>
    private bool IsStored(string uid) => Directory.EnumerateFiles(Target, uid + ".dcm", SearchOption.AllDirectories).ToList() is [var file] && File.ReadAllBytes(file).AsSpan().EndsWith(_dataSets[uid]);

    /// <summary>Some dozen small objects, and two that are too large for memory: made so by padding behind the data set (FFFC,FFFC).</summary>
    private async Task FillAsync()
    {
        Directory.CreateDirectory(Source);
        var padding = new byte[12 + (5 << 20)];
        new Random(5).NextBytes(padding.AsSpan(12));
        ((ReadOnlySpan<byte>)[0xFC, 0xFF, 0xFC, 0xFF, (byte)'O', (byte)'B', 0, 0]).CopyTo(padding);
        BinaryPrimitives.WriteInt32LittleEndian(padding.AsSpan(8), padding.Length - 12);
        foreach (var (number, instance) in _instances.Index())
        {
            byte[] file = [.. instance.Bytes.Span, .. number % 12 == 5 ? padding : []];
            _dataSets.Add(instance.SopInstanceUid, file[instance.DataSetOffset..]);
            await File.WriteAllBytesAsync(Path.Join(Source, string.Create(CultureInfo.InvariantCulture, $"{number:d2}.dcm")), file, Token);
        }
    }

    private async Task RestoreAsync(string? start)
    {
        if (Directory.Exists(Work)) Directory.Delete(Work, recursive: true);
        if (start is null) return;
        foreach (var file in Directory.EnumerateFiles(start, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Join(Work, Path.GetRelativePath(start, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            await using var from = File.OpenRead(file);
            await using var to = File.Create(copy);
            await from.CopyToAsync(to, Token);
        }
    }

    [GeneratedRegex(@"\[[A-Z][A-Za-z]+ \(\d{4}\)[^]]*\]$")]
    private static partial Regex TypedFault { get; }
}
