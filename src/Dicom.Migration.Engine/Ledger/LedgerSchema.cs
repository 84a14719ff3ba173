using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Dicom.Migration.Engine.Ledger;

/// <summary>The layout of a SQLite ledger, for 10^8 instances: one row each, UIDs packed, what many share stored once.</summary>
internal static class LedgerSchema
{
    /// <summary>"DMLG": says in the file's header that it is one of ours (SQLite file format §1.3.17).</summary>
    public const int ApplicationId = 0x444D4C47;

    /// <summary>Only ever grows; a newer one is refused, an older one is brought up to date by whoever opens it for writing.</summary>
    public const int Version = 2;

    /// <summary>From the version of its index, plus one, to the next; inside a transaction.</summary>
    public static readonly Action<SqliteConnection>[] Upgrades = [AddStampsAndFindFindings];

    /// <summary>Study or series that is not known; no packed UID is one byte 0xFF.</summary>
    public static readonly byte[] NotKnown = [0xFF];

    /// <summary>States that are looked for among many instances; a query must name this list for the index to be used.</summary>
    public const string Watched = "state IN (1,2,3,6)";

    /// <summary>Under which hash stands what has no UID.</summary>
    public static long FindingKey(long unit, string? place, int copy) => PackedUid.Key(string.Create(CultureInfo.InvariantCulture, $"\n{unit}\n{copy}\n{place}"));

    // Done is 0, or the epoch of the lease under which the unit was completed.
    // An empty digest says "the same as the one before it": sent as source, target as sent.
    public const string Create = $"""
        CREATE TABLE ledger(
          id INTEGER PRIMARY KEY CHECK(id = 1), migration TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, created INTEGER NOT NULL,
          cursor TEXT, complete INTEGER NOT NULL, desired INTEGER NOT NULL,
          epoch INTEGER NOT NULL, holder TEXT NOT NULL, until INTEGER NOT NULL,
          units INTEGER NOT NULL, pending INTEGER NOT NULL CHECK(pending >= 0), not_seen INTEGER NOT NULL CHECK(not_seen >= 0));
        CREATE TABLE name(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
        CREATE TABLE series(id INTEGER PRIMARY KEY, study BLOB NOT NULL, series BLOB NOT NULL, UNIQUE(study, series));
        CREATE TABLE unit(
          id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, key BLOB NOT NULL, kind INTEGER NOT NULL, expected INTEGER,
          found INTEGER NOT NULL, attempts INTEGER NOT NULL, done INTEGER NOT NULL, stamp TEXT);
        CREATE INDEX unit_hash ON unit(hash);
        CREATE INDEX unit_pending ON unit(attempts, id) WHERE done = 0;
        CREATE TABLE instance(
          number INTEGER PRIMARY KEY, unit INTEGER NOT NULL, hash INTEGER NOT NULL, uid BLOB NOT NULL, copy INTEGER NOT NULL,
          series INTEGER, class INTEGER, syntax INTEGER, length INTEGER, stands_at TEXT, found_at INTEGER NOT NULL, found_epoch INTEGER NOT NULL,
          state INTEGER NOT NULL, steps INTEGER NOT NULL, attempts INTEGER NOT NULL,
          fault INTEGER NOT NULL, tag INTEGER, place INTEGER, rule INTEGER, evidence INTEGER,
          source_digest BLOB, sent_digest BLOB, target_digest BLOB, location TEXT);
        CREATE INDEX instance_unit ON instance(unit);
        CREATE INDEX instance_hash ON instance(hash);
        CREATE INDEX instance_watched ON instance(state) WHERE {Watched};
        CREATE TABLE history(
          instance INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, epoch INTEGER NOT NULL, state INTEGER NOT NULL,
          fault INTEGER NOT NULL, tag INTEGER, place INTEGER, rule INTEGER, evidence INTEGER, PRIMARY KEY(instance, step)) WITHOUT ROWID;
        CREATE TABLE account(
          state INTEGER NOT NULL, fault INTEGER NOT NULL, rule INTEGER NOT NULL, evidence INTEGER NOT NULL,
          instances INTEGER NOT NULL CHECK(instances >= 0), PRIMARY KEY(state, fault, rule, evidence)) WITHOUT ROWID;
        CREATE TRIGGER history_is_not_changed BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is appended, never changed'); END;
        CREATE TRIGGER history_is_kept BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is appended, never deleted'); END;
        CREATE TRIGGER instance_is_kept BEFORE DELETE ON instance BEGIN SELECT RAISE(ABORT, 'no instance is forgotten'); END;
        """;

    // Of a unit without a stamp nothing is known: with its first one it is read again. What has no UID was counted in its unit, and is counted at its place now.
    private static void AddStampsAndFindFindings(SqliteConnection connection)
    {
        using (var add = new Statement(connection, "ALTER TABLE unit ADD COLUMN stamp TEXT")) add.Run();
        var findings = new List<(long Number, long Unit, string? Place, int Copy)>();
        using (var select = new Statement(connection, "SELECT number, unit, stands_at, copy FROM instance WHERE uid = x'' ORDER BY number"))
        using (var row = select.Read())
            while (row.Read()) findings.Add((row.GetInt64(0), row.GetInt64(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetInt32(3)));
        using var update = new Statement(connection, "UPDATE instance SET hash = ?2, copy = ?3 WHERE number = ?1");
        var next = new Dictionary<(long, string), int>();
        foreach (var (number, unit, place, copy) in findings)
        {
            var here = place is null ? copy : next[(unit, place)] = next.GetValueOrDefault((unit, place), -1) + 1;
            update.Run(number, FindingKey(unit, place, here), here);
        }
    }
}
