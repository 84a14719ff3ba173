using Dicom.Migration;
using Dicom.Migration.DicomWeb;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ConsoleHost;

/// <summary><c>http://</c> and <c>https://</c>: DICOMweb. A secret is named by "SecretKey" in the options and stands in the environment under that name.</summary>
internal sealed record DicomWebPeer(Uri Address, IConfigurationSection? Settings) : Endpoint
{
    public static DicomWebPeer? TryParse(string text, IConfigurationSection? settings) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? new DicomWebPeer(uri, settings) : null;

    public override void AddAsSource(IMigrationBuilder migration)
    {
        AddSecrets(migration);
        migration.FromDicomWeb("source", Configure);
    }

    public override void AddAsTarget(IMigrationBuilder migration)
    {
        AddSecrets(migration);
        migration.ToDicomWeb("target", Configure);
    }

    private static void AddSecrets(IMigrationBuilder migration) =>
        migration.Services.TryAddSingleton<IConfiguration>(_ => new ConfigurationBuilder().AddEnvironmentVariables().Build());

    private void Configure(DicomWebEndpointOptions options)
    {
        Settings.Apply(options);
        options.BaseAddress = Address;
        if (Settings?["tls:certificate"] is not null) options.ClientCertificate = Settings.Certificate;
    }
}
