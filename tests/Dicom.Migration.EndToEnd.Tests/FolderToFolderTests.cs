using System.Buffers.Binary;
using System.Security.Cryptography;
using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.FileSystem;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests;

/// <summary>Whole archives from one folder into another, and what came of them counted again without the SDK's reader.</summary>
public sealed class FolderToFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_file_of_the_corpus_is_in_the_target_byte_for_byte_or_in_the_account_with_a_reason() => await CheckAsync(Path.Join(Root, "tests", "Corpus"));

    [Fact]
    public async Task Every_file_of_the_larger_corpus_is_in_the_target_byte_for_byte_or_in_the_account_with_a_reason()
    {
        var corpus = Path.Join(Root, "..", "shared", "corpus");
        Assert.SkipUnless(Directory.Exists(corpus), "There is no larger corpus beside the repository.");
        await CheckAsync(Path.GetFullPath(corpus));
    }

    [Fact]
    public async Task A_made_up_legacy_archive_arrives_and_what_is_damaged_is_excepted()
    {
        var archive = Path.Join(_folder, "archive");
        var files = await MadeUpArchive.WriteAsync(archive, 7, null, TestContext.Current.CancellationToken);
        Assert.NotEmpty(files);
        await CheckAsync(archive);
    }

    private async Task CheckAsync(string source)
    {
        var target = Path.Join(_folder, "target");
        var first = await RunAsync(source, target);
        Assert.True(first.IsClosed);
        Assert.Equal(first.Discovered, first.Done);
        Assert.True(first.Count(InstanceState.Verified) > 100);

        var again = await RunAsync(source, target);
        Assert.Equal(first.Lines, again.Lines);

        using var ledger = SqliteLedgerReader.Open(Path.Join(_folder, "ledger.db"));
        var claimed = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var instance in ledger.ReadInstancesAsync(new LedgerQuery { State = InstanceState.Verified }, TestContext.Current.CancellationToken))
        {
            Assert.Equal(EvidenceLevel.L4, instance.Current.Evidence);
            Assert.Equal(instance.Current.SourceDigest, instance.Current.TargetDigest);
            claimed.Add(instance.Current.SourceDigest!.Value.ToString());
        }
        var stored = Directory.EnumerateFiles(target, "*.dcm", SearchOption.AllDirectories).Select(f => DataSetDigest(File.ReadAllBytes(f))).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(claimed.Except(stored));
        Assert.Empty(stored.Except(claimed));
        Assert.Empty(Directory.EnumerateFiles(target, "*.part", SearchOption.AllDirectories));
    }

    private async Task<LedgerAccount> RunAsync(string from, string to)
    {
        var token = TestContext.Current.CancellationToken;
        using var target = new FolderTarget("target", new FolderTargetOptions { Path = to });
        await using var ledger = await SqliteLedger.OpenAsync(Path.Join(_folder, "ledger.db"), new LedgerIdentity("test", from, to), TimeProvider.System, cancellationToken: token);
        var lease = await ledger.AcquireLeaseAsync("test", TimeSpan.FromHours(1), token);
        var options = new MigrationRunOptions { SpoolFolder = Path.Join(_folder, "spool"), LargestInMemory = 64 * 1024 };
        var run = new MigrationRun(new FolderSource("source", new FolderSourceOptions { Path = from }), target, ledger, new SqliteWorkCoordinator(ledger, lease, TimeProvider.System), options);
        var account = await run.RunAsync(lease, null, token);
        await ledger.ReleaseAsync(lease, token);
        return account;
    }

    /// <summary>SHA-256 of what follows group 0002, found by walking its Explicit VR elements (PS3.10 §7.1).</summary>
    private static string DataSetDigest(byte[] file)
    {
        var at = file.AsSpan(128).StartsWith("DICM"u8) ? 132 : 0;
        while (at + 8 <= file.Length && file[at] == 2 && file[at + 1] == 0)
        {
            var isLong = file.AsSpan(at + 4, 2) is [(byte)'O', _] or [(byte)'U', (byte)'N'] or [(byte)'U', (byte)'T'] or [(byte)'S', (byte)'Q'];
            at += isLong ? 12 + BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 8)) : 8 + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at + 6));
        }
        return Convert.ToHexStringLower(SHA256.HashData(file.AsSpan(at)));
    }

    private static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Join(folder.FullName, "Dicom.Migration.sln"))) return folder.FullName;
        throw new InvalidOperationException("Run the tests from the repository.");
    }
}
