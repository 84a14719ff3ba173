using System.Net.Http.Headers;
using System.Text;

namespace Dicom.Migration.DicomWeb;

/// <summary>Gives a secret when it is needed, from a file, a vault or the environment; it is asked each time and not kept.</summary>
/// <param name="cancellationToken">Gives up.</param>
public delegate ValueTask<string> SecretReference(CancellationToken cancellationToken);

/// <summary>How a client says who it is. Secrets come by reference, go into the Authorization header alone, and are printed nowhere.</summary>
public abstract class DicomWebCredential
{
    private protected DicomWebCredential() { }

    /// <summary>Nobody in particular.</summary>
    public static DicomWebCredential None { get; } = new Anonymous();

    /// <summary>User and password (RFC 7617).</summary>
    /// <param name="user">The user; no colon in it.</param>
    /// <param name="password">Where the password is.</param>
    public static DicomWebCredential Basic(string user, SecretReference password)
    {
        ArgumentException.ThrowIfNullOrEmpty(user);
        ArgumentNullException.ThrowIfNull(password);
        return user.Contains(':', StringComparison.Ordinal) ? throw new ArgumentException("A user has no colon (RFC 7617 §2).", nameof(user)) : new Fixed("Basic",
            async token => Convert.ToBase64String(Encoding.UTF8.GetBytes(user + ":" + await password(token).ConfigureAwait(false))));
    }

    /// <summary>A bearer token (RFC 6750).</summary>
    /// <param name="accessToken">Where the token is.</param>
    public static DicomWebCredential Bearer(SecretReference accessToken)
    {
        ArgumentNullException.ThrowIfNull(accessToken);
        return new Fixed("Bearer", accessToken);
    }

    /// <summary>The header of the next request.</summary>
    internal abstract ValueTask<AuthenticationHeaderValue?> GetAsync(CancellationToken cancellationToken);

    /// <summary>Is told that a header was refused; whether asking again may give another.</summary>
    internal virtual bool Refused(AuthenticationHeaderValue? header) => false;

    /// <summary>The kind; no secret.</summary>
    public override string ToString() => GetType().Name;

    private sealed class Anonymous : DicomWebCredential
    {
        internal override ValueTask<AuthenticationHeaderValue?> GetAsync(CancellationToken cancellationToken) => default;
    }

    private sealed class Fixed(string scheme, SecretReference secret) : DicomWebCredential
    {
        internal override async ValueTask<AuthenticationHeaderValue?> GetAsync(CancellationToken cancellationToken)
        {
            var value = await secret(cancellationToken).ConfigureAwait(false);
            // A value that is no token ends up in a header: a line break in it would be another header.
            return value.Length > 0 && !value.AsSpan().ContainsAnyExceptInRange(' ', '~') ? new AuthenticationHeaderValue(scheme, value)
                : throw new DicomWebException(FaultCode.InvalidConfiguration, "A secret is empty, or holds characters that no header may.");
        }
    }
}
