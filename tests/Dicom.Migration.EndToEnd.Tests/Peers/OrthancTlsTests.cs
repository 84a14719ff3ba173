using System.Security.Cryptography.X509Certificates;
using Dicom.Migration.Dimse;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>An archive that speaks DIMSE over TLS alone, with certificates on both sides and an authority of its own.</summary>
public sealed class OrthancTlsTests : IDisposable
{
    private const int Objects = 24;
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;
    private readonly FrontCertificates _certificates = new();

    private string Start => Path.Join(_folder, "start");
    private DimseTls Ours => field ??= Tls(new TlsCredentials(_certificates.IssuePeer("migration"), [], _certificates.Roots));

    public void Dispose()
    {
        _certificates.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_is_stored_found_and_read_over_TLS_by_C_GET_and_by_C_MOVE_arrives_as_it_was()
    {
        await using var archive = await StartAsync();
        var sent = Fill();
        var first = await Hop.RunAsync(_folder, "folder to Orthanc over TLS", Endpoints.FromFolder(Start), Endpoints.To(archive.Title, archive.Port, DimseRetrieval.Get, o => o.Security = Ours));
        Assert.Equal(Objects, first.Verified.Count()); // at L4
        foreach (var retrieval in (DimseRetrieval[])[DimseRetrieval.Get, DimseRetrieval.Move])
        {
            var end = Path.Join(_folder, "end " + retrieval);
            var last = await Hop.RunAsync(_folder, $"Orthanc to folder over TLS by {retrieval}", Endpoints.From(archive.Title, archive.Port, retrieval, configure: o => o.Security = Ours), Endpoints.ToFolder(end),
                (source, _) => archive.KnowAsync(Endpoints.Reading, ((DimseSource)source).ListenPort, overTls: true));
            Assert.Equal(Objects, last.Verified.Count());
            Assert.Equal(sent, Read(end));
        }
    }

    [Fact]
    public async Task An_archive_that_TLS_cannot_be_agreed_on_with_is_sent_nothing_and_asked_nothing()
    {
        await using var archive = await StartAsync();
        Fill();
        using var strangers = new FrontCertificates();
        foreach (var (what, security, isOurs) in ((string, DimseSecurity, bool)[])
        [
            ("plaintext", DimseSecurity.Plaintext, false),
            ("no certificate", Tls(new TlsCredentials(null, [], _certificates.Roots)), false),
            ("certificate of nobody known", Tls(new TlsCredentials(strangers.IssuePeer("stranger"), [], _certificates.Roots)), false),
            ("authority not trusted", Tls(new TlsCredentials(_certificates.IssuePeer("migration"), [], strangers.Roots)), true),
        ])
        {
            var to = await Assert.ThrowsAsync<TargetUnavailableException>(() => Hop.RunAsync(_folder, "to over " + what, Endpoints.FromFolder(Start), Endpoints.To(archive.Title, archive.Port, DimseRetrieval.Get, o => o.Security = security)));
            var from = await Assert.ThrowsAsync<SourceUnavailableException>(() => Hop.RunAsync(_folder, "from over " + what, Endpoints.From(archive.Title, archive.Port, DimseRetrieval.Get, configure: o => o.Security = security), Endpoints.ToFolder(Path.Join(_folder, "end " + what))));
            // To whoever it does not know Orthanc closes the connection without a word: for certain is what this side refuses.
            FaultCode[] expected = isOurs ? [FaultCode.TlsRefused] : [FaultCode.TlsRefused, FaultCode.PeerClosedEarly];
            Assert.True(expected.Contains(to.Fault.Code) && expected.Contains(from.Fault.Code), $"{what}: {to.Fault}, {from.Fault}");
        }

        Assert.Equal(0, await archive.CountAsync());
    }

    [Fact]
    public async Task An_archive_reports_storage_commitment_over_TLS_to_our_listener()
    {
        await using var archive = await StartAsync();
        Fill();
        var hop = await Hop.RunAsync(_folder, "folder to Orthanc over TLS", Endpoints.FromFolder(Start), Endpoints.To(archive.Title, archive.Port, DimseRetrieval.Get, o => (o.Security, o.AsksForCommitment) = (Ours, true)),
            (_, target) => archive.KnowAsync(Endpoints.ReadingBack, ((DimseTarget)target).ListenPort, overTls: true), evidence: EvidenceLevel.L2);
        Assert.Equal(Objects, hop.Verified.Count());
    }

    private static DimseTls Tls(TlsCredentials credentials) => new(() => credentials);

    private async Task<Orthanc> StartAsync()
    {
        var (certificate, key, authority) = (Path.Join(_folder, "archive.crt"), Path.Join(_folder, "archive.key"), Path.Join(_folder, "authority.crt"));
        using var theirs = _certificates.IssuePeer("archive");
        await File.WriteAllTextAsync(certificate, theirs.ExportCertificatePem(), TestContext.Current.CancellationToken);
        using var secret = theirs.GetRSAPrivateKey()!;
        await File.WriteAllTextAsync(key, secret.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(authority, _certificates.Roots[0].ExportCertificatePem(), TestContext.Current.CancellationToken);
        return await Orthanc.StartAsync(_folder, "SECURED", new Dictionary<string, object>
        {
            ["DicomTlsEnabled"] = true, ["DicomTlsCertificate"] = certificate, ["DicomTlsPrivateKey"] = key, ["DicomTlsTrustedCertificates"] = authority, ["DicomTlsRemoteCertificateRequired"] = true,
        }, Ours);
    }

    /// <summary>Made-up objects; their UIDs, encodings and digests, in order.</summary>
    private List<(string, string, string)> Fill()
    {
        Directory.CreateDirectory(Start);
        foreach (var (made, i) in MadeUpInstances.Create(7, Objects).Select(static (m, i) => (m, i))) File.WriteAllBytes(Path.Join(Start, FormattableString.Invariant($"{i:D2}.dcm")), made.Bytes.ToArray());
        return Read(Start);
    }

    private static List<(string, string, string)> Read(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*.dcm", SearchOption.AllDirectories).Select(static f => StoredObject.Read(f)!).Select(static o => (o.SopInstanceUid, o.Syntax.Uid, o.Content!)).Order()];
}
