using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Dicom.Migration.Dimse;

/// <summary>Who may bring something: by AE title, which anyone can claim, and by address. Over TLS the certificate has been checked before.</summary>
internal sealed class ReturnAdmission(DimsePeerOptions options)
{
    private readonly ConcurrentDictionary<string, IPAddress[]> _known = new(StringComparer.Ordinal); // as they were found last

    /// <summary>Whether an association is taken.</summary>
    public async ValueTask<bool> AdmitsAsync(AssociationInfo association, CancellationToken cancellationToken)
    {
        if (!(options.ReturnAeTitles is { Count: > 0 } titles ? titles : [options.CalledAeTitle]).Any(t => string.Equals(t.Trim(' '), association.CallingAeTitle, StringComparison.Ordinal))) return false;
        var nodes = options.ReturnAddresses is { Count: > 0 } addresses ? addresses : [options.Host];
        if (nodes.Contains(DimsePeerOptions.AnyAddress, StringComparer.Ordinal)) return true;
        if (!IPEndPoint.TryParse(association.Remote, out var remote)) return false;
        foreach (var node in nodes)
            if ((await ResolveAsync(node, cancellationToken).ConfigureAwait(false)).Any(a => IsSame(a, remote.Address))) return true;
        return false;
    }

    private async ValueTask<IPAddress[]> ResolveAsync(string node, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(node, out var address)) return [address];
        try
        {
            return _known[node] = await Dns.GetHostAddressesAsync(node, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            return _known.GetValueOrDefault(node, []); // a name that nobody ever knew has no address to come from
        }
    }

    private static bool IsSame(IPAddress one, IPAddress other) => (IPAddress.IsLoopback(one) && IPAddress.IsLoopback(other)) || one.MapToIPv6().Equals(other.MapToIPv6());
}
