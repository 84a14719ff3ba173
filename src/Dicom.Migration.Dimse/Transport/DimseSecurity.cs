namespace Dicom.Migration.Dimse;

/// <summary>How a connection is protected. There is no default and no fallback: <see cref="DimseTls"/>, or plaintext by its name.</summary>
public abstract class DimseSecurity
{
    private protected DimseSecurity()
    {
    }

    /// <summary>No protection: whoever is on the way reads and changes what passes, and anyone can claim any AE title.</summary>
    public static DimseSecurity Plaintext { get; } = new PlaintextSecurity();

    /// <summary>Whether what it needs is there, as far as that can be known before anybody connects.</summary>
    /// <param name="isListener">Whether it has to serve a listener.</param>
    /// <exception cref="AssociationException"><see cref="FaultCode.InvalidConfiguration"/>.</exception>
    internal virtual void Check(bool isListener)
    {
    }

    /// <summary>Protects a connection, as the side that made it or that took it.</summary>
    /// <param name="connection">Disposed of if it fails.</param> <param name="host">What a client connected to; <see langword="null"/> as the server.</param>
    /// <param name="time">The clock of certificates.</param> <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AssociationException"><see cref="FaultCode.TlsRefused"/>; <see cref="FaultCode.PeerClosedEarly"/> if the peer said nothing at all; <see cref="FaultCode.InvalidConfiguration"/> if it is our
    /// credentials that cannot be used.</exception>
    internal abstract Task<ProtectedStream> ProtectAsync(Stream connection, string? host, TimeProvider time, CancellationToken cancellationToken);

    private sealed class PlaintextSecurity : DimseSecurity
    {
        internal override Task<ProtectedStream> ProtectAsync(Stream connection, string? host, TimeProvider time, CancellationToken cancellationToken) =>
            Task.FromResult(new ProtectedStream(connection, null));
    }
}
