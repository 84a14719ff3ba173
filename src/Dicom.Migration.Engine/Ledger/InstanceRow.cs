using Dicom.Migration.DataSets;
using Microsoft.Data.Sqlite;

namespace Dicom.Migration.Engine.Ledger;

/// <summary>What changes in an instance's row.</summary>
internal readonly record struct InstanceRow(
    InstanceState State, int Steps, int Attempts, Fault? Fault, long? Rule, EvidenceLevel? Evidence, long? Length,
    LedgerDigest? Source, LedgerDigest? Sent, LedgerDigest? Target, string? Location)
{
    /// <summary>The columns that <see cref="Read"/> takes, in its order.</summary>
    public const string Columns = "state, steps, attempts, fault, tag, place, rule, evidence, length, source_digest, sent_digest, target_digest, location";

    public static InstanceRow Read(SqliteDataReader row, int at)
    {
        var source = ReadDigest(row, at + 9, null);
        var sent = ReadDigest(row, at + 10, source);
        return new((InstanceState)row.GetInt32(at), row.GetInt32(at + 1), row.GetInt32(at + 2), ReadFault(row, at + 3), Optional(row, at + 6),
            (EvidenceLevel?)Optional(row, at + 7), Optional(row, at + 8), source, sent, ReadDigest(row, at + 11, sent), row.IsDBNull(at + 12) ? null : row.GetString(at + 12));
    }

    public static Fault? ReadFault(SqliteDataReader row, int at) => row.GetInt32(at) is 0 ? null
        : new Fault((FaultCode)row.GetInt32(at), Optional(row, at + 1) is { } tag ? new DicomTag((uint)tag) : null, Optional(row, at + 2));

    public static long? Optional(SqliteDataReader row, int at) => row.IsDBNull(at) ? null : row.GetInt64(at);

    /// <summary>The row after an outcome.</summary>
    public InstanceRow Enter(LedgerOutcome outcome, long? rule) => new(
        outcome.State, Steps + 1, Attempts + (outcome.State == InstanceState.Sending ? 1 : 0), outcome.Fault is { Code: FaultCode.None } ? null : outcome.Fault,
        rule, outcome.Evidence, outcome.Length ?? Length, outcome.SourceDigest ?? Source, outcome.SentDigest ?? Sent,
        outcome.TargetDigest ?? (outcome.State == InstanceState.Sending ? null : Target),
        outcome.TargetLocation ?? (outcome.State == InstanceState.Sending ? null : Location));

    /// <summary>A digest as it is stored: nothing, an empty blob for "the same as the one before it", or 32 bytes.</summary>
    public static byte[]? Store(LedgerDigest? digest, LedgerDigest? before) => digest is null ? null : digest == before ? [] : digest.Value.ToArray();

    public static LedgerDigest? ReadDigest(SqliteDataReader row, int at, LedgerDigest? before)
    {
        if (row.IsDBNull(at)) return null;
        var bytes = row.GetFieldValue<byte[]>(at);
        if (bytes.Length == 0) return before;
        return bytes.Length == LedgerDigest.Length ? new LedgerDigest(bytes) : throw LedgerFile.Unusable("A digest in the ledger has not 32 bytes.");
    }
}
