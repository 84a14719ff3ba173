using Microsoft.Extensions.DependencyInjection;

namespace Dicom.Migration.Engine;

/// <summary>Adds the ledger, and with it the runner.</summary>
public static class SqliteLedgerMigrationExtensions
{
    /// <summary>Keeps the record in one SQLite file, and adds a <see cref="MigrationRunner"/> that moves the one source into the one target.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="path">The ledger's file, on a local volume; made if it does not exist. The spool is the folder of the same name with <c>.spool</c> behind it, unless configured.</param>
    /// <param name="configure">Changes the limits of a run.</param>
    public static IMigrationBuilder UseSqliteLedger(this IMigrationBuilder migration, string path, Func<MigrationRunOptions, MigrationRunOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(migration);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        var options = new MigrationRunOptions { SpoolFolder = path + ".spool" };
        if (configure is not null) options = configure(options);
        options.Check();
        migration.Services.AddSingleton(services => new MigrationRunner(One<IMigrationSource>(services, "source"), One<IMigrationTarget>(services, "target"),
            path, options, [.. services.GetServices<IMigrationRule>()], services.GetRequiredService<TimeProvider>()));
        return migration;
    }

    private static T One<T>(IServiceProvider services, string kind) where T : class
    {
        var all = services.GetKeyedServices<T>(KeyedService.AnyKey).ToList();
        return all.Count == 1 ? all[0] : throw new EngineException(new Fault(FaultCode.InvalidConfiguration),
            FormattableString.Invariant($"The migration has {all.Count} endpoints of the kind {kind}; it needs exactly one."));
    }
}
