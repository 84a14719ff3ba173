namespace Dicom.Migration.Engine.Ledger;

/// <summary>Hands out the units of a SQLite ledger inside one process, under the ledger's own lease.</summary>
/// <remarks>
/// Who holds a unit is kept in memory, by a clock that cannot be set: if the process ends, its units are free. What must outlive it
/// (complete or not, attempts) is in the ledger. Another process cannot hold units of the same ledger, as it cannot hold its lease.
/// </remarks>
/// <param name="ledger">The ledger.</param>
/// <param name="ledgerLease">The right to write it; the host renews it.</param>
/// <param name="time">The clock for work leases.</param>
public sealed class SqliteWorkCoordinator(SqliteLedger ledger, LedgerLease ledgerLease, TimeProvider time) : IWorkCoordinator
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Holding> _held = new(StringComparer.Ordinal);
    private long _handouts;

    /// <inheritdoc/>
    public async ValueTask<WorkLease> AcquireAsync(int maxUnits, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxUnits, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero);
        // Larger than any that an earlier holder of the ledger handed out.
        var epoch = (ledgerLease.Epoch << 32) + Interlocked.Increment(ref _handouts);
        try
        {
            var items = await ledger.Writer.DoAsync(writer => Take(writer, epoch, maxUnits, duration), cancellationToken).ConfigureAwait(false);
            return new(epoch, items, duration);
        }
        catch
        {
            lock (_gate)
                foreach (var (key, holding) in _held)
                    if (holding.Epoch == epoch) _held.Remove(key);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask RenewAsync(WorkLease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        await ledger.Writer.DoAsync(writer =>
        {
            writer.CheckEpoch(ledgerLease.Epoch);
            lock (_gate)
            {
                foreach (var item in lease.Items)
                    if (_held.TryGetValue(item.Unit.Key, out var holding) ? holding.Epoch != lease.Epoch : !writer.IsComplete(item.Unit.Key)) throw Lost();
                foreach (var item in lease.Items)
                    if (_held.TryGetValue(item.Unit.Key, out var holding)) _held[item.Unit.Key] = holding with { Since = time.GetTimestamp() };
            }
            return true;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask CompleteAsync(WorkLease lease, string unitKey, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        ArgumentNullException.ThrowIfNull(unitKey);
        await ledger.Writer.DoAsync(writer =>
        {
            writer.CheckEpoch(ledgerLease.Epoch);
            if (writer.IsComplete(unitKey)) return false;
            Holding? holding;
            lock (_gate) holding = _held.GetValueOrDefault(unitKey);
            if (holding is null || holding.Epoch != lease.Epoch) throw Lost();
            writer.CompleteUnit(ledgerLease.Epoch, holding.Unit, holding.As);
            return true;
        }, cancellationToken).ConfigureAwait(false);
        lock (_gate) _held.Remove(unitKey); // only now is it durable; a unit that is complete is never handed out again
    }

    /// <inheritdoc/>
    public ValueTask<DesiredState> ReadDesiredStateAsync(CancellationToken cancellationToken) => ledger.ReadDesiredStateAsync(cancellationToken);

    private List<WorkItem> Take(LedgerWriter writer, long epoch, int maxUnits, TimeSpan duration)
    {
        writer.CheckEpoch(ledgerLease.Epoch);
        var items = new List<WorkItem>();
        if ((DesiredState)(writer.Sql("SELECT desired FROM ledger").Number() ?? 0) != DesiredState.Run) return items;
        lock (_gate)
        {
            // What was never tried comes first: units that an earlier run could not bring to their end do not stand in the way of the others.
            // Read past as many as are in hand, and there are enough if there are any.
            using var row = writer.Sql("SELECT id, key, kind, expected, attempts, stamp FROM unit WHERE done = 0 ORDER BY attempts, id LIMIT ?1").Read((long)maxUnits + _held.Count);
            while (items.Count < maxUnits && row.Read())
            {
                var key = PackedUid.Unpack(row.GetFieldValue<byte[]>(1));
                if (_held.TryGetValue(key, out var holding) && time.GetElapsedTime(holding.Since) < holding.Duration) continue;
                var unit = new LedgerUnit(key, (LedgerUnitKind)row.GetInt32(2), (int?)InstanceRow.Optional(row, 3)) { Stamp = row.IsDBNull(5) ? null : row.GetString(5) };
                _held[key] = new(row.GetInt64(0), unit, epoch, time.GetTimestamp(), duration);
                items.Add(new(unit, row.GetInt32(4) + 1));
            }
            foreach (var item in items) writer.Sql("UPDATE unit SET attempts = attempts + 1 WHERE id = ?1").Run(_held[item.Unit.Key].Unit);
        }
        return items;
    }

    private static LedgerException Lost() => new(new(FaultCode.LeaseLost), "The unit was handed to another worker.");

    private sealed record Holding(long Unit, LedgerUnit As, long Epoch, long Since, TimeSpan Duration);
}
