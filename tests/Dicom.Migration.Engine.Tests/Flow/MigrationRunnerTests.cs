using Dicom.Migration.Engine.Ledger;
using Microsoft.Extensions.DependencyInjection;

namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>A host composes a migration by dependency injection and runs it with one call.</summary>
public sealed class MigrationRunnerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    private string LedgerPath => Path.Join(_folder, "deep", "migration.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_host_that_reads_like_a_sentence_moves_an_archive()
    {
        var target = new ScriptedTarget();
        await using var host = Compose(RunBench.Many(20), target);
        var seen = new List<MigrationProgress>();
        var account = await host.GetRequiredService<MigrationRunner>().RunAsync(new Listener(seen), CancellationToken.None);
        Assert.True(account.IsClosed);
        Assert.Equal(20, target.Held.Count);
        var last = seen[^1];
        Assert.Equal((20L, 20L, true, 20L, 20L), (last.UnitsListed, last.UnitsDone, last.IsListingComplete, last.ObjectsStored, last.ObjectsVerified));
    }

    [Fact]
    public async Task A_second_run_counts_the_units_of_the_first_as_done_and_sends_nothing()
    {
        var target = new ScriptedTarget();
        await using var host = Compose(RunBench.Many(20), target);
        var seen = new List<MigrationProgress>();
        await host.GetRequiredService<MigrationRunner>().RunAsync(null, CancellationToken.None);
        await host.GetRequiredService<MigrationRunner>().RunAsync(new Listener(seen), CancellationToken.None);
        Assert.Equal((20L, 0L, 20), (seen[^1].UnitsDone, seen[^1].ObjectsStored, target.Stores));
    }

    [Fact]
    public async Task Two_runs_of_one_ledger_at_the_same_time_are_one_too_many()
    {
        var opened = new TaskCompletionSource();
        var target = new ScriptedTarget { Opened = opened.Task };
        await using var host = Compose(RunBench.Many(2), target);
        var first = host.GetRequiredService<MigrationRunner>().RunAsync(null, CancellationToken.None);
        await target.SomebodyWaits;
        var e = await Assert.ThrowsAsync<LedgerException>(() => host.GetRequiredService<MigrationRunner>().RunAsync(null, CancellationToken.None));
        Assert.Equal(FaultCode.LeaseLost, e.Fault.Code);
        opened.SetResult();
        Assert.True((await first).IsClosed);
    }

    [Fact]
    public async Task A_ledger_of_other_archives_is_refused()
    {
        await (await SqliteLedger.OpenAsync(Directory.CreateDirectory(Path.GetDirectoryName(LedgerPath)!) is { } ? LedgerPath : "", new LedgerIdentity("other", "a", "b"), TimeProvider.System)).DisposeAsync();
        await using var host = Compose(RunBench.Many(2), new ScriptedTarget());
        var e = await Assert.ThrowsAsync<LedgerException>(() => host.GetRequiredService<MigrationRunner>().RunAsync(null, CancellationToken.None));
        Assert.Equal(FaultCode.LedgerOfAnotherMigration, e.Fault.Code);
    }

    [Fact]
    public async Task A_ledger_where_nothing_can_be_written_is_refused_with_one_clear_line()
    {
        await File.WriteAllTextAsync(Path.Join(_folder, "deep"), "a file where a folder should be");
        await using var host = Compose(RunBench.Many(2), new ScriptedTarget());
        var e = await Assert.ThrowsAsync<LedgerException>(() => host.GetRequiredService<MigrationRunner>().RunAsync(null, CancellationToken.None));
        Assert.Equal(FaultCode.LedgerUnusable, e.Fault.Code);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void A_migration_without_a_target_says_so()
    {
        var services = new ServiceCollection();
        services.AddDicomMigration().AddSource("from", (_, _) => RunBench.Many(1)).UseSqliteLedger(LedgerPath);
        using var host = services.BuildServiceProvider();
        var e = Assert.Throws<EngineException>(() => host.GetRequiredService<MigrationRunner>());
        Assert.Contains("target", e.Message, StringComparison.Ordinal);
    }

    private ServiceProvider Compose(ScriptedSource source, ScriptedTarget target)
    {
        var services = new ServiceCollection();
        services.AddDicomMigration()
            .AddSource("from", (_, _) => source)
            .AddTarget("to", (_, _) => target)
            .UseSqliteLedger(LedgerPath, o => o with { UnitsPerBatch = 8, FirstRetryDelay = TimeSpan.Zero });
        return services.BuildServiceProvider();
    }

    private sealed class Listener(List<MigrationProgress> seen) : IProgress<MigrationProgress>
    {
        public void Report(MigrationProgress value) => seen.Add(value);
    }
}
