namespace Dicom.Migration.Engine.Ledger;

/// <summary>A ledger in one SQLite file: WAL and synchronous=FULL, both read back, so that what is acknowledged survives a loss of power.</summary>
/// <remarks>Several may be open on one file, in this process or others, on one machine; only the holder of the lease appends.
/// The file must be on a local volume: WAL does not work over a network.</remarks>
public sealed class SqliteLedger : ILedger, IAsyncDisposable
{
    private readonly SqliteLedgerReader _reader;

    private SqliteLedger(string path, LedgerIdentity identity, TimeProvider time, SqliteLedgerOptions options)
    {
        Writer = new(LedgerFile.OpenWriter(path, identity, options, time.GetUtcNow()), time, options);
        _reader = new(path, options);
    }

    /// <summary>No lease lasts longer than this from now: 1 day.</summary>
    public static TimeSpan LongestLease { get; } = TimeSpan.FromDays(1);

    internal GroupCommit Writer { get; }

    /// <summary>Opens a ledger, or makes one if there is no file or an empty one. The file is readable by its owner alone.</summary>
    /// <param name="path">The file, on a local volume.</param>
    /// <param name="identity">The migration that it must belong to.</param>
    /// <param name="time">The clock for leases and history.</param>
    /// <param name="options">How it is kept, or <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LedgerException">It does not keep what it acknowledges (<see cref="FaultCode.LedgerUnusable"/>), is of a newer version
    /// (<see cref="FaultCode.LedgerTooNew"/>) or of another migration (<see cref="FaultCode.LedgerOfAnotherMigration"/>).</exception>
    public static Task<SqliteLedger> OpenAsync(string path, LedgerIdentity identity, TimeProvider time, SqliteLedgerOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(time);
        options ??= new();
        SqliteLedgerOptions.Check(options);
        return Task.Run(() => new SqliteLedger(path, identity, time, options), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LedgerLease> AcquireLeaseAsync(string holder, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(holder);
        CheckDuration(duration);
        return Writer.DoAsync(writer => writer.AcquireLease(holder, duration), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<LedgerLease> RenewAsync(LedgerLease lease, TimeSpan duration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        CheckDuration(duration);
        return Writer.DoAsync(writer => writer.Renew(lease, duration), cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask ReleaseAsync(LedgerLease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        await Writer.DoAsync(writer => writer.Release(lease), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<LedgerReceipt> AppendAsync(LedgerLease lease, LedgerBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        ArgumentNullException.ThrowIfNull(batch);
        return Writer.DoAsync(writer => writer.Append(lease, batch), cancellationToken);
    }

    /// <summary>Says what the operator wants of the runners. Needs no lease: the portal may say it, too.</summary>
    /// <param name="desired">What is wanted.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask RequestAsync(DesiredState desired, CancellationToken cancellationToken)
    {
        if (!Enum.IsDefined(desired)) throw new ArgumentOutOfRangeException(nameof(desired));
        await Writer.DoAsync(writer => writer.Sql("UPDATE ledger SET desired = ?1").Run((int)desired), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<LedgerHeader> ReadHeaderAsync(CancellationToken cancellationToken) => _reader.ReadHeaderAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LedgerAccount> ReadAccountAsync(CancellationToken cancellationToken) => _reader.ReadAccountAsync(cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<LedgerInstance> ReadInstancesAsync(LedgerQuery query, CancellationToken cancellationToken) => _reader.ReadInstancesAsync(query, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerStep>> ReadHistoryAsync(long number, CancellationToken cancellationToken) => _reader.ReadHistoryAsync(number, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerInstance>> FindAsync(string sopInstanceUid, CancellationToken cancellationToken) => _reader.FindAsync(sopInstanceUid, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LedgerUnit?> FindUnitAsync(string key, CancellationToken cancellationToken) => _reader.FindUnitAsync(key, cancellationToken);

    /// <summary>Writes what waits to be written, and closes the file. Leases stay: release them before.</summary>
    public async ValueTask DisposeAsync()
    {
        _reader.Dispose(); // readers first: the last connection to close folds the log into the database
        await Writer.DisposeAsync().ConfigureAwait(false);
    }

    internal ValueTask<DesiredState> ReadDesiredStateAsync(CancellationToken cancellationToken) => _reader.QueryAsync(static connection =>
    {
        using var select = new Statement(connection, "SELECT desired FROM ledger");
        return (DesiredState)(select.Number() ?? 0);
    }, cancellationToken);

    private static void CheckDuration(TimeSpan duration)
    {
        if (duration <= TimeSpan.Zero || duration > LongestLease) throw new ArgumentOutOfRangeException(nameof(duration), duration, "A lease lasts more than 0 and at most 1 day.");
    }
}
