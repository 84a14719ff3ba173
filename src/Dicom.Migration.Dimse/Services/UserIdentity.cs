namespace Dicom.Migration.Dimse;

/// <summary>Form of a user identity (PS3.7 Table D.3-14).</summary>
public enum UserIdentityKind
{
    /// <summary>User name, UTF-8.</summary>
    UserName = 1,
    /// <summary>User name and passcode, UTF-8.</summary>
    UserNameAndPasscode = 2,
    /// <summary>Kerberos service ticket.</summary>
    Kerberos = 3,
    /// <summary>SAML assertion.</summary>
    Saml = 4,
    /// <summary>JSON Web Token.</summary>
    JsonWebToken = 5,
}

/// <summary>A user identity (PS3.7 §D.3.3.7.1). Its fields are credentials: they are never logged.</summary>
/// <param name="Kind">Which form; a peer may send a number that is not in the enumeration.</param>
/// <param name="Primary">User name, ticket, assertion or token; at most 65,535 bytes.</param>
/// <param name="Secondary">Passcode; empty unless <paramref name="Kind"/> has one.</param>
/// <param name="WantsResponse">Whether the acceptor is to confirm. Without it, an acceptor that ignores the item looks like one that verified it.</param>
public sealed record UserIdentity(UserIdentityKind Kind, ReadOnlyMemory<byte> Primary, ReadOnlyMemory<byte> Secondary = default, bool WantsResponse = true)
{
    /// <summary>The kind alone.</summary>
    public override string ToString() => $"{nameof(UserIdentity)} {Kind}";
}
