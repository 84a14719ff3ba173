using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.DicomWeb;

/// <summary>Makes HTTP handlers as archives need them.</summary>
public static class DicomWebHandler
{
    /// <summary>A handler without redirects, cookies and compression, whose idle connections are let go before common servers close them.</summary>
    /// <param name="clientCertificate">For mutual TLS; with its private key.</param>
    /// <param name="maxConnections">Most connections to the peer; 1 or more. Default 8.</param>
    /// <remarks>gzip on pixel data costs Orthanc 23 times the time. Orthanc closes what was idle for 1 s; a request that meets the close fails.</remarks>
    public static SocketsHttpHandler Create(X509Certificate2? clientCertificate = null, int maxConnections = 8)
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
        if (clientCertificate is not null) handler.SslOptions.ClientCertificates = [clientCertificate];
        return handler;
    }
}
