using System.Globalization;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;
using Microsoft.Data.Sqlite;

namespace Dicom.Migration.Engine.Ledger;

/// <summary>Reads a SQLite ledger, in this process or another, while a runner writes it.</summary>
public sealed class SqliteLedgerReader : ILedgerReader, IDisposable
{
    private const int PageLength = 1_000; // instances held in memory at once

    private const string Instance = $"""
        SELECT number, (SELECT key FROM unit WHERE id = unit), uid, copy, s.study, s.series,
          (SELECT text FROM name WHERE id = class), (SELECT text FROM name WHERE id = syntax), (SELECT text FROM name WHERE id = rule), stands_at, {InstanceRow.Columns}
        FROM instance LEFT JOIN series s ON s.id = instance.series
        """;

    private readonly string _connectionString;

    internal SqliteLedgerReader(string path, SqliteLedgerOptions options) => _connectionString = LedgerFile.ConnectionString(path, SqliteOpenMode.ReadOnly, options);

    /// <summary>Opens an existing ledger for reading.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How it is kept, or <see langword="null"/> for the defaults.</param>
    /// <exception cref="LedgerException">It is no ledger, or of a newer version.</exception>
    public static SqliteLedgerReader Open(string path, SqliteLedgerOptions? options = null)
    {
        options ??= new();
        SqliteLedgerOptions.Check(options);
        var reader = new SqliteLedgerReader(path, options);
        LedgerFile.CheckReadable(reader._connectionString);
        return reader;
    }

