using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>A root that is trusted, and certificates under it, each with one thing wrong.</summary>
public sealed class TestPki : IDisposable
{
    private static readonly ECCurve SmallCurve = ECCurve.CreateFromFriendlyName("secp224r1");
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;
    private readonly Lazy<RSA> _rsa = new(() => RSA.Create(2_048)); // made once: it takes a second
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestPki() => Root = Sign("root", _rootKey, null, null, isAuthority: true, Now.AddYears(-2), Now.AddYears(2));

    /// <summary>What is wrong. Names are looked at in servers' certificates alone.</summary>
    public static string[] Wrongs { get; } =
    [
        "expired", "not yet valid", "self-signed", "unknown root", "intermediate missing", "intermediate is no authority", "intermediate expired", "intermediate not yet valid",
        "path too long", "wrong usage", "code signing", "224-bit curve intermediate", "224-bit curve root", "1024-bit RSA root", "root expired",
    ];

    /// <summary>What is too weak for .NET to show it to anybody: OpenSSL's program does (<see cref="OpenSslTests"/>).</summary>
    public static string[] TooWeak { get; } =
        ["1024-bit RSA", "1024-bit RSA intermediate", "1536-bit RSA", "SHA-1", "SHA-1 intermediate", "PSS with SHA-1 by the intermediate", "224-bit curve"];

    public static string[] WrongNames { get; } = ["another name", "another address", "no name", "common name alone", "wildcard of another domain"];

    public X509Certificate2 Root { get; }

    public TlsCredentials Good(string eku = "both") => Make("", eku);

    /// <param name="wrong">What is wrong with it; "" for nothing.</param> <param name="eku">"server", "client", "both" or "code".</param>
    /// <param name="name">The name that it is for; <see langword="null"/> for loopback.</param> <param name="crl">Where the root says who is revoked.</param>
    public TlsCredentials Make(string wrong, string eku, string? name = null, Uri? crl = null)
    {
        var roots = new X509Certificate2Collection(Root);
        var (from, to, hash) = (Now.AddDays(-1), Now.AddDays(30), HashAlgorithmName.SHA256);
        var (issuer, issuerKey, intermediates) = (Root, (AsymmetricAlgorithm)_rootKey, new X509Certificate2Collection());
        AsymmetricAlgorithm key = wrong switch { "1024-bit RSA" => RSA.Create(1_024), "1536-bit RSA" => RSA.Create(1_536), "rsa" => _rsa.Value, "224-bit curve" => ECDsa.Create(SmallCurve), "384-bit curve" => ECDsa.Create(ECCurve.NamedCurves.nistP384), _ => ECDsa.Create(ECCurve.NamedCurves.nistP256) };
        if (wrong is "expired") (from, to) = (Now.AddDays(-30), Now.AddDays(-1));
        if (wrong is "not yet valid") (from, to) = (Now.AddDays(1), Now.AddDays(30));
        if (wrong is "SHA-1" or "PSS with SHA-1 by the intermediate") hash = HashAlgorithmName.SHA1;
        if (wrong is "wrong usage") eku = eku is "server" ? "client" : "server";
        if (wrong is "code signing") eku = "code";
        if (wrong.Contains("intermediate", StringComparison.Ordinal) || wrong is "path too long")
        {
            var weak = wrong is "1024-bit RSA intermediate" ? (AsymmetricAlgorithm)RSA.Create(1_024) : wrong is "224-bit curve intermediate" ? ECDsa.Create(SmallCurve) : wrong.StartsWith("PSS", StringComparison.Ordinal) ? RSA.Create(2_048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var (start, end) = wrong is "intermediate expired" ? (Now.AddDays(-9), Now.AddDays(-2)) : wrong is "intermediate not yet valid" ? (Now.AddDays(1), Now.AddDays(9)) : (Now.AddDays(-9), Now.AddDays(60));
            var middle = Sign("middle", weak, issuer, issuerKey, wrong is not "intermediate is no authority", start, end, wrong is "SHA-1 intermediate" ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256, pathLength: wrong is "path too long" ? 0 : 3);
            (issuer, issuerKey) = (middle, weak);
            if (wrong is not "intermediate missing") intermediates.Add(middle);
            if (wrong is "path too long")
            {
                var second = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                (issuer, issuerKey) = (Sign("second", second, issuer, issuerKey, true, start, end), second);
                intermediates.Add(issuer);
            }
        }

        if (wrong.Contains("root", StringComparison.Ordinal))
        {
            AsymmetricAlgorithm other = wrong is "1024-bit RSA root" ? RSA.Create(1_024) : ECDsa.Create(wrong is "224-bit curve root" ? SmallCurve : ECCurve.NamedCurves.nistP256);
            var root = Sign("other", other, null, null, true, Now.AddYears(-2), wrong is "root expired" ? Now.AddDays(-1) : Now.AddYears(1));
            (issuer, issuerKey) = (root, other);
            if (wrong is not "unknown root") roots.Add(root);
        }

        var isSelfSigned = wrong is "self-signed";
        var leaf = Sign("leaf", key, isSelfSigned ? null : issuer, isSelfSigned ? null : issuerKey, isAuthority: false, from, to, hash, eku, name is null ? Names(wrong) : names => names.AddDnsName(name), 0, wrong is "common name alone" ? "127.0.0.1" : null,
            wrong.StartsWith("PSS", StringComparison.Ordinal) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1, crl);
        using var withKey = key is RSA rsa ? leaf.CopyWithPrivateKey(rsa) : leaf.CopyWithPrivateKey((ECDsa)key);
        return new TlsCredentials(X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null), intermediates, roots);
    }

