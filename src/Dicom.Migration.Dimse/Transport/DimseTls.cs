using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dicom.Migration.Dimse.Transport;

namespace Dicom.Migration.Dimse;

/// <summary>The TLS profiles of PS3.15 that are not retired.</summary>
public enum TlsProfile
{
    /// <summary>BCP 195 RFC 8996, 9325 (PS3.15 §B.12): TLS 1.3 and 1.2, forward secrecy and authenticated encryption alone, in the suites that RFC 9325 §4.2 names. The default.</summary>
    Bcp195,
    /// <summary>Modified BCP 195 RFC 8996, 9325 (PS3.15 §B.13): the suites of its closed lists, which have ChaCha20-Poly1305 and AES-CCM besides. Those with a tag of 8 bytes
    /// (CCM_8), DHE, and Camellia in GCM are left out: IANA does not recommend the first, RFC 9325 advises against the second, and no platform of .NET knows the third.</summary>
    ModifiedBcp195,
}

/// <summary>TLS, mutual by default (PS3.15 §B.12). What does not fit is refused; nothing is ever sent in plaintext instead.</summary>
/// <param name="credentials">Asked at each handshake, so that a renewed certificate is in force at once: <see cref="TlsCredentialFiles.Load"/>.</param>
public sealed class DimseTls(Func<TlsCredentials> credentials) : DimseSecurity
{
    // RFC 9325 §4.2: these four for TLS 1.2.
    private static readonly TlsCipherSuite[] Default =
    [
        TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ];

    private static readonly TlsCipherSuite[] Modified =
    [
        .. Default, TlsCipherSuite.TLS_AES_128_CCM_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CCM, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
    ];

    /// <summary>Which versions and cipher suites are offered and taken.</summary>
    public TlsProfile Profile { get; init; } = TlsProfile.Bcp195;

    /// <summary>Whether a listener lets in no peer without a certificate that is trusted. Default <see langword="true"/>.</summary>
    public bool RequiresClientCertificate { get; init; } = true;

    /// <summary>Name that the peer's certificate has to be for; <see langword="null"/> for the host that is connected to. A client's only.</summary>
    public string? PeerName { get; init; }

    /// <summary>Whether revocation is looked up. Default: no, as private roots seldom publish it; their certificates should be short-lived.</summary>
    public X509RevocationMode Revocation { get; init; } = X509RevocationMode.NoCheck;

    internal override async Task<ProtectedStream> ProtectAsync(Stream connection, string? host, TimeProvider time, CancellationToken cancellationToken)
    {
        var coalescing = new CoalescingStream(connection);
        var tls = new SslStream(coalescing, leaveInnerStreamOpen: false);
        var hasBegun = false;
        try
        {
            var ours = credentials();
            hasBegun = true;
            if (host is not null) await tls.AuthenticateAsClientAsync(ClientOptions(ours, host, time), cancellationToken).ConfigureAwait(false);
            else await tls.AuthenticateAsServerAsync(ServerOptions(ours, time), cancellationToken).ConfigureAwait(false);
            // Where the suites cannot be set beforehand (Windows), they are held against the list afterwards.
            if (!Suites.Contains(tls.NegotiatedCipherSuite)) throw new AuthenticationException();
            return new ProtectedStream(new TlsStream(tls, coalescing), tls.RemoteCertificate as X509Certificate2);
        }
        catch (IOException) when (hasBegun && host is not null && !coalescing.HasReceived)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            // It said nothing of certificates, versions or suites: a listener that has no room closes so.
            throw new AssociationException(new Fault(FaultCode.PeerClosedEarly), "The peer closed the connection before it answered anything: it has no room, or does not speak TLS on this port.");
        }
        catch (Exception e) when (e is AuthenticationException or IOException or InvalidOperationException or System.Security.Cryptography.CryptographicException)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            // Not as an inner exception: its message may hold what the peer sent.
            throw new AssociationException(new Fault(FaultCode.TlsRefused), "TLS could not be agreed on: look at versions, suites, names, dates and roots of both sides.");
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private TlsCipherSuite[] Suites => Profile is TlsProfile.ModifiedBcp195 ? Modified : Default;

#pragma warning disable CA5398 // no version below 1.2 is ever taken: RFC 8996, RFC 9325 §3.1.1
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;
#pragma warning restore CA5398

    private SslClientAuthenticationOptions ClientOptions(TlsCredentials ours, string host, TimeProvider time) => new()
    {
        TargetHost = PeerName ?? host, EnabledSslProtocols = Versions, AllowRenegotiation = false, AllowTlsResume = false, CipherSuitesPolicy = Policy(),
        CertificateChainPolicy = PeerCertificate.Policy(ours, Revocation, ofServer: true, time), RemoteCertificateValidationCallback = (_, certificate, chain, errors) => PeerCertificate.IsAcceptable(PeerName ?? host, certificate, chain, errors),
        ClientCertificateContext = Context(ours),
    };

    private SslServerAuthenticationOptions ServerOptions(TlsCredentials ours, TimeProvider time) => new()
    {
        EnabledSslProtocols = Versions, AllowRenegotiation = false, AllowTlsResume = false, CipherSuitesPolicy = Policy(),
        CertificateChainPolicy = PeerCertificate.Policy(ours, Revocation, ofServer: false, time), ClientCertificateRequired = RequiresClientCertificate,
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => (certificate is null && !RequiresClientCertificate) || PeerCertificate.IsAcceptable(certificate, chain, errors),
        ServerCertificateContext = Context(ours) ?? throw new InvalidOperationException("A listener needs a certificate."),
    };

    private static SslStreamCertificateContext? Context(TlsCredentials ours) => ours.Certificate is null ? null
        : SslStreamCertificateContext.Create(ours.Certificate, ours.Intermediates, offline: true);

    private CipherSuitesPolicy? Policy() => OperatingSystem.IsWindows() ? null : NewPolicy();

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private CipherSuitesPolicy NewPolicy() => new(Suites);
}
