using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.FileSystem;

/// <summary>Adds folders as sources and targets.</summary>
public static class FolderMigrationBuilderExtensions
{
    /// <summary>Adds a tree of files that instances are read from.</summary>
    /// <param name="migration">The migration to add it to.</param>
    /// <param name="name">Names the source in configuration, logs and the ledger; unique in this migration.</param>
    /// <param name="configure">Sets its options; they are checked when the host starts.</param>
    public static IMigrationBuilder FromFolder(this IMigrationBuilder migration, string name, Action<FolderSourceOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(migration);
        migration.AddSource(name, static (services, key) => new FolderSource(key, services.GetRequiredService<IOptionsMonitor<FolderSourceOptions>>().Get(key)));
        migration.Services.AddOptionsWithValidateOnStart<FolderSourceOptions, FolderSourceOptionsValidator>(name).Configure(configure);
        migration.Services.AddSingleton(new FolderOverlapValidator.SourceName(name));
        return migration;
    }

    /// <summary>Adds a folder that instances are written into as Part 10 files.</summary>
    /// <param name="migration">The migration to add it to.</param>
    /// <param name="name">Names the target in configuration, logs and the ledger; unique in this migration.</param>
    /// <param name="configure">Sets its options; they are checked when the host starts.</param>
    public static IMigrationBuilder ToFolder(this IMigrationBuilder migration, string name, Action<FolderTargetOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(migration);
        migration.AddTarget(name, static (services, key) => new FolderTarget(key, services.GetRequiredService<IOptionsMonitor<FolderTargetOptions>>().Get(key)));
        migration.Services.AddOptionsWithValidateOnStart<FolderTargetOptions, FolderTargetOptionsValidator>(name).Configure(configure);
        migration.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FolderTargetOptions>, FolderOverlapValidator>());
        return migration;
    }
}
