using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.Dimse.Transport;

/// <summary>What is asked of a peer's certificate, beyond what the framework asks.</summary>
internal static class PeerCertificate
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1", ClientAuthentication = "1.3.6.1.5.5.7.3.2"; // RFC 5280 §4.2.1.12
    private const int SmallestRsa = 2_048, SmallestCurve = 256; // in bits: RFC 9325 §4.5; PS3.15 §B.13
    private static readonly string[] WeakSignatures = ["1.2.840.113549.1.1.5", "1.2.840.113549.1.1.4", "1.2.840.113549.1.1.2", "1.2.840.10045.4.1", "1.3.14.3.2.29"]; // SHA-1, MD5, MD2

    /// <summary>How a chain is built: to our roots alone if there are any, and without fetching anything from where a certificate says.</summary>
    public static X509ChainPolicy Policy(TlsCredentials ours, X509RevocationMode revocation, bool ofServer, TimeProvider time)
    {
        var policy = new X509ChainPolicy { RevocationMode = revocation, DisableCertificateDownloads = true, VerificationTime = time.GetLocalNow().DateTime, VerificationTimeIgnored = false };
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
            if (i < chain.ChainElements.Count - 1 && WeakSignatures.Contains(element.SignatureAlgorithm.Value, StringComparer.Ordinal)) return false;
        }

        return true;
    }

    /// <summary>The same of a server, whose certificate also has to be for a name, by its subject alternative names alone (RFC 9325 §6.1, RFC 9525 §2).</summary>
    /// <remarks>The framework takes a common name where there are none.</remarks>
    public static bool IsAcceptable(string name, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => IsAcceptable(certificate, chain, errors)
        && certificate is X509Certificate2 whole && whole.MatchesHostname(name, allowWildcards: true, allowCommonName: false);

    private static bool HasStrongKey(X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPublicKey();
        if (rsa is not null) return rsa.KeySize >= SmallestRsa;
        using var curve = certificate.GetECDsaPublicKey();
        return curve is not null && curve.KeySize >= SmallestCurve;
    }
}
