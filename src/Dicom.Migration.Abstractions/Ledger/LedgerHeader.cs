namespace Dicom.Migration;

/// <summary>Which migration a ledger belongs to: one source, one target.</summary>
/// <param name="MigrationId">Names the migration; chosen when the ledger is made.</param>
/// <param name="Source">Identity of the source: its name and address, no credentials.</param>
/// <param name="Target">Identity of the target: its name and address, no credentials.</param>
public sealed record LedgerIdentity(string MigrationId, string Source, string Target);

/// <summary>What a ledger says of itself.</summary>
/// <param name="Identity">The migration it belongs to.</param>
/// <param name="SchemaVersion">Version of its layout; only ever grows.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="DiscoveryCursor">Where discovery got to, as the source wrote it, or <see langword="null"/> before the first batch.</param>
/// <param name="IsDiscoveryComplete">Whether the source has listed everything; until then no account is closed.</param>
public sealed record LedgerHeader(LedgerIdentity Identity, int SchemaVersion, DateTimeOffset CreatedAt, string? DiscoveryCursor, bool IsDiscoveryComplete);
