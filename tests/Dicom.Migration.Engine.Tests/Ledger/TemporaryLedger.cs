using Dicom.Migration.Engine.Ledger;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.Engine.Tests.Ledger;

/// <summary>A folder for a ledger, gone after the test.</summary>
public sealed class TemporaryLedger : IDisposable
{
    public static readonly LedgerIdentity Identity = new("trial", "folder:legacy", "dimse://VNA@vna:104");
    public static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ledger");

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    public string Path => In("migration.db");
    public string In(string name) => System.IO.Path.Combine(_folder.FullName, name);
    public Task<SqliteLedger> OpenAsync(SqliteLedgerOptions? options = null) => SqliteLedger.OpenAsync(Path, Identity, Time, options, TestContext.Current.CancellationToken);
    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>One unit of so many instances; UIDs are made up under the root 2.25.</summary>
    public static LedgerBatch Unit(string key, int instances, LedgerOutcome? then = null) => new()
    {
        Units = [new(key, LedgerUnitKind.Study, instances)],
        Discoveries = [.. Enumerable.Range(1, instances).Select(i => new LedgerDiscovery(key, $"{key}.{i}")
        {
            StudyInstanceUid = key,
            SeriesInstanceUid = key + ".0",
            SopClassUid = "1.2.840.10008.5.1.4.1.1.2",
            TransferSyntaxUid = "1.2.840.10008.1.2.1",
            Length = 526_000 + i,
            Then = then,
        })],
    };

    public static LedgerDigest Digest(byte fill) => new([.. Enumerable.Repeat(fill, LedgerDigest.Length)]);
}