    /// <summary>The root's list of those that it has revoked.</summary>
    public byte[] Revoke(params X509Certificate2[] certificates)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var certificate in certificates) list.AddEntry(certificate);
        return list.Build(Root.SubjectName, X509SignatureGenerator.CreateForECDsa(_rootKey), 1, Now.AddDays(1), HashAlgorithmName.SHA256,
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Root, includeKeyIdentifier: true, includeIssuerAndSerial: false), Now.AddDays(-1));
    }

    /// <summary>A certificate that is good, its key, and the root, as PEM files.</summary>
    public (string Certificate, string Key, string Roots) WriteFiles(string folder, string wrong) => WriteFiles(folder, Make(wrong, "both"));

    /// <summary>A certificate with its intermediates, its key, and the root, as PEM files.</summary>
    public (string Certificate, string Key, string Roots) WriteFiles(string folder, TlsCredentials made)
    {
        var paths = (Path.Combine(folder, "certificate.pem"), Path.Combine(folder, "key.pem"), Path.Combine(folder, "roots.pem"));
        File.WriteAllLines(paths.Item1, [made.Certificate!.ExportCertificatePem(), .. made.Intermediates.Select(static c => c.ExportCertificatePem())]);
        using var rsa = made.Certificate.GetRSAPrivateKey();
        using var curve = made.Certificate.GetECDsaPrivateKey();
        File.WriteAllText(paths.Item2, rsa?.ExportPkcs8PrivateKeyPem() ?? curve!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(paths.Item3, Root.ExportCertificatePem());
        return paths;
    }

    public void Dispose()
    {
        Root.Dispose();
        _rootKey.Dispose();
    }

    private static Action<SubjectAlternativeNameBuilder>? Names(string wrong) => wrong switch
    {
        "another name" => names => names.AddDnsName("pacs.example"),
        "another address" => names => names.AddIpAddress(IPAddress.Parse("127.0.0.2")),
        "wildcard of another domain" => names => names.AddDnsName("*.example"),
        "no name" or "common name alone" => null,
        _ => names =>
        {
            names.AddIpAddress(IPAddress.Loopback);
            names.AddDnsName("localhost");
        },
    };

    private static X509Certificate2 Sign(string name, AsymmetricAlgorithm key, X509Certificate2? issuer, AsymmetricAlgorithm? issuerKey, bool isAuthority, DateTimeOffset from, DateTimeOffset to,
        HashAlgorithmName? hash = null, string eku = "", Action<SubjectAlternativeNameBuilder>? names = null, int pathLength = 3, string? commonName = null, RSASignaturePadding? padding = null, Uri? crl = null)
    {
        var subject = new X500DistinguishedName($"O=Test, CN={commonName ?? name}");
        var algorithm = hash ?? HashAlgorithmName.SHA256;
        var requested = algorithm == HashAlgorithmName.SHA1 ? HashAlgorithmName.SHA256 : algorithm; // the generator below signs by SHA-1 all the same
        var request = key is RSA rsa ? new CertificateRequest(subject, rsa, requested, RSASignaturePadding.Pkcs1) : new CertificateRequest(subject, (ECDsa)key, requested);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, isAuthority, pathLength, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(isAuthority ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        var usages = new OidCollection();
        if (eku is "server" or "both") usages.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        if (eku is "client" or "both") usages.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        if (eku is "code") usages.Add(new Oid("1.3.6.1.5.5.7.3.3"));
        if (usages.Count > 0) request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, critical: true));
        if (names is not null)
        {
            var builder = new SubjectAlternativeNameBuilder();
            names(builder);
            request.CertificateExtensions.Add(builder.Build());
        }

        if (crl is not null) request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([crl.AbsoluteUri]));
        if (issuer is not null) request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var generator = (issuerKey ?? key, algorithm == HashAlgorithmName.SHA1) switch
        {
            (RSA signer, true) => new PssSha1Generator(signer),
            (RSA signer, false) => X509SignatureGenerator.CreateForRSA(signer, padding ?? RSASignaturePadding.Pkcs1),
            (ECDsa signer, true) => new Sha1Generator(signer),
            var (signer, _) => X509SignatureGenerator.CreateForECDsa((ECDsa)signer),
        };
        return request.Create(issuer?.SubjectName ?? subject, generator, from, to, RandomNumberGenerator.GetBytes(12));
    }

    /// <summary>ecdsa-with-SHA1, which the framework signs certificates with no longer.</summary>
    private sealed class Sha1Generator(ECDsa key) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => [0x30, 9, 6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 4, 1]; // 1.2.840.10045.4.1

#pragma warning disable CA5350 // it must be refused
        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => key.SignData(data, HashAlgorithmName.SHA1, DSASignatureFormat.Rfc3279DerSequence);
#pragma warning restore CA5350

        protected override PublicKey BuildPublicKey() => new(key);
    }

    /// <summary>RSASSA-PSS with the hash that it has if its parameters name none: SHA-1.</summary>
    private sealed class PssSha1Generator(RSA key) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => [0x30, 13, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10, 0x30, 0]; // 1.2.840.113549.1.1.10

#pragma warning disable CA5350 // it must be refused
        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => key.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pss);
#pragma warning restore CA5350

        protected override PublicKey BuildPublicKey() => PublicKey.CreateFromSubjectPublicKeyInfo(key.ExportSubjectPublicKeyInfo(), out _);
    }
}
