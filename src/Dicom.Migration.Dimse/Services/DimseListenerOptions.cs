using System.Net;

namespace Dicom.Migration.Dimse;

/// <summary>Limits of a listener.</summary>
public sealed record DimseListenerOptions : AssociationOptions
{
    /// <summary>Where to listen. Default: loopback, port 11112. Port 0 picks a free one.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 11112);

    /// <summary>Most connections at a time; 1 or more. One more closes the oldest that has no association, or is closed itself if all have one. Default 256.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>Most connections from one address at a time; 1 or more. One more is closed. Default 64.</summary>
    public int MaxConnectionsPerAddress { get; init; } = 64;

    /// <summary>Most associations at a time; 1 or more. One more is rejected for now: local limit exceeded. Default 64.</summary>
    public int MaxAssociations { get; init; } = 64;

    internal override void Check()
    {
        base.Check();
        if (MaxConnections < 1 || MaxConnectionsPerAddress < 1 || MaxAssociations < 1)
            throw new InvalidOperationException($"{nameof(MaxConnections)}, {nameof(MaxConnectionsPerAddress)} and {nameof(MaxAssociations)} must be 1 or more.");
    }
}
