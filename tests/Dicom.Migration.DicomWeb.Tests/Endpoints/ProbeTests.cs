using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;
using Microsoft.AspNetCore.Http;
using static Dicom.Migration.DicomWeb.DicomWebSupport;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>What an archive offers is found out without storing or deleting anything.</summary>
public sealed class ProbeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private static readonly byte[][] Files = [.. MadeUpInstances.Create(23, 30).Select(static i => i.Bytes.ToArray())];

    [Fact]
    public async Task An_archive_that_keeps_to_the_standard_is_reported_so_and_nothing_is_stored_or_deleted()
    {
        await using var archive = await WebArchive.StartAsync(Files);
        var result = await ProbeAsync(archive);
        Assert.Equal((Supported, Supported, Supported), (result.SearchStudies, result.SearchSeries, result.SearchInstances));
        Assert.Equal((Supported, Supported), (result.HonoursLimit, result.HonoursOffset));
        Assert.Equal((Supported, Supported, Supported, Supported), (result.RetrieveStudy, result.RetrieveSeries, result.RetrieveInstance, result.RetrieveMetadata));
        Assert.Equal((Supported, Unknown), (result.Store, result.Delete));
        Assert.True(result.IsOpenToAll);
        Assert.Empty(result.AuthenticationSchemes);
        Assert.Equal((new Version(1, 1), null, null), (result.HttpVersion, result.TlsVersion, result.CertificateEnds));
        Assert.Equal(Files.Length, archive.Objects.Count);
        Assert.DoesNotContain(archive.Requests, static r => r.StartsWith("DELETE", StringComparison.Ordinal) || r.StartsWith("PUT", StringComparison.Ordinal));
        Assert.InRange(archive.Requests.Count, 8, 20);
    }

    [Fact]
    public async Task An_archive_that_ignores_paging_and_stores_nothing_is_reported_so()
    {
        await using var archive = await WebArchive.StartAsync(Files);
        archive.IgnoresOffset = true;
        archive.Misbehaviour = static context =>
        {
            if (context.Request.Method == "POST") context.Response.StatusCode = 405;
            return Task.FromResult(context.Request.Method == "POST");
        };
        var result = await ProbeAsync(archive);
        Assert.Equal((Supported, NotSupported, NotSupported), (result.HonoursLimit, result.HonoursOffset, result.Store));
    }

    [Fact]
    public async Task What_the_archive_says_of_itself_is_believed_before_it_is_tried()
    {
        await using var archive = await WebArchive.StartAsync();
        archive.Misbehaviour = static context =>
        {
            if (context.Request.Method != "OPTIONS") return Task.FromResult(false);
            context.Response.Headers.Allow = "GET, POST, DELETE";
            return Task.FromResult(true);
        };
        var result = await ProbeAsync(archive);
        Assert.Equal((Supported, Supported, Supported, Unknown, Unknown), (result.Store, result.Delete, result.SearchStudies, result.RetrieveStudy, result.HonoursLimit));
        Assert.DoesNotContain(archive.Requests, static r => r.StartsWith("POST", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Schemes_that_are_demanded_are_named_and_realms_are_not()
    {
        await using var archive = await WebArchive.StartAsync(Files);
        archive.Misbehaviour = static context =>
        {
            if (context.Request.Headers.Authorization.Count > 0) return Task.FromResult(false);
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = new(["Basic realm=\"of Doe\"", "Bearer realm=\"of Doe\""]);
            return Task.FromResult(true);
        };
        var outside = await ProbeAsync(archive);
        Assert.Equal(["Basic", "Bearer"], outside.AuthenticationSchemes);
        Assert.Equal((Denied, Denied, false), (outside.SearchStudies, outside.Store, outside.IsOpenToAll));
        Assert.DoesNotContain("Doe", outside.ToString(), StringComparison.Ordinal);
        var inside = await ProbeAsync(archive, static o => (o.Authentication, o.User, o.Secret, o.AllowsSecretsInClear) = (DicomWebAuthentication.Basic, "u", static _ => new("p"), true));
        Assert.Equal((Supported, Supported, 2), (inside.SearchStudies, inside.RetrieveStudy, inside.AuthenticationSchemes.Count));
    }

    [Fact]
    public async Task Version_of_tls_end_of_the_certificate_and_http_2_are_reported()
    {
        using var certificates = new TestCertificates();
        await using var archive = await WebArchive.StartAsync(o => o.ServerCertificate = certificates.Server(), Files);
        var result = await ProbeAsync(archive, o => o.TrustedRoots = certificates.Roots);
        Assert.Equal(("Tls13", TestCertificates.Ends, new Version(2, 0)), (result.TlsVersion, result.CertificateEnds!.Value.ToUniversalTime(), result.HttpVersion));
        Assert.Equal(Supported, result.RetrieveInstance);
        var e = await Assert.ThrowsAsync<DicomWebException>(() => ProbeAsync(archive));
        Assert.Equal(FaultCode.TlsRefused, e.Fault.Code);
    }

    [Fact]
    public async Task An_archive_that_cannot_be_reached_is_an_exception()
    {
        var archive = await WebArchive.StartAsync();
        var options = new DicomWebSourceOptions { BaseAddress = archive.Root };
        await archive.DisposeAsync();
        var e = await Assert.ThrowsAsync<DicomWebException>(() => DicomWebProbe.RunAsync(options, TimeProvider.System, cancellationToken: Token));
        Assert.Equal(FaultCode.PeerUnreachable, e.Fault.Code);
    }

    [Theory, InlineData("compressed", Supported), InlineData("recoded without", Supported), InlineData("native", Unknown), InlineData("refused", NotSupported)]
    public async Task Whether_instances_come_as_they_are_stored_is_told_by_the_difference_the_parameter_makes(string kind, DicomWebSupport expected)
    {
        using var pacs = new ScriptedWebPacs();
        var made = MadeUpInstances.Create(23, 60);
        pacs.Add(kind is "compressed" ? made.First(static i => i.TransferSyntax.IsEncapsulated) : made.First(static i => i.TransferSyntax == TransferSyntax.ExplicitVrLittleEndian));
        pacs.Script = kind switch
        {
            "recoded without" => new() { Transcodes = static i => i with { TransferSyntax = TransferSyntax.ImplicitVrLittleEndian, Bytes = DataSet.Read(i.Bytes, i.TransferSyntax).ToArray(TransferSyntax.ImplicitVrLittleEndian) } },
            "refused" => new() { Answers = static r => r.Headers.TryGetValues("Accept", out var accept) && accept.Any(static a => a.Contains("transfer-syntax=*", StringComparison.Ordinal)) ? new(System.Net.HttpStatusCode.NotAcceptable) { Content = new ByteArrayContent([]) } : null },
            _ => new(),
        };
        await using var server = new SocketPacs(pacs);
        var result = await DicomWebProbe.RunAsync(new DicomWebSourceOptions { BaseAddress = server.Root }, TimeProvider.System, cancellationToken: Token);
        Assert.Equal(expected, result.HonoursAnyTransferSyntax);
        Assert.Equal(kind is "refused" ? NotSupported : Supported, result.RetrieveInstance);
        Assert.Single(pacs.Instances);
    }

    private static Task<DicomWebProbeResult> ProbeAsync(WebArchive archive, Action<DicomWebSourceOptions>? configure = null)
    {
        var options = new DicomWebSourceOptions { BaseAddress = archive.Root };
        configure?.Invoke(options);
        return DicomWebProbe.RunAsync(options, TimeProvider.System, cancellationToken: Token);
    }
}
