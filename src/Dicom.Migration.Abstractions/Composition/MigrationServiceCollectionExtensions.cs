using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dicom.Migration;

/// <summary>Adds a migration to a host.</summary>
public static class MigrationServiceCollectionExtensions
{
    /// <summary>Starts a migration; calling it again goes on with the same one.</summary>
    /// <param name="services">The host's services.</param>
    public static IMigrationBuilder AddDicomMigration(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        return new Builder(services);
    }

    /// <summary>Adds a source under a name that no other source of this migration has.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="name">Names the source in configuration, logs and the ledger.</param>
    /// <param name="create">Makes it from the host's services and its name.</param>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public static IMigrationBuilder AddSource(this IMigrationBuilder migration, string name, Func<IServiceProvider, string, IMigrationSource> create) =>
        Add(migration, name, create);

    /// <summary>Adds a target under a name that no other target of this migration has.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="name">Names the target in configuration, logs and the ledger.</param>
    /// <param name="create">Makes it from the host's services and its name.</param>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public static IMigrationBuilder AddTarget(this IMigrationBuilder migration, string name, Func<IServiceProvider, string, IMigrationTarget> create) =>
        Add(migration, name, create);

    /// <summary>Adds a rule that judges each object. Rules judge in the order in which they were added.</summary>
    /// <param name="migration">The migration.</param>
    /// <param name="rule">The rule.</param>
    public static IMigrationBuilder AddRule(this IMigrationBuilder migration, IMigrationRule rule)
    {
        ArgumentNullException.ThrowIfNull(migration);
        ArgumentNullException.ThrowIfNull(rule);
        migration.Services.AddSingleton(rule);
        return migration;
    }

    private static IMigrationBuilder Add<T>(IMigrationBuilder migration, string name, Func<IServiceProvider, string, T> create) where T : class
    {
        ArgumentNullException.ThrowIfNull(migration);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(create);
        foreach (var service in migration.Services)
            if (service.ServiceType == typeof(T) && service.IsKeyedService && name.Equals(service.ServiceKey as string, StringComparison.Ordinal))
                throw new ArgumentException("An endpoint of this kind and name was added before.", nameof(name));
        migration.Services.AddKeyedSingleton<T>(name, (services, key) => create(services, (string)key!));
        return migration;
    }

    private sealed record Builder(IServiceCollection Services) : IMigrationBuilder;
}
