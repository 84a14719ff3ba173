using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dicom.Migration.Dimse.Transport;

namespace Dicom.Migration.Dimse;

/// <summary>The TLS profiles of PS3.15 that are not retired.</summary>
public enum TlsProfile
{
    /// <summary>
    /// BCP 195 RFC 8996, 9325 (PS3.15 §B.12), with forward secrecy and authenticated encryption alone. The default.
    /// <list type="bullet">
    /// <item>TLS 1.3: AES-256-GCM, AES-128-GCM, ChaCha20-Poly1305.</item>
    /// <item>TLS 1.2: ECDHE with AES-256-GCM or AES-128-GCM, for ECDSA and RSA (RFC 9325 §4.2).</item>
    /// </list>
    /// </summary>
    Bcp195,
    /// <summary>
    /// Modified BCP 195 RFC 8996, 9325 (PS3.15 §B.13): besides what <see cref="Bcp195"/> has,
    /// <list type="bullet">
    /// <item>TLS 1.3: AES-128-CCM.</item>
    /// <item>TLS 1.2: ECDHE with ChaCha20-Poly1305, for ECDSA and RSA; with AES-256-CCM or AES-128-CCM, for ECDSA.</item>
    /// </list>
    /// Left out: tags of 8 bytes (CCM_8), which IANA does not recommend; DHE, against which RFC 9325 advises; Camellia in GCM, which no platform of .NET knows.
    /// </summary>
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

    /// <summary>Whether a listener lets in no peer without a certificate. Default <see langword="true"/>. It is asked for one either way, and with one that is not trusted it is not let in.</summary>
    public bool RequiresClientCertificate { get; init; } = true;

    /// <summary>Name that the peer's certificate has to be for; <see langword="null"/> for the host that is connected to. A client's only.</summary>
    public string? PeerName { get; init; }

    /// <summary>Whether the peer's certificate and those above it, but for the root, are looked up as revoked. Default: no, as private roots seldom publish it; their certificates should be short-lived.</summary>
    /// <remarks>
    /// <see cref="X509RevocationMode.Online"/> fetches the list that a certificate names (OCSP or CRL, over http), and keeps it as long as it is valid; <see cref="X509RevocationMode.Offline"/>
    /// takes what was kept. A status that is not known is refused like one that is revoked: no list is named, it cannot be fetched, it is out of date. A fetch takes 10 s at most; it
    /// counts towards ARTIM, which does not cut it short.
    /// </remarks>
    public X509RevocationMode Revocation { get; init; } = X509RevocationMode.NoCheck;

    /// <summary>Reads the credentials once, so that what is wrong with them is said before anybody connects.</summary>
    internal override void Check(bool isListener) => Credentials(isListener);

    internal override async Task<ProtectedStream> ProtectAsync(Stream connection, string? host, TimeProvider time, CancellationToken cancellationToken)
    {
        var coalescing = new CoalescingStream(connection);
        var tls = new SslStream(coalescing, leaveInnerStreamOpen: false);
        try
        {
            var (ours, context) = Credentials(isListener: host is null);
            if (host is not null) await tls.AuthenticateAsClientAsync(ClientOptions(ours, context, host, time), cancellationToken).ConfigureAwait(false);
            else await tls.AuthenticateAsServerAsync(ServerOptions(ours, context!, time), cancellationToken).ConfigureAwait(false);
            // Where the suites cannot be set beforehand (Windows), they are held against the list afterwards.
            if (!Suites.Contains(tls.NegotiatedCipherSuite)) throw new AuthenticationException();
            return new ProtectedStream(new TlsStream(tls, coalescing), tls.RemoteCertificate as X509Certificate2);
        }
        catch (IOException) when (!coalescing.HasReceived)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            // It said nothing of certificates, versions or suites: a listener that has no room closes so, and a client that only looks whether somebody listens.
            throw new AssociationException(new Fault(FaultCode.PeerClosedEarly), host is null ? "The peer closed the connection before it said anything."
                : "The peer closed the connection before it answered anything: it has no room, or does not speak TLS on this port.");
        }
        catch (Exception e) when (e is AuthenticationException or IOException or InvalidOperationException or CryptographicException)
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

    /// <exception cref="AssociationException">They cannot be used: our fault, and never the peer's (<see cref="FaultCode.InvalidConfiguration"/>).</exception>
    private (TlsCredentials Ours, SslStreamCertificateContext? Context) Credentials(bool isListener)
    {
        try
        {
            var ours = credentials();
            if (ours.TrustRoots is { Count: 0 }) throw new CryptographicException("No root is trusted.");
            if (ours.Certificate is not null)
                return ours.Certificate.HasPrivateKey ? (ours, SslStreamCertificateContext.Create(ours.Certificate, ours.Intermediates, offline: true)) : throw new CryptographicException("The certificate has no key.");
            return isListener ? throw new CryptographicException("A listener needs a certificate.") : (ours, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException or InvalidOperationException or NotSupportedException)
        {
            // Not as an inner exception: its message names files and people.
            throw new AssociationException(new Fault(FaultCode.InvalidConfiguration), isListener ? "Certificate, key or roots cannot be read: a listener needs all three, in PEM files whose key is not encrypted."
                : "Certificate, key or roots cannot be read: they are PEM files, the key not encrypted.");
        }
    }

    private TlsCipherSuite[] Suites => Profile is TlsProfile.ModifiedBcp195 ? Modified : Default;

#pragma warning disable CA5398 // no version below 1.2 is ever taken: RFC 8996, RFC 9325 §3.1.1
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;
#pragma warning restore CA5398

    private SslClientAuthenticationOptions ClientOptions(TlsCredentials ours, SslStreamCertificateContext? context, string host, TimeProvider time) => new()
    {
        TargetHost = PeerName ?? host, EnabledSslProtocols = Versions, AllowRenegotiation = false, AllowTlsResume = false, CipherSuitesPolicy = Policy(),
        CertificateChainPolicy = PeerCertificate.Policy(ours, Revocation, ofServer: true, time), RemoteCertificateValidationCallback = (_, certificate, chain, errors) => PeerCertificate.IsAcceptable(PeerName ?? host, certificate, chain, errors),
        ClientCertificateContext = context,
    };

    private SslServerAuthenticationOptions ServerOptions(TlsCredentials ours, SslStreamCertificateContext context, TimeProvider time) => new()
    {
        EnabledSslProtocols = Versions, AllowRenegotiation = false, AllowTlsResume = false, CipherSuitesPolicy = Policy(),
        CertificateChainPolicy = PeerCertificate.Policy(ours, Revocation, ofServer: false, time), ClientCertificateRequired = true, // asked for; whether one has to come is said below
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => (certificate is null && !RequiresClientCertificate) || PeerCertificate.IsAcceptable(certificate, chain, errors),
        ServerCertificateContext = context,
    };

    private CipherSuitesPolicy? Policy() => OperatingSystem.IsWindows() ? null : NewPolicy();

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private CipherSuitesPolicy NewPolicy() => new(Suites);
}
