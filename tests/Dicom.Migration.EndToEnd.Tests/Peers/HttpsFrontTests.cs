using Dicom.Migration.DicomWeb;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>An archive behind a proxy that ends TLS, as hospitals have it, with certificates of an authority of their own.</summary>
public sealed class HttpsFrontTests : IDisposable
{
    private const int Objects = 24;
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;
    private readonly FrontCertificates _certificates = new();

    private string Start => Path.Join(_folder, "start");
    private string End => Path.Join(_folder, "end");

    public void Dispose()
    {
        _certificates.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_stored_and_read_over_https_arrives_as_it_was(bool asksForClient)
    {
        await using var archive = await Orthanc.StartAsync(_folder, "BEHIND");
        _ = archive.Web; // skips without the plug-in
        await using var front = await Nginx.StartAsync(_folder, _certificates, archive.Address, asksForClient);
        var sent = Fill();
        void Configure(DicomWebEndpointOptions o) => (o.TrustedRoots, o.ClientCertificate) = (_certificates.Roots, asksForClient ? () => _certificates.Client : null);
        var first = await Hop.RunAsync(_folder, "folder to Orthanc by STOW-RS over TLS", Endpoints.FromFolder(Start), Endpoints.ToWeb(Web(front), Configure));
        var last = await Hop.RunAsync(_folder, "Orthanc to folder by WADO-RS over TLS", Endpoints.FromWeb(Web(front), Configure), Endpoints.ToFolder(End));
        Assert.Equal((Objects, Objects), (first.Verified.Count(), last.Verified.Count())); // at L4, as each hop has checked
        var arrived = Directory.EnumerateFiles(End, "*.dcm", SearchOption.AllDirectories).Select(static f => StoredObject.Read(f)!).OrderBy(static o => o.SopInstanceUid, StringComparer.Ordinal).ToList();
        Assert.Equal(sent.Select(static o => (o.SopInstanceUid, o.Syntax, o.Bytes)), arrived.Select(static o => (o.SopInstanceUid, o.Syntax, o.Bytes)));
    }

    [Fact]
    public Task A_server_whose_authority_is_not_trusted_is_sent_nothing_and_asked_nothing() => AssertRefusedAsync(asksForClient: false, static _ => { });

    [Fact]
    public Task A_server_that_demands_a_certificate_and_gets_none_ends_the_run_with_a_reason_and_without_an_exception_for_its_objects() =>
        AssertRefusedAsync(asksForClient: true, o => o.TrustedRoots = _certificates.Roots);

    private async Task AssertRefusedAsync(bool asksForClient, Action<DicomWebEndpointOptions> configure)
    {
        await using var archive = await Orthanc.StartAsync(_folder, "BEHIND");
        _ = archive.Web; // skips without the plug-in
        await using var front = await Nginx.StartAsync(_folder, _certificates, archive.Address, asksForClient);
        Fill();
        var to = await Assert.ThrowsAsync<TargetUnavailableException>(() => Hop.RunAsync(_folder, "to", Endpoints.FromFolder(Start), Endpoints.ToWeb(Web(front), configure)));
        var from = await Assert.ThrowsAsync<SourceUnavailableException>(() => Hop.RunAsync(_folder, "from", Endpoints.FromWeb(Web(front), configure), Endpoints.ToFolder(End)));
        Assert.Equal((FaultCode.TlsRefused, FaultCode.TlsRefused), (to.Fault.Code, from.Fault.Code));
        Assert.Equal(0, await archive.CountAsync());
    }

    private static Uri Web(Nginx front) => new(front.Address, "dicom-web/");

    /// <summary>Made-up objects, in the order of their UIDs.</summary>
    private List<StoredObject> Fill()
    {
        Directory.CreateDirectory(Start);
        return [.. MadeUpInstances.Create(7, Objects).Select((made, i) =>
        {
            var path = Path.Join(Start, FormattableString.Invariant($"{i:D2}.dcm"));
            File.WriteAllBytes(path, made.Bytes.ToArray());
            return StoredObject.Read(path)!;
        }).OrderBy(static o => o.SopInstanceUid, StringComparer.Ordinal)];
    }
}
