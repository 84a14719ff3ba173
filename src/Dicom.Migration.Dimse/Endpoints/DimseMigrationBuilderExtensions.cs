using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.Dimse;

/// <summary>Adds archives that speak DIMSE as sources and targets.</summary>
public static class DimseMigrationBuilderExtensions
{
    /// <summary>Adds a source that is listed by C-FIND and read by C-GET or C-MOVE (PS3.4 §C).</summary>
    /// <param name="migration">The migration to add it to.</param>
    /// <param name="name">Names the source in configuration, logs and the ledger; unique in this migration.</param>
    /// <param name="configure">Sets its options; they are checked when the host starts, not at the first association.</param>
    public static IMigrationBuilder FromDimse(this IMigrationBuilder migration, string name, Action<DimseSourceOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(migration);
        migration.AddSource(name, static (services, key) =>
            new DimseSource(key, services.GetRequiredService<IOptionsMonitor<DimseSourceOptions>>().Get(key), services.GetRequiredService<TimeProvider>()));
        migration.Services.AddOptionsWithValidateOnStart<DimseSourceOptions, DimseSourceOptionsValidator>(name).Configure(configure);
        migration.Services.AddSingleton(new DimseEndpointName(name, IsTarget: false));
        migration.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DimseSourceOptions>, ListenPorts>());
        return migration;
    }

    /// <summary>Adds a target that is stored into by C-STORE (PS3.4 §B).</summary>
    /// <param name="migration">The migration to add it to.</param>
    /// <param name="name">Names the target in configuration, logs and the ledger; unique in this migration.</param>
    /// <param name="configure">Sets its options; they are checked when the host starts, not at the first association.</param>
    public static IMigrationBuilder ToDimse(this IMigrationBuilder migration, string name, Action<DimseTargetOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(migration);
        migration.AddTarget(name, static (services, key) =>
            new DimseTarget(key, services.GetRequiredService<IOptionsMonitor<DimseTargetOptions>>().Get(key), services.GetRequiredService<TimeProvider>()));
        migration.Services.AddOptionsWithValidateOnStart<DimseTargetOptions, DimseTargetOptionsValidator>(name).Configure(configure);
        migration.Services.AddSingleton(new DimseEndpointName(name, IsTarget: true));
        migration.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DimseTargetOptions>, ListenPorts>());
        return migration;
    }
}
