using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Dicom.Migration.Testing.Tests;

/// <summary>The manifest says what lies in the folder: all of it, and nothing else.</summary>
public sealed class MadeUpArchiveTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("made-up-");
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    private Task<IReadOnlyList<MadeUpFile>> WriteAsync(string name, long seed, MadeUpArchiveOptions? options = null) => MadeUpArchive.WriteAsync(Path.Combine(_folder.FullName, name), seed, options, Token);
    private string At(string name, string path) => Path.Combine(_folder.FullName, name, path.Replace('/', Path.DirectorySeparatorChar));
    private static string Digest(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    [Fact]
    public async Task Every_file_is_in_the_manifest_with_its_length_and_digest()
    {
        var files = await WriteAsync("a", 1);
        var found = Directory.EnumerateFiles(Path.Combine(_folder.FullName, "a"), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Path.Combine(_folder.FullName, "a"), path).Replace('\\', '/'));
        Assert.Equal(files.Where(f => f.Container is null).Select(f => f.Path).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.InRange(files.Count, 300, 999);
        foreach (var file in files.Where(f => f.Container is null))
        {
            var bytes = await File.ReadAllBytesAsync(At("a", file.Path), Token);
            Assert.Equal(file.Length, bytes.Length);
            Assert.Equal(file.Sha256, Digest(bytes));
        }
    }

    [Fact]
    public async Task The_same_seed_writes_the_same_archive()
    {
        var (first, second, third) = (await WriteAsync("a", 1), await WriteAsync("b", 1), await WriteAsync("c", 2));
        string[] Lines(IEnumerable<MadeUpFile> files) => [.. files.Select(f => $"{f.Container}|{f.Path}|{f.Kind}|{f.Of}|{f.Sha256}|{f.ExpectedFault}")];
        Assert.Equal(Lines(first), Lines(second));
        Assert.NotEqual(Lines(first), Lines(third));
    }

    [Fact]
    public async Task Duplicates_repeat_conflicts_contradict_and_uids_are_unique_else()
    {
        var files = await WriteAsync("a", 3);
        var byPath = files.Where(f => f.Container is null).ToDictionary(f => f.Path, StringComparer.Ordinal);
        Assert.Equal(12, files.Count(f => f.Kind == MadeUpFileKind.Duplicate));
        Assert.Equal(6, files.Count(f => f.Kind == MadeUpFileKind.Conflict));
        Assert.All(files.Where(f => f.Kind == MadeUpFileKind.Duplicate), f => Assert.Equal(byPath[f.Of!].Sha256, f.Sha256));
        foreach (var file in files.Where(f => f.Kind == MadeUpFileKind.Conflict))
        {
            var of = byPath[file.Of!];
            Assert.NotEqual(of.Sha256, file.Sha256, StringComparer.Ordinal);
            Assert.Equal(of.Instance!.SopInstanceUid, Walker.File(await File.ReadAllBytesAsync(At("a", file.Path), Token)).DataSet.Text(0x00080018));
            Assert.Equal(of.Instance.StudyInstanceUid, file.Instance!.StudyInstanceUid);
        }
        var uids = files.Where(f => f.Kind is MadeUpFileKind.Instance or MadeUpFileKind.Damaged && f.Instance!.SopInstanceUid.Length > 0).Select(f => f.Instance!.SopInstanceUid).ToList();
        Assert.Equal(uids.Count, uids.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(240 + 13, files.Count(f => f.Kind == MadeUpFileKind.Instance));
        Assert.Equal(Enum.GetValues<MadeUpDefect>().Length - 1, files.Where(f => f.Kind == MadeUpFileKind.Damaged).Select(f => f.Instance!.Defect).Distinct().Count());
    }

    /// <summary>The runtime's own readers unpack the containers, which were written without it.</summary>
    [Fact]
    public async Task Containers_hold_what_the_manifest_says()
    {
        var files = await WriteAsync("a", 4);
        Dictionary<string, List<(string Path, string Digest)>> unpacked = new(StringComparer.Ordinal);
        foreach (var container in files.Where(f => f.Kind == MadeUpFileKind.Container))
        {
            List<(string, string)> entries = [];
            await using var stream = File.OpenRead(At("a", container.Path));
            switch (Path.GetExtension(container.Path))
            {
                case ".zip":
                    using (var zip = new ZipArchive(stream))
                        foreach (var entry in zip.Entries)
                        {
                            await using var body = await entry.OpenAsync(Token);
                            entries.Add((entry.FullName, await DigestAsync(body)));
                        }
                    break;
                case ".tar":
                    await using (var tar = new TarReader(stream))
                        while (await tar.GetNextEntryAsync(copyData: true, Token) is { } entry) entries.Add((entry.Name, await DigestAsync(entry.DataStream!)));
                    break;
                default:
                    await using (var gzip = new GZipStream(stream, CompressionMode.Decompress)) entries.Add(("image.dcm", await DigestAsync(gzip)));
                    break;
            }
            unpacked.Add(container.Path, entries);
        }
        Assert.Equal(3, unpacked.Count);
        foreach (var (path, entries) in unpacked) Assert.Equal(files.Where(f => string.Equals(f.Container, path, StringComparison.Ordinal)).Select(f => (f.Path, f.Sha256)), entries);

        static async Task<string> DigestAsync(Stream stream)
        {
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy, Token);
            return Digest(copy.ToArray());
        }
    }

    [Fact]
    public async Task Options_leave_things_out_and_wrong_ones_are_refused()
    {
        var files = await WriteAsync("a", 5, new MadeUpArchiveOptions { Instances = 9, Duplicates = 0, Conflicts = 0, HasDamaged = false, HasNotDicom = false, InContainers = 0 });
        Assert.Equal(9, files.Count);
        Assert.All(files, f => Assert.Equal(MadeUpFileKind.Instance, f.Kind));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => WriteAsync("b", 5, new MadeUpArchiveOptions { Instances = 2 }));
        Assert.False(Directory.Exists(Path.Combine(_folder.FullName, "b")));
    }

    [Fact]
    public async Task Overwrites_nothing()
    {
        var options = new MadeUpArchiveOptions { Instances = 3, Duplicates = 0, Conflicts = 0, HasDamaged = false, HasNotDicom = false, InContainers = 0 };
        var files = await WriteAsync("a", 6, options);
        await Assert.ThrowsAsync<IOException>(() => WriteAsync("a", 6, options));
        Assert.Equal(files[0].Sha256, Digest(await File.ReadAllBytesAsync(At("a", files[0].Path), Token)));
    }
}
