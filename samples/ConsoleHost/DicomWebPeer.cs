using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Dicom.Migration;
using Dicom.Migration.DicomWeb;
using Dicom.Migration.Engine;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace ConsoleHost;

/// <summary><c>http://</c> and <c>https://</c>: DICOMweb. A secret is named by "SecretKey" in the options and stands in the environment under that name.</summary>
internal sealed record DicomWebPeer(DicomWebEndpoint Address, IConfigurationSection? Settings) : Endpoint
{
    public override void AddAsSource(IMigrationBuilder migration)
    {
        migration.Services.TryAddSingleton(Secrets());
        migration.FromDicomWeb("source", Configure);
    }

    public override void AddAsTarget(IMigrationBuilder migration)
    {
        migration.Services.TryAddSingleton(Secrets());
        migration.ToDicomWeb("target", Configure);
    }

    public override async Task ProbeAsync(Screen screen, CancellationToken cancellationToken)
    {
        var options = new DicomWebSourceOptions();
        Configure(options);
        var probe = await DicomWebProbe.RunAsync(options, TimeProvider.System, Secrets(), cancellationToken);
        (string Name, DicomWebSupport Support)[] services =
        [
            ("QIDO-RS studies", probe.SearchStudies), ("QIDO-RS series", probe.SearchSeries), ("QIDO-RS instances", probe.SearchInstances), ("honours limit", probe.HonoursLimit), ("honours offset", probe.HonoursOffset),
            ("WADO-RS study", probe.RetrieveStudy), ("WADO-RS series", probe.RetrieveSeries), ("WADO-RS instance", probe.RetrieveInstance), ("metadata", probe.RetrieveMetadata), ("frames", probe.RetrieveFrames),
            ("bulk data", probe.RetrieveBulkData), ("transfer-syntax=*", probe.HonoursAnyTransferSyntax), ("STOW-RS", probe.Store), ("DELETE", probe.Delete),
        ];
        screen.Say($"HTTP/{probe.HttpVersion}{(probe.TlsVersion is { } tls ? $", {tls}, its certificate ends on {(probe.CertificateEnds is { } end ? CertificateEnd.Of(end) : "no day")}" : ", not protected")}; {(probe.IsOpenToAll ? "open to everybody" : "asks who is there: " + string.Join(", ", probe.AuthenticationSchemes))}");
        foreach (var (name, support) in services) screen.Say($"{support,-12} {name}");
        var members = new JsonObject { ["http"] = probe.HttpVersion.ToString(), ["tls"] = probe.TlsVersion, ["certificateEnds"] = CertificateEnd.Date(probe.CertificateEnds), ["certificateDays"] = CertificateEnd.Days(probe.CertificateEnds), ["isOpenToAll"] = probe.IsOpenToAll, ["authentication"] = new JsonArray([.. probe.AuthenticationSchemes.Select(s => JsonValue.Create(s))]) };
        foreach (var (name, support) in services) members[name] = support.ToString();
        screen.Event("peer", members);
    }

    private static IConfiguration Secrets() => new ConfigurationBuilder().AddEnvironmentVariables().Build();

    private void Configure(DicomWebEndpointOptions options)
    {
        Settings.Apply(options);
        Address.ApplyTo(options);
        if (TlsSettings.Of(Settings) is not { } tls) return;
        if (Address.BaseAddress.Scheme is not "https") throw new EngineException(new Fault(FaultCode.InvalidConfiguration), "An http:// address is plaintext, and certificates are given for it: write https://, or leave the certificates out.");
        if (tls.HasCertificate) options.ClientCertificate = tls.Certificate;
        options.TrustedRoots = tls.Roots();
    }
}
