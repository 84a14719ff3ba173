using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.DicomWeb;

/// <summary>Makes HTTP handlers as archives need them.</summary>
public static class DicomWebHandler
{
    /// <summary>A handler without redirects, cookies and compression, whose idle connections are let go before common servers close them.</summary>
    /// <param name="clientCertificate">For mutual TLS; with its private key.</param>
    /// <param name="maxConnections">Most connections to the peer; 1 or more. Default 8.</param>
    /// <param name="trustedRoots">Authorities that the peer's certificate may come from, in place of the machine's; <see langword="null"/> for those.</param>
    /// <remarks>gzip on pixel data costs Orthanc 23 times the time. Orthanc closes what was idle for 1 s; a request that meets the close fails.</remarks>
    public static SocketsHttpHandler Create(X509Certificate2? clientCertificate = null, int maxConnections = 8, X509Certificate2Collection? trustedRoots = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxConnections, 1);
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            MaxConnectionsPerServer = maxConnections,
            PooledConnectionIdleTimeout = TimeSpan.FromMilliseconds(800),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // a name may come to mean another address
            ConnectTimeout = TimeSpan.FromSeconds(15),
            MaxResponseHeadersLength = 64,
        };
#pragma warning disable CA5398 // no version below 1.2 is ever taken: RFC 8996, RFC 9325 §3.1.1
        handler.SslOptions.EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
#pragma warning restore CA5398
        if (trustedRoots is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
            policy.CustomTrustStore.AddRange(trustedRoots);
            policy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1")); // RFC 5280 §4.2.1.12: of a server
            handler.SslOptions.CertificateChainPolicy = policy;
        }
        if (clientCertificate is not null) handler.SslOptions.ClientCertificates = [clientCertificate];
        return handler;
    }
}
