using System.Security.Cryptography.X509Certificates;

namespace Dicom.Migration.Dimse;

/// <summary>Who asks for an association, and what it says beside its contexts.</summary>
/// <param name="CalledAeTitle">The AE title it wants, without leading or trailing spaces.</param>
/// <param name="CallingAeTitle">The AE title it says it has. A claim: anyone can make it.</param>
/// <param name="Remote">Address it connects from, as text.</param>
public sealed record AssociationInfo(string CalledAeTitle, string CallingAeTitle, string Remote)
{
    /// <summary>The certificate that the peer proved to have, if the connection is TLS and one was asked for.</summary>
    public X509Certificate2? Certificate { get; init; }
    /// <summary>Its user identity, if it gives one. A claim until the handler has verified it.</summary>
    public UserIdentity? Identity { get; init; }
    /// <summary>What it says about single SOP classes (PS3.7 §D.3.3.5).</summary>
    public IReadOnlyList<ExtendedNegotiation> Extended { get; init; } = [];
    /// <summary>Service class and related general SOP classes of what it proposes (PS3.7 §D.3.3.6).</summary>
    public IReadOnlyList<CommonExtendedNegotiation> CommonExtended { get; init; } = [];

    /// <summary>The titles and the address alone.</summary>
    public override string ToString() => $"{CallingAeTitle} at {Remote} to {CalledAeTitle}";
}
