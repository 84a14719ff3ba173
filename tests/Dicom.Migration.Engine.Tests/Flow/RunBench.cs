using Dicom.Migration.Engine.Ledger;

namespace Dicom.Migration.Engine.Tests.Flow;

/// <summary>A folder with a ledger and a spool, in which runs are made one after the other.</summary>
internal sealed class RunBench : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    public RunBench() => Options = new MigrationRunOptions { SpoolFolder = Path.Join(_folder, "spool"), UnitsPerBatch = 8, ObjectsPerGroup = 8, FirstRetryDelay = TimeSpan.Zero, FirstPause = TimeSpan.FromMilliseconds(1), LongestPause = TimeSpan.FromMilliseconds(1), PauseBudget = TimeSpan.Zero };

    public MigrationRunOptions Options { get; }

    /// <summary>Told how far the run is.</summary>
    public IProgress<MigrationProgress>? Progress { get; set; }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static ScriptedSource Many(int count) =>
        new([.. Enumerable.Range(1, count).Select(i => (FormattableString.Invariant($"{i:D4}"), new object[] { ScriptedSource.Object(i) }))]);

    public async Task<LedgerAccount> RunAsync(ScriptedSource source, IMigrationTarget target, MigrationRunOptions? options = null, IReadOnlyList<IMigrationRule>? rules = null,
        string ledgerName = "ledger.db", TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        await using var ledger = await OpenAsync(ledgerName);
        var lease = await ledger.AcquireLeaseAsync("test", TimeSpan.FromHours(1), CancellationToken.None);
        try
        {
            return await new MigrationRun(source, target, ledger, new SqliteWorkCoordinator(ledger, lease, TimeProvider.System), options ?? Options, rules, time).RunAsync(lease, Progress, cancellationToken);
        }
        finally
        {
            await ledger.ReleaseAsync(lease, CancellationToken.None);
        }
    }

    public async Task<LedgerAccount> AccountAsync()
    {
        await using var ledger = await OpenAsync("ledger.db");
        return await ledger.ReadAccountAsync(CancellationToken.None);
    }

    /// <summary>How many instances ended how, by name.</summary>
    public async Task<string[]> EndsAsync()
    {
        using var reader = SqliteLedgerReader.Open(Path.Join(_folder, "ledger.db"));
        var ends = new List<string>();
        await foreach (var instance in reader.ReadInstancesAsync(new LedgerQuery(), CancellationToken.None)) ends.Add($"{instance.Current.State} {instance.Current.Fault?.Code}".TrimEnd());
        return [.. ends.CountBy(static end => end).Select(static end => FormattableString.Invariant($"{end.Key}: {end.Value}")).Order(StringComparer.Ordinal)];
    }

    /// <summary>The places of all that ended so, in the order of the ledger.</summary>
    public async Task<List<string?>> PlacesAsync(InstanceState state)
    {
        using var reader = SqliteLedgerReader.Open(Path.Join(_folder, "ledger.db"));
        var places = new List<string?>();
        await foreach (var instance in reader.ReadInstancesAsync(new LedgerQuery(), CancellationToken.None))
            if (instance.Current.State == state) places.Add(instance.Identity.Place);
        return places;
    }

    /// <summary>Another runner takes the ledger, as it may when a lease has run out.</summary>
    public async Task TakeOverAsync()
    {
        await using var ledger = await OpenAsync("ledger.db");
        await ledger.AcquireLeaseAsync("test", TimeSpan.FromHours(1), CancellationToken.None);
    }

    public async Task<IReadOnlyList<LedgerInstance>> FindAsync(string uid)
    {
        await using var ledger = await OpenAsync("ledger.db");
        return await ledger.FindAsync(uid, CancellationToken.None);
    }

    private Task<SqliteLedger> OpenAsync(string name) =>
        SqliteLedger.OpenAsync(Path.Join(_folder, name), new LedgerIdentity("test", "source", "target"), TimeProvider.System, cancellationToken: CancellationToken.None);
}
