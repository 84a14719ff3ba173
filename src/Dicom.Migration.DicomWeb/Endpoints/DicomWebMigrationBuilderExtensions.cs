using System.Collections.Concurrent;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Polly;

namespace Dicom.Migration.DicomWeb;

/// <summary>Adds DICOMweb archives as sources and targets.</summary>
public static class DicomWebMigrationBuilderExtensions
{
    /// <summary>Adds an archive that is read by QIDO-RS and WADO-RS.</summary>
    /// <param name="migration">The migration to add it to.</param>
    /// <param name="name">Names the source in configuration, logs and the ledger; unique in this migration.</param>
    /// <param name="configure">Sets its options; they are checked when the host starts, not at the first request.</param>
    public static IMigrationBuilder FromDicomWeb(this IMigrationBuilder migration, string name, Action<DicomWebSourceOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(migration);
        migration.AddSource(name, static (services, key) =>
        {
            var options = services.GetRequiredService<IOptionsMonitor<DicomWebSourceOptions>>().Get(key);
            return new DicomWebSource(key, Client(services, "source " + key, options), options, services.GetRequiredService<TimeProvider>());
        });
        migration.Services.AddOptionsWithValidateOnStart<DicomWebSourceOptions, DicomWebSourceOptionsValidator>(name).Configure(configure);
        AddClient(migration.Services, "source " + name, services => services.GetRequiredService<IOptionsMonitor<DicomWebSourceOptions>>().Get(name));
        return migration;
    }

    /// <summary>Adds an archive that is stored into by STOW-RS, and asked by QIDO-RS and WADO-RS for what it holds.</summary>
    /// <param name="migration">The migration to add it to.</param>
    /// <param name="name">Names the target in configuration, logs and the ledger; unique in this migration.</param>
    /// <param name="configure">Sets its options; they are checked when the host starts, not at the first request.</param>
    public static IMigrationBuilder ToDicomWeb(this IMigrationBuilder migration, string name, Action<DicomWebTargetOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(migration);
        migration.AddTarget(name, static (services, key) =>
        {
            var options = services.GetRequiredService<IOptionsMonitor<DicomWebTargetOptions>>().Get(key);
            return new DicomWebTarget(key, Client(services, "target " + key, options), options);
        });
        migration.Services.AddOptionsWithValidateOnStart<DicomWebTargetOptions, DicomWebTargetOptionsValidator>(name).Configure(configure);
        AddClient(migration.Services, "target " + name, services => services.GetRequiredService<IOptionsMonitor<DicomWebTargetOptions>>().Get(name));
        return migration;
    }

    private static void AddClient(IServiceCollection services, string name, Func<IServiceProvider, DicomWebEndpointOptions> get)
    {
        services.TryAddSingleton<Gates>();
        var client = services.AddHttpClient(name).ConfigureHttpClient(static http => http.Timeout = Timeout.InfiniteTimeSpan).RemoveAllLoggers() // URLs hold UIDs
            .ConfigurePrimaryHttpMessageHandler(provider =>
            {
                var options = get(provider);
                return DicomWebHandler.Create(options.ClientCertificate?.Invoke(), options.MaxConnections, options.TrustedRoots);
            })
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan); // the handler renews its connections itself
        client.AddResilienceHandler("dicomweb", static (pipeline, context) =>
        {
            pipeline.TelemetryListener = null; // URLs hold UIDs
            pipeline.TimeProvider = context.ServiceProvider.GetRequiredService<TimeProvider>();
            pipeline.AddRetry(HeadRetries.Options);
        });
    }

    private static DicomWebClient Client(IServiceProvider services, string name, DicomWebEndpointOptions options)
    {
        var time = services.GetRequiredService<TimeProvider>();
        var http = services.GetRequiredService<IHttpClientFactory>().CreateClient(name);
        return new DicomWebClient(http, options, time, EndpointCredential.Of(options, http, services.GetService<IConfiguration>(), time), services.GetRequiredService<Gates>().For(options.BaseAddress!, time));
    }

    /// <summary>One gate for each peer, whichever endpoints of this host lead to it.</summary>
    private sealed class Gates
    {
        private readonly ConcurrentDictionary<string, PeerGate> _gates = new(StringComparer.OrdinalIgnoreCase);

        public PeerGate For(Uri peer, TimeProvider time) => _gates.GetOrAdd(peer.Authority, static (_, clock) => new PeerGate(clock), time);
    }
}
