namespace Dicom.Migration.Dimse;

/// <summary>How a connection is protected. There is no default and no fallback: <see cref="DimseTls"/>, or plaintext by its name.</summary>
public abstract class DimseSecurity
{
    private protected DimseSecurity()
    {
    }

    /// <summary>No protection: whoever is on the way reads and changes what passes, and anyone can claim any AE title.</summary>
    public static DimseSecurity Plaintext { get; } = new PlaintextSecurity();

    /// <summary>Protects a connection, as the side that made it or that took it.</summary>
    /// <param name="connection">Disposed of if it fails.</param> <param name="host">What a client connected to; <see langword="null"/> as the server.</param>
    /// <param name="time">The clock of certificates.</param> <param name="cancellationToken">Gives up.</param>
    /// <exception cref="AssociationException"><see cref="FaultCode.TlsRefused"/>.</exception>
    internal abstract Task<ProtectedStream> ProtectAsync(Stream connection, string? host, TimeProvider time, CancellationToken cancellationToken);

    private sealed class PlaintextSecurity : DimseSecurity
    {
        internal override Task<ProtectedStream> ProtectAsync(Stream connection, string? host, TimeProvider time, CancellationToken cancellationToken) =>
            Task.FromResult(new ProtectedStream(connection, null));
    }
}
