using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Dicom.Migration.Engine.Ledger;

/// <summary>Opens ledger files, and refuses what is no ledger or does not keep what it acknowledges.</summary>
internal static class LedgerFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public static SqliteConnection OpenWriter(string path, LedgerIdentity identity, SqliteLedgerOptions options, DateTimeOffset now)
    {
        KeepPrivate(path);
        var connection = new SqliteConnection(ConnectionString(path, SqliteOpenMode.ReadWrite, options));
        try
        {
            connection.Open();
            var isNew = Inspect(connection);
            if (!IsWal(connection, "PRAGMA journal_mode = WAL")) throw Unusable("The volume does not support SQLite's WAL mode.");
            Run(connection, "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
            if (!IsWal(connection, "PRAGMA journal_mode") || Number(connection, "PRAGMA synchronous") != 2)
                throw Unusable("The ledger does not keep journal_mode=WAL and synchronous=FULL.");
            if (Number(connection, "PRAGMA trusted_schema") != 0) throw Unusable("The ledger does not keep trusted_schema=OFF.");
            if (options.MaxBytes is { } bytes)
                Run(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {bytes / Number(connection, "PRAGMA page_size")}"));
            if (isNew) Create(connection, identity, now);
            CheckIdentity(connection, identity);
            Upgrade(connection);
            return connection;
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw Translate(e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Opens an existing ledger for reading; the connection is pooled.</summary>
    public static SqliteConnection OpenReader(string connectionString)
    {
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            Run(connection, "PRAGMA trusted_schema = OFF; PRAGMA query_only = ON");
            return connection;
        }
        catch (SqliteException e)
        {
            connection.Dispose();
            throw Translate(e);
        }
    }

    /// <summary>Opens an existing ledger whose identity is not known beforehand, and checks that it is one.</summary>
    public static void CheckReadable(string connectionString)
    {
        using var connection = OpenReader(connectionString);
        try
        {
            if (Inspect(connection)) throw Unusable("The file is empty.");
        }
        catch (SqliteException e)
        {
            throw Translate(e);
        }
    }

    public static string ConnectionString(string path, SqliteOpenMode mode, SqliteLedgerOptions options) => new SqliteConnectionStringBuilder
    {
        DataSource = Path.GetFullPath(path),
        Mode = mode,
        Pooling = mode == SqliteOpenMode.ReadOnly,
        DefaultTimeout = (int)options.LockTimeout.TotalSeconds,
    }.ToString();

    public static LedgerException Translate(SqliteException e) => e.SqliteErrorCode switch // https://sqlite.org/rescode.html
    {
        13 => new(new(FaultCode.DiskFull), "The ledger cannot grow: its volume is full, or it has reached its limit.", e), // SQLITE_FULL
        10 or 8 => new(new(FaultCode.WriteFailed), "The ledger cannot be read or written.", e), // SQLITE_IOERR, SQLITE_READONLY
        14 or 3 => new(new(FaultCode.AccessDenied), "The ledger cannot be opened.", e), // SQLITE_CANTOPEN, SQLITE_PERM
        5 or 6 => Unusable("Another process has the ledger locked.", e), // SQLITE_BUSY, SQLITE_LOCKED
        11 or 26 => Unusable("The file is damaged, cannot be read, or is no ledger.", e), // SQLITE_CORRUPT, as which it tells of EIO too; SQLITE_NOTADB
        19 => Unusable("A rule of the ledger would be broken; nothing was written.", e), // SQLITE_CONSTRAINT
        _ => Unusable(string.Create(CultureInfo.InvariantCulture, $"SQLite fails with {e.SqliteExtendedErrorCode}."), e),
    };

    public static LedgerException Unusable(string detail, Exception? inner = null) => new(new(FaultCode.LedgerUnusable), detail, inner);

    /// <returns>Whether the file is empty, so that a ledger can be made of it.</returns>
    private static bool Inspect(SqliteConnection connection)
    {
        var (id, version) = (Number(connection, "PRAGMA application_id"), Number(connection, "PRAGMA user_version"));
        if (id == 0 && version == 0 && Number(connection, "SELECT count(*) FROM sqlite_schema") == 0) return true;
        if (id != LedgerSchema.ApplicationId) throw Unusable("The file is a database, but no ledger.");
        if (version > LedgerSchema.Version)
            throw new LedgerException(new(FaultCode.LedgerTooNew), string.Create(CultureInfo.InvariantCulture, $"The ledger has layout {version}; this version knows {LedgerSchema.Version}."));
        return version < 1 ? throw Unusable("The ledger has no layout version.") : false;
    }

    private static void Create(SqliteConnection connection, LedgerIdentity identity, DateTimeOffset now)
    {
        // One transaction, header fields too: after a crash the file is a ledger or empty.
        Run(connection, "BEGIN IMMEDIATE");
        if (!Inspect(connection)) // another runner was faster
        {
            Run(connection, "ROLLBACK");
            return;
        }
        Run(connection, LedgerSchema.Create);
        Run(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {LedgerSchema.ApplicationId}; PRAGMA user_version = {LedgerSchema.Version}"));
        using var insert = new Statement(connection, "INSERT INTO ledger VALUES(1, ?1, ?2, ?3, ?4, NULL, 0, 0, 0, '', 0, 0, 0, 0)");
        insert.Run(identity.MigrationId, identity.Source, identity.Target, now.ToUnixTimeMilliseconds());
        Run(connection, "COMMIT");
    }

    // One transaction for each step: after a crash the file has the one layout or the other. Other layouts are read as they are: columns are only added.
    private static void Upgrade(SqliteConnection connection)
    {
        for (var version = Number(connection, "PRAGMA user_version"); version < LedgerSchema.Version; version = Number(connection, "PRAGMA user_version"))
        {
            Run(connection, "BEGIN IMMEDIATE");
            if (Number(connection, "PRAGMA user_version") == version) // or another runner was faster
            {
                LedgerSchema.Upgrades[version - 1](connection);
                Run(connection, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version + 1}"));
            }
            Run(connection, "COMMIT");
        }
    }

    private static void CheckIdentity(SqliteConnection connection, LedgerIdentity identity)
    {
        using var select = new Statement(connection, "SELECT migration, source, target FROM ledger");
        using var row = select.Read();
        if (!row.Read()) throw Unusable("The ledger has no header.");
        if (new LedgerIdentity(row.GetString(0), row.GetString(1), row.GetString(2)) != identity)
            throw new LedgerException(new(FaultCode.LedgerOfAnotherMigration), "The ledger is of another migration, source or target.");
    }

    // SQLite gives its log and index files the mode of the database; so the database must have it before SQLite sees it.
    private static void KeepPrivate(string path)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnly;
            // Only if it is not there: closing any handle of a file drops this process's locks on it, SQLite's too (sqlite.org/howtocorrupt.html §2.2).
            if (!File.Exists(path)) Make(path, options);
            if (OperatingSystem.IsWindows()) return;
            foreach (var file in (string[])[path, path + "-wal", path + "-shm"])
                if (File.Exists(file) && File.GetUnixFileMode(file) != OwnerOnly) File.SetUnixFileMode(file, OwnerOnly);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new LedgerException(new(e is UnauthorizedAccessException ? FaultCode.AccessDenied : FaultCode.WriteFailed), "The ledger file cannot be made or kept to its owner.", e);
        }
    }

    private static void Make(string path, FileStreamOptions options)
    {
        try
        {
            new FileStream(path, options).Dispose();
        }
        catch (IOException) when (File.Exists(path)) { } // another runner made it in the same moment
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static long Number(SqliteConnection connection, string sql) => Scalar(connection, sql) is long number ? number : -1;
    private static bool IsWal(SqliteConnection connection, string sql) => string.Equals(Scalar(connection, sql) as string, "wal", StringComparison.Ordinal);
}
