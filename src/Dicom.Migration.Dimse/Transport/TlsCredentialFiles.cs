using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Dicom.Migration.Dimse;

/// <summary>Credentials in PEM files, read again when what is in one of them changes: a certificate is renewed without a restart.</summary>
/// <remarks>Their contents are compared, not their times: a symbolic link that is turned to other files, as Kubernetes does, changes nothing else.</remarks>
/// <param name="certificatePath">The certificate first, its intermediates after it; <see langword="null"/> for none.</param>
/// <param name="keyPath">Its private key, not encrypted; <see langword="null"/> if there is no certificate, or if it stands in the certificate's file.</param>
/// <param name="trustRootsPath">Roots to trust; <see langword="null"/> for those of the operating system.</param>
public sealed class TlsCredentialFiles(string? certificatePath, string? keyPath, string? trustRootsPath)
{
    private const string Begin = "-----BEGIN ", BeginCertificate = "-----BEGIN CERTIFICATE-----";
    private readonly Lock _gate = new();
    private TlsCredentials? _current;
    private Contents? _read;

    /// <summary>What the files hold now. Files that cannot be used leave in force what was read before: a certificate whose key is not there yet, a file that is empty or ends in the middle.</summary>
    /// <exception cref="CryptographicException">They cannot be used, and nothing was read before.</exception>
    /// <exception cref="IOException">They cannot be read, and nothing was read before.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be read, and nothing was read before.</exception>
    public TlsCredentials Load()
    {
        lock (_gate)
        {
            try
            {
                var contents = new Contents(Bytes(certificatePath), Bytes(keyPath), Bytes(trustRootsPath));
                if (_current is not null && contents.IsSame(_read)) return _current;
                _current = Read(contents);
                _read = contents;
            }
            catch (Exception e) when (_current is not null && e is CryptographicException or IOException or UnauthorizedAccessException)
            {
                // half replaced: looked at again at the next handshake
            }

            return _current!;
        }
    }

    private static byte[]? Bytes(string? path) => path is null ? null : File.ReadAllBytes(path);

    private static TlsCredentials Read(Contents contents)
    {
        X509Certificate2? certificate = null;
        var intermediates = new X509Certificate2Collection();
        if (contents.Certificate is { } bytes)
        {
            var text = Encoding.UTF8.GetString(bytes);
            intermediates = Certificates(text);
            certificate = WithKey(text, contents.Key is { } key ? Encoding.UTF8.GetString(key) : text);
            if (OperatingSystem.IsWindows()) // Schannel takes no key that is in memory alone
                certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
            intermediates.RemoveAt(0);
        }

        return new TlsCredentials(certificate, intermediates, contents.Roots is { } roots ? Certificates(Encoding.UTF8.GetString(roots)) : null);
    }

    private static X509Certificate2 WithKey(string certificate, string key)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (ArgumentException e) // so for curves; for RSA it is a CryptographicException
        {
            throw new CryptographicException("The key is another certificate's.", e);
        }
    }

    /// <summary>All certificates of a file: the framework passes over one that is cut off, and gives fewer.</summary>
    private static X509Certificate2Collection Certificates(string text)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(text);
        var blocks = 0;
        for (ReadOnlySpan<char> rest = text; PemEncoding.TryFind(rest, out var block); rest = rest[block.Location.End..]) blocks++;
        if (all.Count == 0 || all.Count != Count(text, BeginCertificate) || blocks != Count(text, Begin)) throw new CryptographicException("A file of certificates holds none, or is not whole.");
        return all;
    }

    private static int Count(ReadOnlySpan<char> text, string of)
    {
        var count = 0;
        for (int at; (at = text.IndexOf(of, StringComparison.Ordinal)) >= 0; text = text[(at + of.Length)..]) count++;
        return count;
    }

    private sealed class Contents(byte[]? certificate, byte[]? key, byte[]? roots)
    {
        public byte[]? Certificate => certificate;
        public byte[]? Key => key;
        public byte[]? Roots => roots;

        public bool IsSame(Contents? other) => other is not null && certificate.AsSpan().SequenceEqual(other.Certificate) && key.AsSpan().SequenceEqual(other.Key) && roots.AsSpan().SequenceEqual(other.Roots);
    }
}
