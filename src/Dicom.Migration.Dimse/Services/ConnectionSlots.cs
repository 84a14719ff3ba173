using System.Net;

namespace Dicom.Migration.Dimse.Services;

/// <summary>Who may be connected at a time. A crowd of connections that ask for nothing neither keeps others out nor harms who has an association.</summary>
internal sealed class ConnectionSlots(int most, int mostPerAddress, int mostAssociations)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Slot> _waiting = new(); // without an association yet, oldest first
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private int _connections;
    private int _associations;

    /// <summary>The place of one connection.</summary>
#pragma warning disable CA1001 // a source without a timer holds nothing to dispose of
    internal sealed class Slot(Stream connection, EndPoint? remote, IPAddress address)
#pragma warning restore CA1001
    {
        private readonly CancellationTokenSource _evicted = new();

        /// <summary>Cancelled when it has to make room: whoever is asked about it has no more to say.</summary>
        public CancellationToken Evicted => _evicted.Token;
        public Stream Connection => connection;
        public string Remote => remote?.ToString() ?? "";
        public IPAddress Address => address;
        public bool IsAssociation { get; set; }
        public bool IsFree { get; set; }

        public void Evict()
        {
            Connection.Dispose(); // whoever serves it sees a broken connection
            _ = _evicted.CancelAsync(); // what a handler does about it does not hold up the next connection
        }
    }

    /// <returns><see langword="null"/> if there is no room.</returns>
    public Slot? Take(Stream connection, EndPoint? remote)
    {
        var address = (remote as IPEndPoint)?.Address.MapToIPv6() ?? IPAddress.IPv6None;
        Slot? oldest = null;
        Slot slot;
        lock (_gate)
        {
            if (_byAddress.GetValueOrDefault(address) >= mostPerAddress) return null;
            if (_connections >= most)
            {
                oldest = _waiting.First?.Value;
                if (oldest is null) return null;
                Remove(oldest);
            }

            slot = new Slot(connection, remote, address);
            _waiting.AddLast(slot);
            _byAddress[address] = _byAddress.GetValueOrDefault(address) + 1;
            _connections++;
        }

        oldest?.Evict();
        return slot;
    }

    /// <summary>Its association is about to be accepted.</summary>
    /// <returns><see langword="false"/> if there are as many as may be, or if it had to make room.</returns>
    public bool Open(Slot slot)
    {
        lock (_gate)
        {
            if (slot.IsFree || _associations >= mostAssociations) return false;
            _associations++;
            slot.IsAssociation = true;
            _waiting.Remove(slot);
            return true;
        }
    }

    /// <summary>Its connection is closed.</summary>
    public void Free(Slot slot)
    {
        lock (_gate) Remove(slot);
    }

    private void Remove(Slot slot)
    {
        if (slot.IsFree) return;
        slot.IsFree = true;
        _connections--;
        if (slot.IsAssociation) _associations--;
        else _waiting.Remove(slot);
        if (--_byAddress[slot.Address] == 0) _byAddress.Remove(slot.Address);
    }
}
