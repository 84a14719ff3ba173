using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;
using Microsoft.Extensions.DependencyInjection;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>One migration of a chain, brought to its end as a person would: started again while its account is open.</summary>
internal sealed class Hop
{
    private const string From = "from", To = "to";

    private Hop(string name, LedgerAccount account, IReadOnlyList<LedgerInstance> instances) => (Name, Account, Instances) = (name, account, instances);

    public string Name { get; }
    public LedgerAccount Account { get; }
    public IReadOnlyList<LedgerInstance> Instances { get; }

    public static async Task<Hop> RunAsync(string folder, string name, Action<IMigrationBuilder, string> from, Action<IMigrationBuilder, string> to, Func<IMigrationSource, IMigrationTarget, Task>? prepare = null, int lanes = 2, EvidenceLevel evidence = EvidenceLevel.L4)
    {
        var token = TestContext.Current.CancellationToken;
        var services = new ServiceCollection();
        var migration = services.AddDicomMigration();
        from(migration, From);
        to(migration, To);
        await using var provider = services.BuildServiceProvider();
        var (source, target) = (provider.GetRequiredKeyedService<IMigrationSource>(From), provider.GetRequiredKeyedService<IMigrationTarget>(To));
        if (prepare is not null) await prepare(source, target);
        var options = new MigrationRunOptions
        {
            SpoolFolder = Path.Join(folder, name + ".spool"), FirstRetryDelay = TimeSpan.FromMilliseconds(20), LongestRetryDelay = TimeSpan.FromMilliseconds(200), FirstPause = TimeSpan.FromMilliseconds(20),
            LongestPause = TimeSpan.FromMilliseconds(200), PauseBudget = TimeSpan.Zero, Evidence = evidence, Lanes = lanes,
        };
        var ledger = Path.Join(folder, name + ".db");
        var account = (LedgerAccount?)null;
        // What says "out of resources" of the last objects keeps the account open until that many runs have offered them.
        for (var run = 0; account is not { IsClosed: true } && run <= options.Attempts; run++)
        {
            try
            {
                account = await new MigrationRunner(source, target, ledger, options, [], TimeProvider.System).RunAsync(null, token);
            }
            catch (TargetUnavailableException) when (run < options.Attempts)
            {
                account = null;
            }
        }

        return await ReadAsync(name, ledger, evidence);
    }

    /// <summary>What a ledger says of a migration that is over.</summary>
    public static async Task<Hop> ReadAsync(string name, string ledger, EvidenceLevel evidence = EvidenceLevel.L4)
    {
        var token = TestContext.Current.CancellationToken;
        using var reader = SqliteLedgerReader.Open(ledger);
        var (account, instances) = (await reader.ReadAccountAsync(token), new List<LedgerInstance>());
        await foreach (var instance in reader.ReadInstancesAsync(new LedgerQuery(), token)) instances.Add(instance);
        var hop = new Hop(name, account, instances);
        hop.Tell();
        Assert.True(account.IsClosed, name);
        Assert.Equal(0L, account.Count(InstanceState.Sending) + account.Count(InstanceState.Acknowledged) + account.Count(InstanceState.Unknown));
        Assert.Equal(account.Count(InstanceState.Verified), account.Count(evidence));
        return hop;
    }

    /// <summary>Those that are at the target, by what the source calls them.</summary>
    public IEnumerable<LedgerInstance> Verified => Instances.Where(static i => i.Current.State is InstanceState.Verified);

    /// <summary>Those that are not, for a reason.</summary>
    public IEnumerable<LedgerInstance> Excepted => Instances.Where(static i => i.Current.State is InstanceState.Excepted);

    private void Tell()
    {
        foreach (var line in Account.Lines.OrderBy(static l => l.State).ThenBy(static l => l.Fault))
            TestContext.Current.SendDiagnosticMessage($"{Name}: {line.State} {line.Fault} {line.Rule} {line.Evidence}: {line.Instances}");
    }
}
