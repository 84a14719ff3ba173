using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests;

/// <summary>A run that is killed at any instant and started again ends like one that was not. DICOM_MIGRATION_KILLS sets how often; default 10.</summary>
public sealed class KilledRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_run_killed_at_random_moments_ends_like_an_undisturbed_one()
    {
        var token = TestContext.Current.CancellationToken;
        await MadeUpArchive.WriteAsync(Path.Join(_folder, "archive"), 11, null, token);
        await RunAsync("quiet", null);
        var kills = int.Parse(Environment.GetEnvironmentVariable("DICOM_MIGRATION_KILLS") ?? "10", CultureInfo.InvariantCulture);
        var random = new Random(3);
        for (var i = 0; i < kills; i++) await RunAsync("killed", TimeSpan.FromMilliseconds(random.Next(100, 1200)));
        await RunAsync("killed", null);
        using var quiet = SqliteLedgerReader.Open(Path.Join(_folder, "quiet.db"));
        using var killed = SqliteLedgerReader.Open(Path.Join(_folder, "killed.db"));
        var account = await killed.ReadAccountAsync(token);
        Assert.True(account.IsClosed);
        Assert.Equal((await quiet.ReadAccountAsync(token)).Count(InstanceState.Verified), account.Count(InstanceState.Verified));
        Assert.Equal(Contents("quiet"), Contents("killed"));
    }

    // Of two objects with one UID the first to come has the plain name, and which one that is no two runs agree on: the folder and the content count.
    private List<string> Contents(string target) =>
        [.. Directory.EnumerateFiles(Path.Join(_folder, target), "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Path.Join(_folder, target), Path.GetDirectoryName(f)!) + " " + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(f)))).Order(StringComparer.Ordinal)];

    private async Task RunAsync(string name, TimeSpan? killAfter)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { Path.Join(AppContext.BaseDirectory, "dicom-migrate.dll"), "run", "--from", "folder:" + Path.Join(_folder, "archive"), "--to", "folder:" + Path.Join(_folder, name), "--ledger", Path.Join(_folder, name + ".db") })
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(killAfter ?? TimeSpan.FromMinutes(2));
        try { await process.WaitForExitAsync(limit.Token); }
        catch (OperationCanceledException) when (killAfter is not null)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
        await output;
        if (killAfter is null) Assert.True(process.ExitCode == 1, await error);
    }
}
