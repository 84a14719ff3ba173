using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>A private authority, a certificate of it for a server on loopback, and one for a client.</summary>
internal sealed class FrontCertificates : IDisposable
{
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority, _server;

    public FrontCertificates()
    {
        var request = new CertificateRequest("CN=made-up authority", _authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _authority = request.CreateSelfSigned(From, To);
        (_server, Client) = (Issue("CN=front", "1.3.6.1.5.5.7.3.1"), Issue("CN=migration", "1.3.6.1.5.5.7.3.2")); // RFC 5280 §4.2.1.12
    }

    public X509Certificate2 Client { get; }

    public X509Certificate2Collection Roots => [_authority];

    private static DateTimeOffset From => DateTimeOffset.UtcNow.AddDays(-1);

    private static DateTimeOffset To => DateTimeOffset.UtcNow.AddDays(7);

    /// <summary>Writes what the server reads: its certificate, its key, and the authority that clients' certificates come from.</summary>
    public void WriteTo(string folder)
    {
        File.WriteAllText(Path.Join(folder, "server.crt"), _server.ExportCertificatePem());
        using var key = _server.GetECDsaPrivateKey()!;
        File.WriteAllText(Path.Join(folder, "server.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Join(folder, "authority.crt"), _authority.ExportCertificatePem());
    }

    public void Dispose()
    {
        Client.Dispose();
        _server.Dispose();
        _authority.Dispose();
        _authorityKey.Dispose();
    }

    private X509Certificate2 Issue(string name, string purpose)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(_authority, From.AddMinutes(1), To.AddMinutes(-1), RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }
}
