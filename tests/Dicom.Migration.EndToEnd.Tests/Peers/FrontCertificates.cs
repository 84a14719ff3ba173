using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>A private authority, and certificates of it: for a server on loopback, for a client, and for archives that are both.</summary>
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

    /// <summary>A certificate for either side of a connection, with an RSA key.</summary>
    public X509Certificate2 IssuePeer(string name)
    {
        using var key = RSA.Create(2_048);
        return Sign(new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2").CopyWithPrivateKey(key);
    }

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
        using var certificate = Sign(new CertificateRequest(name, key, HashAlgorithmName.SHA256), purpose);
        return certificate.CopyWithPrivateKey(key);
    }

    private X509Certificate2 Sign(CertificateRequest request, params string[] purposes)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. purposes.Select(static p => new Oid(p))], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.Create(_authority.SubjectName, X509SignatureGenerator.CreateForECDsa(_authorityKey), From.AddMinutes(1), To.AddMinutes(-1), RandomNumberGenerator.GetBytes(8));
    }
}
