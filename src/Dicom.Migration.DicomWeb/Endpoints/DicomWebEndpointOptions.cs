using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.DicomWeb;

/// <summary>How a DICOMweb peer of a migration is reached, and who says so.</summary>
public abstract class DicomWebEndpointOptions : DicomWebClientOptions
{
    /// <summary>How the migration says who it is. Default: it does not.</summary>
    public DicomWebAuthentication Authentication { get; set; }

    /// <summary>User of <see cref="DicomWebAuthentication.Basic"/>, client of <see cref="DicomWebAuthentication.OAuth2"/>.</summary>
    public string User { get; set; } = "";

    /// <summary>Gives password, token or client secret. Either this or <see cref="SecretKey"/>.</summary>
    public SecretReference? Secret { get; set; }

    /// <summary>Key of the host's configuration under which password, token or client secret stands. Either this or <see cref="Secret"/>.</summary>
    public string? SecretKey { get; set; }

    /// <summary>Token endpoint of <see cref="DicomWebAuthentication.OAuth2"/>.</summary>
    public Uri? TokenEndpoint { get; set; }

    /// <summary>Scope asked for with <see cref="DicomWebAuthentication.OAuth2"/>, if one has to be.</summary>
    public string? Scope { get; set; }

    /// <summary>Lets secrets go over plain http; off by default: whoever is on the way reads them.</summary>
    public bool AllowsSecretsInClear { get; set; }

    /// <summary>Gives the certificate for mutual TLS, with its private key.</summary>
    public Func<X509Certificate2>? ClientCertificate { get; set; }

    /// <summary>Authorities that the peer's certificate may come from, in place of the machine's. Default: the machine's.</summary>
    public X509Certificate2Collection? TrustedRoots { get; set; }

    /// <summary>Most connections to the peer; 1 to 256. Default 8.</summary>
    [Range(1, 256)]
    public int MaxConnections { get; set; } = 8;

    /// <inheritdoc/>
    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var result in base.Validate(validationContext)) yield return result;
        if (Authentication is DicomWebAuthentication.None) yield break;
        if (Secret is null == SecretKey is null) yield return new($"{Authentication} needs {nameof(Secret)} or {nameof(SecretKey)}, and not both.", [nameof(Secret)]);
        if (Authentication is not DicomWebAuthentication.Bearer && User.Length == 0) yield return new($"{Authentication} needs {nameof(User)}.", [nameof(User)]);
        if (Authentication is DicomWebAuthentication.OAuth2 && TokenEndpoint is not { IsAbsoluteUri: true, Scheme: "http" or "https" }) yield return new($"{Authentication} needs an absolute http or https {nameof(TokenEndpoint)}.", [nameof(TokenEndpoint)]);
        if (!AllowsSecretsInClear && (BaseAddress is { IsAbsoluteUri: true, Scheme: "http" } || TokenEndpoint is { IsAbsoluteUri: true, Scheme: "http" }))
            yield return new($"{Authentication} over http shows its secret to the network: use https, or set {nameof(AllowsSecretsInClear)}.", [nameof(AllowsSecretsInClear)]);
    }
}

/// <summary>How a client says who it is.</summary>
public enum DicomWebAuthentication
{
    /// <summary>It does not, but for a client certificate if there is one.</summary>
    None,
    /// <summary>User and password (RFC 7617).</summary>
    Basic,
    /// <summary>A token that somebody else renews (RFC 6750).</summary>
    Bearer,
    /// <summary>OAuth 2.0 client credentials (RFC 6749 §4.4).</summary>
    OAuth2,
}
