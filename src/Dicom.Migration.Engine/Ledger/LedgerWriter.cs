using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Dicom.Migration.Engine.Ledger;

/// <summary>Applies batches inside the transaction that its caller has open. One at a time, on the one writing connection.</summary>
internal sealed class LedgerWriter(SqliteConnection connection, TimeProvider time) : IDisposable
{
    private const int LongestPlace = 1_024; // characters
    private const int AttemptsSpent = 1_000_000; // more than a run allows
    private const int RememberedAtMost = 16_384; // names, series and units looked up lately; forgotten all at once
    private static readonly string WorthAnotherRun = string.Create(CultureInfo.InvariantCulture,
        $"state = {(int)InstanceState.Excepted} AND fault IN ({string.Join(", ", Enum.GetValues<FaultCode>().Where(static c => new Fault(c).IsWorthAnotherRun).Select(static c => (int)c))})");
    private readonly Dictionary<string, long> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<(string?, string?), long> _series = [];
    private readonly Dictionary<string, long> _units = new(StringComparer.Ordinal);
    private readonly HashSet<long> _cutShort = []; // units that this run does not know all of; until they are complete
    private readonly Dictionary<(InstanceState, FaultCode, long, int), long> _account = [];
    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);
    private long _newUnits, _newPending, _newNotSeen;

    public void Dispose()
    {
        foreach (var statement in _statements.Values) statement.Dispose();
        connection.Dispose();
    }

    /// <summary>A statement that stays prepared. Its text is a constant, so there are as many as there are call sites.</summary>
    public Statement Sql(string text)
    {
        if (!_statements.TryGetValue(text, out var statement)) _statements.Add(text, statement = new Statement(connection, text));
        return statement;
    }

    /// <summary>Forgets what was looked up or counted in a transaction that is rolled back.</summary>
    public void Forget()
    {
        _names.Clear();
        _series.Clear();
        _units.Clear();
        _account.Clear();
        (_newUnits, _newPending, _newNotSeen) = (0, 0, 0);
    }

    public void CheckEpoch(long epoch)
    {
        if (Sql("SELECT epoch FROM ledger").Number() != epoch)
            throw new LedgerException(new(FaultCode.LeaseLost), "Another runner holds the ledger, or the lease was given up; nothing was written.");
    }

    public LedgerLease AcquireLease(string holder, TimeSpan duration)
    {
        var now = time.GetUtcNow();
        long epoch;
        using (var row = Sql("SELECT epoch, holder, until FROM ledger").Read())
        {
            row.Read();
            epoch = row.GetInt64(0) + 1;
            var left = row.GetInt64(2) - now.ToUnixTimeMilliseconds();
            // A lease that ends later than any lease may was made before the clock was set back; it binds nobody.
            if (left > 0 && left <= SqliteLedger.LongestLease.TotalMilliseconds && !string.Equals(row.GetString(1), holder, StringComparison.Ordinal))
                throw new LedgerException(new(FaultCode.LeaseLost), "Another runner holds the ledger.");
        }
        var lease = new LedgerLease(epoch, holder, now + duration);
        Sql("UPDATE ledger SET epoch = ?1, holder = ?2, until = ?3").Run(epoch, holder, lease.ExpiresAt.ToUnixTimeMilliseconds());
        return lease;
    }

    public LedgerLease Renew(LedgerLease lease, TimeSpan duration)
    {
        CheckEpoch(lease.Epoch);
        var renewed = lease with { ExpiresAt = time.GetUtcNow() + duration };
        Sql("UPDATE ledger SET until = ?1").Run(renewed.ExpiresAt.ToUnixTimeMilliseconds());
        return renewed;
    }

    // Giving up is a new epoch that nobody holds: what the old holder still has under way is refused.
    public int Release(LedgerLease lease) => Sql("UPDATE ledger SET epoch = epoch + 1, holder = '', until = 0 WHERE epoch = ?1").Run(lease.Epoch);

    public LedgerReceipt Append(LedgerLease lease, LedgerBatch batch)
    {
        CheckEpoch(lease.Epoch);
        var at = time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var unit in batch.Units) List(unit, lease.Epoch);
        var entries = batch.Discoveries.Count == 0 ? [] : new LedgerEntry[batch.Discoveries.Count];
        for (var i = 0; i < entries.Length; i++) entries[i] = Discover(batch.Discoveries[i], lease.Epoch, at);
        foreach (var change in batch.Changes) Change(change, lease.Epoch, at);
        if (batch.DiscoveryCursor is { } cursor) Sql("UPDATE ledger SET cursor = ?1").Run(cursor);
        if (batch.IsDiscoveryComplete is { } complete) Sql("UPDATE ledger SET complete = ?1").Run(complete ? 1 : 0);
        WriteAccount();
        return new(entries);
    }

    /// <summary>Marks a unit as complete, as it was when it was handed out; one that is complete stays so.</summary>
    public void CompleteUnit(long epoch, long unit, LedgerUnit asHandedOut)
    {
        CheckEpoch(epoch);
        // What was listed while it was read may be newer than what was read: the next listing has to differ from what is kept here.
        var isNewer = Sql("SELECT 1 FROM unit WHERE id = ?1 AND stamp IS NOT ?2").Number(unit, asHandedOut.Stamp) is not null;
        if (Sql("UPDATE unit SET done = ?2, stamp = ?3 WHERE id = ?1 AND done = 0").Run(unit, epoch, asHandedOut.Stamp) == 0) return;
        if (isNewer && asHandedOut.ExpectedInstances is { } expected) Expect(unit, expected);
        SupersedeFindings(unit, epoch, isCutShort: _cutShort.Remove(unit));
        _newPending--;
        WriteAccount();
    }

    /// <returns>Whether the unit is on record and complete.</returns>
    public bool IsComplete(string unitKey) => FindUnit(unitKey) is { } unit && Sql("SELECT done FROM unit WHERE id = ?1").Number(unit) > 0;

    private void List(LedgerUnit unit, long epoch)
    {
        if (!Enum.IsDefined(unit.Kind) || unit.ExpectedInstances < 0) throw new ArgumentException("A unit has no kind, or expects less than nothing.", nameof(unit));
        if (FindUnit(unit.Key) is { } known)
        {
            Relist(known, unit, epoch);
            return;
        }
        Sql("INSERT INTO unit(hash, key, kind, expected, found, attempts, done, stamp) VALUES(?1, ?2, ?3, ?4, 0, 0, 0, ?5)")
            .Run(PackedUid.Key(unit.Key), PackedUid.Pack(unit.Key), (int)unit.Kind, unit.ExpectedInstances, unit.Stamp);
        Remember(_units, unit.Key, LastRow());
        _newUnits++;
        _newPending++;
        _newNotSeen += unit.ExpectedInstances ?? 0;
    }

    private void Relist(long known, LedgerUnit unit, long epoch)
    {
        long done;
        bool isSameStamp;
        using (var row = Sql("SELECT done, stamp FROM unit WHERE id = ?1").Read(known))
        {
            if (!row.Read()) throw LedgerFile.Unusable("A unit in the ledger is gone.");
            done = row.GetInt64(0);
            isSameStamp = unit.Stamp is null || (!row.IsDBNull(1) && string.Equals(row.GetString(1), unit.Stamp, StringComparison.Ordinal));
        }
        // What is said again of a unit that is complete: its number may have been found wrong, and be another on record.
        if (done != 0 && (done == epoch || (isSameStamp && !IsWorthAnotherRun(known)))) return; // completed in this very run: the next listing tells
        if (!(done != 0 && isSameStamp) && unit.ExpectedInstances is { } expected) Expect(known, expected);
        Sql("UPDATE unit SET stamp = ifnull(?2, stamp) WHERE id = ?1").Run(known, unit.Stamp);
        if (done == 0) return;
        // What has come to its end once, and is asked for again in case it has passed, keeps no run from its end: it has had its attempts, and others come first.
        Sql("UPDATE unit SET done = 0, attempts = ?2 WHERE id = ?1").Run(known, isSameStamp ? AttemptsSpent : 0);
        _newPending++;
    }

    private bool IsWorthAnotherRun(long unit) => HasWorthAnotherRun() && Sql($"SELECT 1 FROM instance WHERE unit = ?1 AND {WorthAnotherRun} LIMIT 1").Number(unit) is not null;

    // Cheap, and no in most ledgers: then no unit's instances are looked through.
    private bool HasWorthAnotherRun() => Sql($"SELECT 1 FROM account WHERE instances > 0 AND {WorthAnotherRun} LIMIT 1").Number() is not null;

    /// <summary>What an earlier run did not get of a unit, and this one does not miss any more, is replaced by what came. Of a unit that was cut short nobody knows whether what has a name came.</summary>
    private void SupersedeFindings(long unit, long epoch, bool isCutShort)
    {
        WriteAccount();
        if (!HasWorthAnotherRun()) return;
        var stale = new List<(long Number, InstanceRow Row)>();
        using (var row = Sql($"SELECT number, {InstanceRow.Columns} FROM instance WHERE unit = ?1 AND uid = x'' AND {WorthAnotherRun}{(isCutShort ? " AND stands_at IS NULL" : "")} AND (SELECT max(epoch) FROM history WHERE instance = number) < ?2 ORDER BY number").Read(unit, epoch))
            while (row.Read()) stale.Add((row.GetInt64(0), InstanceRow.Read(row, 1)));
        foreach (var (number, row) in stale) Enter(number, row, new LedgerOutcome(InstanceState.Superseded), epoch, time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private void Expect(long unit, int expected)
    {
        var (before, found) = Expected(unit);
        if (before == expected) return;
        Sql("UPDATE unit SET expected = ?2 WHERE id = ?1").Run(unit, expected);
        _newNotSeen += NotSeen(expected, found) - NotSeen(before, found);
    }

    private LedgerEntry Discover(LedgerDiscovery discovery, long epoch, long at)
    {
        if (FindUnit(discovery.UnitKey) is not { } unit) throw new ArgumentException("The unit of a discovery is not on record.", nameof(discovery));
        if (discovery.Copy < 0 || discovery.Length < 0) throw new ArgumentException("A copy or length is less than nothing.", nameof(discovery));
        var (hash, uid) = (PackedUid.Key(discovery.SopInstanceUid), PackedUid.Pack(discovery.SopInstanceUid));
        if (uid.Length == 0) return DiscoverFinding(discovery, unit, epoch, at);
        var (copy, hasRival) = (discovery.Copy, false);
        LedgerEntry? onRecord = null, sameContent = null;
        using (var known = Sql("SELECT number, state, unit, copy, source_digest, sent_digest, attempts, fault FROM instance WHERE hash = ?1 AND uid = ?2 ORDER BY number").Read(hash, uid))
        {
            while (known.Read())
            {
                var (state, source) = ((InstanceState)known.GetInt32(1), InstanceRow.ReadDigest(known, 4, null));
                var entry = new LedgerEntry(known.GetInt64(0), state, IsNew: false) { HasRival = hasRival, Fault = state is InstanceState.Excepted ? new Fault((FaultCode)known.GetInt32(7)) : null };
                hasRival |= known.GetInt32(6) > 0 && IsRival(state, InstanceRow.ReadDigest(known, 5, source), discovery.Then);
                if (known.GetInt64(2) != unit) continue;
                if (known.GetInt32(3) == discovery.Copy && !IsReplaced(state, source, discovery.Then)) return entry;
                if (known.GetInt32(3) == discovery.Copy) onRecord = entry;
                else if (source is not null && source == discovery.Then?.SourceDigest) sameContent = entry;
                copy = Math.Max(copy, known.GetInt32(3) + 1);
            }
        }
        if (onRecord is null) copy = discovery.Copy;
        else if (sameContent is { } seen) return seen;
        return Insert(discovery, unit, hash, uid, copy, epoch, at) with { HasRival = hasRival };
    }

    /// <summary>What has no UID is known by its unit, its place there and its copy at that place; what is something else now is a line of its own.</summary>
    private LedgerEntry DiscoverFinding(LedgerDiscovery discovery, long unit, long epoch, long at)
    {
        // All of them have the same UID, none: in an archive of text files the index over it would lead from each to each.
        var hash = LedgerSchema.FindingKey(unit, Cut(discovery.Place), discovery.Copy);
        if (discovery is { Place: null, Then: { State: InstanceState.Excepted, Fault.Code: not (FaultCode.NotDelivered or FaultCode.NotOnline) } }) _cutShort.Add(unit); // said of the unit, and of none of its instances
        (long Number, InstanceRow Row)? same = null;
        using (var known = Sql($"SELECT number, (SELECT text FROM name WHERE id = rule), unit, copy, stands_at, {InstanceRow.Columns} FROM instance WHERE hash = ?1 AND uid = x'' ORDER BY number").Read(hash))
        {
            while (same is null && known.Read())
            {
                var row = InstanceRow.Read(known, 5);
                if (known.GetInt64(2) != unit || known.GetInt32(3) != discovery.Copy || !string.Equals(known.IsDBNull(4) ? null : known.GetString(4), Cut(discovery.Place), StringComparison.Ordinal)) continue;
                if (discovery.Then is not { } then || (row.State == then.State && row.Fault == then.Fault && row.Source == then.SourceDigest && string.Equals(known.IsDBNull(1) ? null : known.GetString(1), then.Rule, StringComparison.Ordinal)))
                    same = (known.GetInt64(0), row);
            }
        }
        if (same is not { } seen) return Insert(discovery, unit, hash, [], discovery.Copy, epoch, at);
        // Missing again: on record as of this run, so that it is not taken for something that has come since.
        if (discovery.Then is { } again && seen.Row is { State: InstanceState.Excepted, Fault.IsWorthAnotherRun: true }
            && Sql("SELECT 1 FROM history WHERE instance = ?1 AND epoch = ?2 LIMIT 1").Number(seen.Number, epoch) is null) Enter(seen.Number, seen.Row, again, epoch, at);
        return new LedgerEntry(seen.Number, seen.Row.State, IsNew: false);
    }

    private LedgerEntry Insert(LedgerDiscovery discovery, long unit, long hash, byte[] uid, int copy, long epoch, long at)
    {
        Sql("""
            INSERT INTO instance(unit, hash, uid, copy, series, class, syntax, length, stands_at, found_at, found_epoch, state, steps, attempts, fault)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0, 0, 0, 0)
            """).Run(unit, hash, uid, copy, Series(discovery.StudyInstanceUid, discovery.SeriesInstanceUid),
                Name(discovery.SopClassUid), Name(discovery.TransferSyntaxUid), discovery.Length, Cut(discovery.Place), at, epoch);
        var number = LastRow();
        var (expected, found) = Expected(unit);
        _newNotSeen += NotSeen(expected, found + 1) - NotSeen(expected, found);
        Sql("UPDATE unit SET found = found + 1 WHERE id = ?1").Run(unit);
        var row = new InstanceRow { Length = discovery.Length };
        Count(row, 1);
        return new(number, discovery.Then is { } then ? Enter(number, row, then, epoch, at) : InstanceState.Discovered, IsNew: true);
    }

    private static string? Cut(string? place) => place is { Length: > LongestPlace } ? place[..LongestPlace] : place;

    // What has come to its end came with another content, or could not be read: the source has changed between two runs, and this is an object of its own.
    private static bool IsReplaced(InstanceState state, LedgerDigest? before, LedgerOutcome? intent) =>
        intent is { State: InstanceState.Sending, SourceDigest: { } now } && InstanceTransitions.IsTerminal(state) && before != now && (before is not null || state is InstanceState.Excepted);

    // Sent once, and whether it arrived or not: it may have.
    private static bool IsRival(InstanceState state, LedgerDigest? other, LedgerOutcome? intent) =>
        intent is { State: InstanceState.Sending } && state is InstanceState.Sending or InstanceState.Acknowledged or InstanceState.Unknown or InstanceState.Verified or InstanceState.Excepted
        && other is not null && other != (intent.SentDigest ?? intent.SourceDigest);

    private void Change(LedgerChange change, long epoch, long at)
    {
        InstanceRow row;
        using (var found = Sql($"SELECT {InstanceRow.Columns} FROM instance WHERE number = ?1").Read(change.Number))
            row = found.Read() ? InstanceRow.Read(found, 0) : throw new ArgumentException("The number of a change is not on record.", nameof(change));
        if (change.From is { } from && from != row.State)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Instance {change.Number} is {row.State}, not {from}."));
        Enter(change.Number, row, change.Outcome, epoch, at);
    }

    private InstanceState Enter(long number, InstanceRow before, LedgerOutcome outcome, long epoch, long at)
    {
        if (!InstanceTransitions.IsLegal(before.State, outcome.State))
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Instance {number} is {before.State}, which {outcome.State} may not follow."));
        if (outcome switch
        {
            { State: InstanceState.Excluded, Rule: null } => "Excluded needs the rule that excludes.",
            { State: InstanceState.Excepted, Fault: null or { Code: FaultCode.None } } => "Excepted needs the fault that it is for.",
            { State: InstanceState.Verified, Evidence: null } => "Verified needs an evidence level.",
            { Length: < 0 } => "A length is less than nothing.",
            _ => null,
        } is { } lacking) throw new ArgumentException(lacking, nameof(outcome));
        var row = before.Enter(outcome, Name(outcome.Rule));
        var (fault, tag, place, evidence) = ((int)(row.Fault?.Code ?? FaultCode.None), (long?)row.Fault?.Tag?.Value, row.Fault?.Offset, (int?)row.Evidence);
        Sql("""
            UPDATE instance SET state = ?2, steps = ?3, attempts = ?4, fault = ?5, tag = ?6, place = ?7, rule = ?8, evidence = ?9, length = ?10,
              source_digest = ?11, sent_digest = ?12, target_digest = ?13, location = ?14 WHERE number = ?1
            """).Run(number, (int)row.State, row.Steps, row.Attempts, fault, tag, place, row.Rule, evidence, row.Length,
                InstanceRow.Store(row.Source, null), InstanceRow.Store(row.Sent, row.Source), InstanceRow.Store(row.Target, row.Sent), row.Location);
        Sql("INSERT INTO history VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
            .Run(number, row.Steps, at, epoch, (int)row.State, fault, tag, place, row.Rule, evidence);
        Count(before, -1);
        Count(row, 1);
        return row.State;
    }

    private void Count(InstanceRow row, long by)
    {
        var line = (row.State, row.Fault?.Code ?? FaultCode.None, row.Rule ?? 0, (int?)row.Evidence ?? -1);
        _account[line] = _account.GetValueOrDefault(line) + by;
    }

    private void WriteAccount()
    {
        foreach (var ((state, fault, rule, evidence), by) in _account)
        {
            if (by == 0) continue;
            if (Sql("UPDATE account SET instances = instances + ?5 WHERE state = ?1 AND fault = ?2 AND rule = ?3 AND evidence = ?4").Run((int)state, (int)fault, rule, evidence, by) == 0)
                Sql("INSERT INTO account VALUES(?1, ?2, ?3, ?4, ?5)").Run((int)state, (int)fault, rule, evidence, by);
        }
        _account.Clear();
        if ((_newUnits, _newPending, _newNotSeen) != (0, 0, 0))
            Sql("UPDATE ledger SET units = units + ?1, pending = pending + ?2, not_seen = not_seen + ?3").Run(_newUnits, _newPending, _newNotSeen);
        (_newUnits, _newPending, _newNotSeen) = (0, 0, 0);
    }

    private (int? Expected, int Found) Expected(long unit)
    {
        using var row = Sql("SELECT expected, found FROM unit WHERE id = ?1").Read(unit);
        return row.Read() ? ((int?)InstanceRow.Optional(row, 0), row.GetInt32(1)) : throw LedgerFile.Unusable("A unit in the ledger is gone.");
    }

    private static int NotSeen(int? expected, int found) => Math.Max(0, (expected ?? 0) - found);

    private long? FindUnit(string key)
    {
        if (_units.TryGetValue(key, out var known)) return known;
        var found = Sql("SELECT id FROM unit WHERE hash = ?1 AND key = ?2").Number(PackedUid.Key(key), PackedUid.Pack(key));
        return found is { } id ? Remember(_units, key, id) : null;
    }

    private long? Name(string? text)
    {
        if (text is null) return null;
        if (_names.TryGetValue(text, out var known)) return known;
        if (Sql("SELECT id FROM name WHERE text = ?1").Number(text) is { } found) return Remember(_names, text, found);
        Sql("INSERT INTO name(text) VALUES(?1)").Run(text);
        return Remember(_names, text, LastRow());
    }

    private long? Series(string? study, string? series)
    {
        if (study is null && series is null) return null;
        if (_series.TryGetValue((study, series), out var known)) return known;
        var (first, second) = (study is null ? LedgerSchema.NotKnown : PackedUid.Pack(study), series is null ? LedgerSchema.NotKnown : PackedUid.Pack(series));
        if (Sql("SELECT id FROM series WHERE study = ?1 AND series = ?2").Number(first, second) is { } found) return Remember(_series, (study, series), found);
        Sql("INSERT INTO series(study, series) VALUES(?1, ?2)").Run(first, second);
        return Remember(_series, (study, series), LastRow());
    }

    private long LastRow() => Sql("SELECT last_insert_rowid()").Number() ?? throw LedgerFile.Unusable("SQLite gives no row number.");

    private static long Remember<T>(Dictionary<T, long> memory, T key, long id) where T : notnull
    {
        if (memory.Count >= RememberedAtMost) memory.Clear();
        return memory[key] = id;
    }
}
