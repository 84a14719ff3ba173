using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>What is asked of a peer's certificate, beyond what the framework asks.</summary>
internal static class PeerCertificate
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1", ClientAuthentication = "1.3.6.1.5.5.7.3.2"; // RFC 5280 §4.2.1.12
    private const int SmallestRsa = 2_048, SmallestCurve = 256; // in bits: RFC 9325 §4.5; PS3.15 §B.13
    private static readonly TimeSpan LongestFetch = TimeSpan.FromSeconds(10); // of one list of revoked certificates
    private const string Pss = "1.2.840.113549.1.1.10";

    // With SHA-256 or more, and nothing else: RFC 9325 §4.5; PS3.15 §B.13.
    private static readonly string[] StrongSignatures =
    [
        "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12", "1.2.840.113549.1.1.13", // RSA with SHA-256, SHA-384, SHA-512
        "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4", // ECDSA with the same
    ];

    private static readonly string[] StrongHashes = ["2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"]; // SHA-256, SHA-384, SHA-512

    /// <summary>How a chain is built: to our roots alone if there are any, and without fetching certificates from where a certificate says.</summary>
    public static X509ChainPolicy Policy(TlsCredentials ours, X509RevocationMode revocation, bool ofServer, TimeProvider time)
    {
        var policy = new X509ChainPolicy { RevocationMode = revocation, UrlRetrievalTimeout = LongestFetch, DisableCertificateDownloads = true, VerificationTime = time.GetUtcNow().UtcDateTime, VerificationTimeIgnored = false };
        policy.ApplicationPolicy.Add(new Oid(ofServer ? ServerAuthentication : ClientAuthentication));
        if (ours.TrustRoots is null) return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(ours.TrustRoots);
        return policy;
    }

    /// <summary>Whether nothing is wrong, and every key and signature of the chain is strong enough.</summary>
    public static bool IsAcceptable(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors != SslPolicyErrors.None || certificate is null || chain is null) return false;
        for (var i = 0; i < chain.ChainElements.Count; i++)
        {
            var element = chain.ChainElements[i].Certificate;
            if (!HasStrongKey(element)) return false;
            // A root is trusted because it is in our list, not for its signature on itself.
            if (i < chain.ChainElements.Count - 1 && !HasStrongSignature(element)) return false;
        }

        return true;
    }

    /// <summary>The same of a server, whose certificate also has to be for a name, by its subject alternative names alone (RFC 9325 §6.1, RFC 9525 §2).</summary>
    /// <remarks>The framework takes a common name where there are none.</remarks>
    public static bool IsAcceptable(string name, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => IsAcceptable(certificate, chain, errors)
        && certificate is X509Certificate2 whole && whole.MatchesHostname(name, allowWildcards: true, allowCommonName: false);

    private static bool HasStrongSignature(X509Certificate2 certificate) => StrongSignatures.Contains(certificate.SignatureAlgorithm.Value, StringComparer.Ordinal)
        || (certificate.SignatureAlgorithm.Value is Pss && HashOfPss(certificate) is { } hash && StrongHashes.Contains(hash, StringComparer.Ordinal));

    /// <summary>RSASSA-PSS has one identifier for all hashes: which one stands in its parameters (RFC 4055 §3.1), SHA-1 if it does not.</summary>
    private static string? HashOfPss(X509Certificate2 certificate)
    {
        try
        {
            var parts = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
            parts.ReadEncodedValue(); // what is signed
            var algorithm = parts.ReadSequence();
            algorithm.ReadObjectIdentifier();
            var parameters = algorithm.ReadSequence();
            var first = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
            return parameters.HasData && parameters.PeekTag().HasSameClassAndValue(first) ? parameters.ReadSequence(first).ReadSequence().ReadObjectIdentifier() : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static bool HasStrongKey(X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPublicKey();
        if (rsa is not null) return rsa.KeySize >= SmallestRsa;
        using var curve = certificate.GetECDsaPublicKey();
        return curve is not null && curve.KeySize >= SmallestCurve;
    }
}