    /// <inheritdoc/>
    public ValueTask<LedgerHeader> ReadHeaderAsync(CancellationToken cancellationToken) => QueryAsync(static connection =>
    {
        using var select = new Statement(connection, $"SELECT migration, source, target, created, cursor, complete FROM ledger");
        using var row = select.Read();
        if (!row.Read()) throw LedgerFile.Unusable("The ledger has no header.");
        return new LedgerHeader(new(row.GetString(0), row.GetString(1), row.GetString(2)), LedgerSchema.Version,
            DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), row.IsDBNull(4) ? null : row.GetString(4), row.GetInt32(5) != 0);
    }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LedgerAccount> ReadAccountAsync(CancellationToken cancellationToken) => QueryAsync(static connection =>
    {
        // One statement, hence one moment.
        using var select = new Statement(connection, """
            SELECT l.units, l.pending, l.not_seen, l.complete, a.state, a.fault, n.text, a.evidence, a.instances
            FROM ledger l LEFT JOIN account a ON a.instances > 0 LEFT JOIN name n ON n.id = a.rule ORDER BY a.state, a.fault, n.text, a.evidence
            """);
        using var row = select.Read();
        var (lines, header) = (new List<LedgerAccountLine>(), (Units: 0L, Pending: 0L, NotSeen: 0L, Complete: false));
        while (row.Read())
        {
            header = (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt32(3) != 0);
            if (row.IsDBNull(4)) continue; // no instances yet
            lines.Add(new((InstanceState)row.GetInt32(4), (FaultCode)row.GetInt32(5), row.IsDBNull(6) ? null : row.GetString(6),
                row.GetInt32(7) < 0 ? null : (EvidenceLevel)row.GetInt32(7), row.GetInt64(8)));
        }
        return new LedgerAccount(lines, header.Units, header.Pending, header.NotSeen, header.Complete);
    }, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<LedgerInstance> ReadInstancesAsync(LedgerQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (after, left) = (query.AfterNumber, query.Limit ?? long.MaxValue);
        while (left > 0)
        {
            var length = (int)Math.Min(left, PageLength);
            var page = await QueryAsync(connection => ReadPage(connection, query, after, length), cancellationToken).ConfigureAwait(false);
            foreach (var instance in page) yield return instance;
            if (page.Count < length) yield break;
            after = page[^1].Number;
            left -= page.Count;
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerStep>> ReadHistoryAsync(long number, CancellationToken cancellationToken) => QueryAsync<IReadOnlyList<LedgerStep>>(connection =>
    {
        using var select = new Statement(connection, """
            SELECT 0 AS step, found_at, found_epoch, 0, 0, NULL, NULL, NULL, NULL FROM instance WHERE number = ?1
            UNION ALL
            SELECT step, at, epoch, state, fault, tag, place, (SELECT text FROM name WHERE id = rule), evidence FROM history WHERE instance = ?1 ORDER BY step
            """);
        using var row = select.Read(number);
        var steps = new List<LedgerStep>();
        while (row.Read())
            steps.Add(new(row.GetInt32(0), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(1)), row.GetInt64(2), (InstanceState)row.GetInt32(3),
                InstanceRow.ReadFault(row, 4), row.IsDBNull(7) ? null : row.GetString(7), (EvidenceLevel?)InstanceRow.Optional(row, 8)));
        return steps;
    }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<LedgerInstance>> FindAsync(string sopInstanceUid, CancellationToken cancellationToken) => QueryAsync<IReadOnlyList<LedgerInstance>>(connection =>
    {
        // What has no UID stands under its place: nobody looks it up, and who does looks through all.
        using var select = new Statement(connection, $"{Instance} WHERE {(sopInstanceUid.Length == 0 ? "" : "hash = ?2 AND ")}uid = ?1 ORDER BY number");
        using var row = sopInstanceUid.Length == 0 ? select.Read(PackedUid.Pack(sopInstanceUid)) : select.Read(PackedUid.Pack(sopInstanceUid), PackedUid.Key(sopInstanceUid));
        return ReadAll(row);
    }, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LedgerUnit?> FindUnitAsync(string key, CancellationToken cancellationToken) => QueryAsync(connection =>
    {
        using var select = new Statement(connection, "SELECT kind, expected FROM unit WHERE hash = ?1 AND key = ?2");
        using var row = select.Read(PackedUid.Key(key), PackedUid.Pack(key));
        return row.Read() ? new LedgerUnit(key, (LedgerUnitKind)row.GetInt32(0), (int?)InstanceRow.Optional(row, 1)) : null;
    }, cancellationToken);

    /// <summary>Lets go of the file; a reader may be used again after it.</summary>
    public void Dispose()
    {
        using var connection = new SqliteConnection(_connectionString);
        SqliteConnection.ClearPool(connection);
    }

    internal ValueTask<T> QueryAsync<T>(Func<SqliteConnection, T> query, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Task.Run(() =>
        {
            using var connection = LedgerFile.OpenReader(_connectionString);
            try
            {
                return query(connection);
            }
            catch (SqliteException e)
            {
                throw LedgerFile.Translate(e);
            }
        }, cancellationToken));
    }

    private static List<LedgerInstance> ReadPage(SqliteConnection connection, LedgerQuery query, long after, int length)
    {
        var sql = Instance + " WHERE number > ?1";
        // Watched states have an index of their own, which is used if the query names its condition; the state is our own number.
        if (query.State is { } state)
        {
            sql += string.Create(CultureInfo.InvariantCulture, $" AND state = {(int)state}");
            if (state is InstanceState.Sending or InstanceState.Acknowledged or InstanceState.Unknown or InstanceState.Excepted) sql += " AND " + LedgerSchema.Watched;
        }
        if (query.Fault is { } fault) sql += string.Create(CultureInfo.InvariantCulture, $" AND fault = {(int)fault}");
        if (query.UnitKey is not null) sql += " AND unit = (SELECT id FROM unit WHERE hash = ?3 AND key = ?4)";
        using var select = new Statement(connection, sql + " ORDER BY number LIMIT ?2");
        using var row = query.UnitKey is { } key ? select.Read(after, length, PackedUid.Key(key), PackedUid.Pack(key)) : select.Read(after, length);
        return ReadAll(row);
    }

    private static List<LedgerInstance> ReadAll(SqliteDataReader row)
    {
        var instances = new List<LedgerInstance>();
        while (row.Read())
        {
            var now = InstanceRow.Read(row, 10);
            var identity = new LedgerDiscovery(Uid(row, 1)!, Uid(row, 2)!, row.GetInt32(3))
            {
                StudyInstanceUid = Uid(row, 4),
                SeriesInstanceUid = Uid(row, 5),
                SopClassUid = row.IsDBNull(6) ? null : row.GetString(6),
                TransferSyntaxUid = row.IsDBNull(7) ? null : row.GetString(7),
                Length = now.Length,
                Place = row.IsDBNull(9) ? null : row.GetString(9),
            };
            var current = new LedgerOutcome(now.State)
            {
                Fault = now.Fault,
                Rule = row.IsDBNull(8) ? null : row.GetString(8),
                Evidence = now.Evidence,
                SourceDigest = now.Source,
                SentDigest = now.Sent,
                TargetDigest = now.Target,
                TargetLocation = now.Location,
                Length = now.Length,
            };
            instances.Add(new(row.GetInt64(0), identity, current, now.Attempts));
        }
        return instances;
    }

    private static string? Uid(SqliteDataReader row, int at)
    {
        if (row.IsDBNull(at)) return null;
        var packed = row.GetFieldValue<byte[]>(at);
        return packed.AsSpan().SequenceEqual(LedgerSchema.NotKnown) ? null : PackedUid.Unpack(packed);
    }
}
