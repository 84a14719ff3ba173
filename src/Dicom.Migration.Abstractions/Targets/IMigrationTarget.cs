namespace Dicom.Migration;

/// <summary>A place that instances are stored into. Sessions are independent and may be used at the same time.</summary>
public interface IMigrationTarget
{
    /// <summary>Names the target in configuration, logs and the ledger; unique in one migration.</summary>
    public string Name { get; }

    /// <summary>Says which archive this is, as kind and address, such as <c>folder:/archive</c>; no credentials. A ledger is bound to it.</summary>
    public string Address { get; }

    /// <summary>Whether it keeps two objects with one SOP Instance UID and other content apart. Archives do not: some drop the second, some the first,
    /// and say success. Unless this says so, the second one is not sent while the target may hold the first; it is an exception (<see cref="FaultCode.UidConflict"/>).</summary>
    public bool KeepsRivals => false;

    /// <summary>Opens a session: an association, a connection, a batch of files. One lane keeps it and uses it again and again.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TargetUnavailableException">The target cannot be reached; its fault says whether to try again.</exception>
    public Task<ITargetSession> OpenSessionAsync(CancellationToken cancellationToken);
}
