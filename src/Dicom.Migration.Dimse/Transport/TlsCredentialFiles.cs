using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.Dimse;

/// <summary>Credentials in PEM files, read again when one of them changes: a certificate is renewed without a restart.</summary>
/// <param name="certificatePath">The certificate first, its intermediates after it; <see langword="null"/> for none.</param>
/// <param name="keyPath">Its private key, not encrypted; <see langword="null"/> if there is no certificate.</param>
/// <param name="trustRootsPath">Roots to trust; <see langword="null"/> for those of the operating system.</param>
public sealed class TlsCredentialFiles(string? certificatePath, string? keyPath, string? trustRootsPath)
{
    private readonly Lock _gate = new();
    private TlsCredentials? _current;
    private (DateTime, DateTime, DateTime) _stamp;

    /// <summary>What the files hold now. Files that cannot be used, such as a new certificate whose key is not there yet, leave in force what was read before.</summary>
    /// <exception cref="CryptographicException">They cannot be used, and nothing was read before.</exception>
    /// <exception cref="IOException">They cannot be read, and nothing was read before.</exception>
    public TlsCredentials Load()
    {
        lock (_gate)
        {
            var stamp = (Stamp(certificatePath), Stamp(keyPath), Stamp(trustRootsPath));
            if (_current is not null && stamp == _stamp) return _current;
            try
            {
                _current = Read();
                _stamp = stamp;
            }
            catch (Exception e) when (_current is not null && e is CryptographicException or IOException or UnauthorizedAccessException)
            {
                // half replaced: looked at again at the next handshake
            }

            return _current!;
        }
    }

    private static DateTime Stamp(string? path) => path is null ? default : File.GetLastWriteTimeUtc(path);

    private TlsCredentials Read()
    {
        X509Certificate2? certificate = null;
        var intermediates = new X509Certificate2Collection();
        if (certificatePath is not null)
        {
            certificate = X509Certificate2.CreateFromPemFile(certificatePath, keyPath);
            if (OperatingSystem.IsWindows()) // Schannel takes no key that is in memory alone
                certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
            intermediates.ImportFromPemFile(certificatePath);
            if (intermediates.Count > 0) intermediates.RemoveAt(0);
        }

        if (trustRootsPath is null) return new TlsCredentials(certificate, intermediates, null);
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(trustRootsPath);
        return new TlsCredentials(certificate, intermediates, roots);
    }
}
