using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.Dimse;

/// <summary>Who this side is, and whom it trusts.</summary>
/// <remarks>Nobody here disposes of the certificates, as several handshakes may use them at a time: they are for whoever made them, or for the garbage collector.</remarks>
/// <param name="Certificate">Certificate with its private key; a listener needs one, a client if the peer asks for it.</param>
/// <param name="Intermediates">Certificates between it and its root, sent along.</param>
/// <param name="TrustRoots">Roots that peers' certificates have to lead to. <see langword="null"/> trusts those of the operating system, which for
/// a hospital's network is more than it should.</param>
public sealed record TlsCredentials(X509Certificate2? Certificate, X509Certificate2Collection Intermediates, X509Certificate2Collection? TrustRoots)
{
    /// <summary>No member: a certificate names people and places.</summary>
    public override string ToString() => nameof(TlsCredentials);
}
