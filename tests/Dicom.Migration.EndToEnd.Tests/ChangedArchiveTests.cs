using System.IO.Compression;
using Dicom.Migration.Engine;
using Dicom.Migration.FileSystem;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests;

/// <summary>An archive that is in use goes on changing after it was moved: the next run moves what has changed, and reads nothing else.</summary>
public sealed class ChangedArchiveTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;
    private readonly IReadOnlyList<MadeUpInstance> _instances = MadeUpInstances.Create(31, 8);

    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private string Archive => Path.Join(_folder, "archive");
    private string Target => Path.Join(_folder, "target");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_was_replaced_added_or_touched_is_noticed_and_the_rest_is_not_read()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A folder can be a source on Linux only.");
        Directory.CreateDirectory(Archive);
        foreach (var i in (int[])[0, 1, 2]) await WriteAsync(FormattableString.Invariant($"{i}.dcm"), _instances[i]);
        await File.WriteAllTextAsync(Path.Join(Archive, "note.txt"), "No image.", Token);
        Zip(_instances[3], _instances[4]);
        var (first, read) = await RunAsync();
        Assert.Equal((6L, 5L, 5), (first.Discovered, first.Count(InstanceState.Verified), read.Count));

        (var account, read) = await RunAsync();
        Assert.Equal(first.Lines, account.Lines);
        Assert.Empty(read);

        var before = Stored();
        File.SetLastWriteTimeUtc(Path.Join(Archive, "0.dcm"), DateTime.UnixEpoch);
        (account, read) = await RunAsync();
        Assert.Equal(["0.dcm"], read);
        Assert.Equal(first.Lines, account.Lines);
        Assert.Equal(before, Stored()); // by name, length and the moment of writing

        await WriteAsync("new.dcm", _instances[5]);
        Zip(_instances[3], _instances[4], _instances[6]);
        (account, read) = await RunAsync();
        Assert.Equal(["images.zip", "new.dcm"], read);
        Assert.True(account.IsClosed);
        Assert.Equal((8L, 7L), (account.Discovered, account.Count(InstanceState.Verified)));
        Assert.Empty(before.Except(Stored()));

        // As long as the one before it, and with its time: other bytes under the same UID.
        var path = Path.Join(Archive, "1.dcm");
        var (time, bytes) = (File.GetLastWriteTimeUtc(path), _instances[1].Bytes.ToArray());
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, Token);
        File.SetLastWriteTimeUtc(path, time);
        (account, read) = await RunAsync();
        Assert.Equal(["1.dcm"], read);
        Assert.True(account.IsClosed);
        Assert.Equal((9L, 8L, 1L), (account.Discovered, account.Count(InstanceState.Verified), account.Count(FaultCode.UidConflict))); // beside the first one
        Assert.Equal(8, Stored().Count);
    }

    private Task WriteAsync(string name, MadeUpInstance instance) => File.WriteAllBytesAsync(Path.Join(Archive, name), instance.Bytes.ToArray(), Token);

    private void Zip(params MadeUpInstance[] instances)
    {
        using var zip = new ZipArchive(File.Create(Path.Join(Archive, "images.zip")), ZipArchiveMode.Create);
        foreach (var instance in instances.Reverse())
        {
            using var entry = zip.CreateEntry(instance.Name + ".dcm").Open();
            entry.Write(instance.Bytes.Span);
        }
    }

    private List<string> Stored() => [.. new DirectoryInfo(Target).EnumerateFiles("*", SearchOption.AllDirectories)
        .Select(static f => FormattableString.Invariant($"{f.FullName} {f.Length} {f.LastWriteTimeUtc.Ticks}")).Order(StringComparer.Ordinal)];

    private async Task<(LedgerAccount Account, List<string> Read)> RunAsync()
    {
        var source = new WatchedSource(new FolderSource("source", new FolderSourceOptions { Path = Archive }));
        using var target = new FolderTarget("target", new FolderTargetOptions { Path = Target });
        var options = new MigrationRunOptions { SpoolFolder = Path.Join(_folder, "spool") };
        var account = await new MigrationRunner(source, target, Path.Join(_folder, "ledger.db"), options, [], TimeProvider.System).RunAsync(null, Token);
        lock (source.Read) return (account, [.. source.Read.Order(StringComparer.Ordinal)]);
    }

    private sealed class WatchedSource(FolderSource inner) : IMigrationSource
    {
        public List<string> Read { get; } = [];
        public string Name => inner.Name;
        public string Address => inner.Address;
        public IAsyncEnumerable<SourceUnit> DiscoverAsync(SourceCursor? after, CancellationToken cancellationToken) => inner.DiscoverAsync(after, cancellationToken);

        public IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, CancellationToken cancellationToken)
        {
            lock (Read) Read.Add(unit.Key);
            return inner.ReadAsync(unit, cancellationToken);
        }
    }
}
