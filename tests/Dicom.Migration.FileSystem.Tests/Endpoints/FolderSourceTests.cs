using System.Formats.Tar;
using System.IO.Compression;

namespace Dicom.Migration.FileSystem.Tests;

public class FolderSourceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private static FolderSource Source(string path, int entries = 100, int ratio = 250) => new("s", new FolderSourceOptions { Path = path, MaxContainerEntries = entries, MaxContainerRatio = ratio });

    private static async Task<List<string>> KeysAsync(FolderSource source, string? after = null)
    {
        var keys = new List<string>();
        await foreach (var unit in source.DiscoverAsync(after is null ? null : new SourceCursor(after), Token)) keys.Add(unit.Key);
        return keys;
    }

    /// <summary>Each item as place, and digest of envelope and body, exclusion or fault.</summary>
    private static async Task<List<(string Place, object What)>> ReadAsync(FolderSource source, string key)
    {
        var items = new List<(string, object)>();
        await foreach (var item in source.ReadAsync(new SourceUnit(key, SourceUnitKind.File), Token))
            await using (item)
            {
                object what;
                try { what = item is SourceInstance i ? Convert.ToHexString([.. i.Envelope.ToArray(), .. await Made.ReadAsync(i.Body)]) : ((SourceFinding)item).Exclusion ?? (object)((SourceFinding)item).Fault!.Value.Code; }
                catch (MigrationException e) { what = e.Fault.Code; }
                items.Add((item.Place, what));
            }
        return items;
    }

    [Fact]
    public async Task A_listing_goes_on_behind_every_place_where_it_stopped()
    {
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "b/c/1", "b/c.d", "b/c", "a", "b.x", "z/ü", "z/\n", "B/1" })
            if (name != "b/c") { Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!); File.WriteAllText(folder[name], "x"); }
        var all = await KeysAsync(Source(folder.Path));
        Assert.Equal(["B/1", "a", "b/c/1", "b/c.d", "b.x", "z/\n", "z/ü"], all);
        for (var i = 0; i < all.Count; i++) Assert.Equal(all[(i + 1)..], await KeysAsync(Source(folder.Path), all[i]));
    }

    [Fact]
    public async Task Instances_are_delivered_byte_for_byte_with_or_without_an_envelope()
    {
        using var folder = new TemporaryFolder();
        var (file, bare) = (Made.File("1.2.3", 300_000), Made.DataSet("1.2.3.4"));
        File.WriteAllBytes(folder["IM1"], file);
        File.WriteAllBytes(folder["bare.txt"], bare);
        File.WriteAllBytes(folder["no-preamble"], file[128..]);
        Assert.Equal([("", Convert.ToHexString(file))], await ReadAsync(Source(folder.Path), "IM1"));
        Assert.Equal([("", Convert.ToHexString(bare))], await ReadAsync(Source(folder.Path), "bare.txt"));
        Assert.Equal([("", Convert.ToHexString(file[128..]))], await ReadAsync(Source(folder.Path), "no-preamble"));
        await foreach (var item in Source(folder.Path).ReadAsync(new SourceUnit("IM1", SourceUnitKind.File), Token))
            await using (item)
            {
                var instance = Assert.IsType<SourceInstance>(item);
                Assert.Equal(("1.2.3", "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.1.2.1", (long?)Made.DataSet("1.2.3", 300_000).Length),
                    (instance.ClaimedSopInstanceUid, instance.ClaimedSopClassUid, instance.TransferSyntax!.Uid, instance.Length));
            }
    }

    [Fact]
    public async Task Links_and_special_files_and_paths_out_of_the_root_are_reported_and_never_followed()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["root/sub"]);
        File.WriteAllBytes(folder["secret"], Made.File("1.1"));
        File.CreateSymbolicLink(folder["root/file-link"], folder["secret"]);
        Directory.CreateSymbolicLink(folder["root/up"], folder.Path);
        Directory.CreateSymbolicLink(folder["root/sub/loop"], folder["root"]);
        var source = Source(folder["root"]);
        Assert.Equal(["file-link", "sub/loop", "up"], await KeysAsync(source));
        foreach (var key in new[] { "file-link", "sub/loop", "up", "up/secret" }) Assert.Equal([("", (object)FaultCode.NotARegularFile)], await ReadAsync(source, key));
        foreach (var key in new[] { "../secret", "/secret", "sub/../../secret", "" }) Assert.NotEqual(typeof(string), (await ReadAsync(source, key)).Single().What.GetType());
        Assert.Equal([("", (object)FaultCode.SourceGone)], await ReadAsync(source, "sub/gone"));
        await Assert.ThrowsAsync<SourceUnavailableException>(() => KeysAsync(Source(folder["nowhere"])));
    }

    [Fact]
    public async Task What_is_no_instance_is_excluded_by_name_and_what_is_damaged_is_a_fault()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["readme"], "Hello, this is no image.");
        File.WriteAllBytes(folder["empty"], []);
        File.WriteAllBytes(folder["DICOMDIR"], Media.Part10Meta.Make("1.2.840.10008.1.3.10", "1.2", "1.2.840.10008.1.2.1"));
        File.WriteAllBytes(folder["cut"], Made.File("1.2.3")[..200]);
        var source = Source(folder.Path);
        Assert.Equal([("", (object)"not-dicom")], await ReadAsync(source, "readme"));
        Assert.Equal([("", (object)"empty-file")], await ReadAsync(source, "empty"));
        Assert.Equal([("", (object)"media-directory")], await ReadAsync(source, "DICOMDIR"));
        Assert.Equal([("", (object)FaultCode.MalformedFileMeta)], await ReadAsync(source, "cut"));
    }

    private static byte[] Zip(CompressionLevel level, params (string, byte[])[] files)
    {
        using var all = new MemoryStream();
        using (var zip = new ZipArchive(all, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, bytes) in files)
                using (var entry = zip.CreateEntry(name, level).Open()) entry.Write(bytes);
        return all.ToArray();
    }

    private static byte[] Tar(params (string, byte[])[] files)
    {
        using var all = new MemoryStream();
        using (var tar = new TarWriter(all, TarEntryFormat.Pax, leaveOpen: true))
            foreach (var (name, bytes) in files) tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) });
        return all.ToArray();
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var all = new MemoryStream();
        using (var gzip = new GZipStream(all, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(bytes);
        return all.ToArray();
    }

    [Fact]
    public async Task Containers_are_known_by_content_and_read_entry_by_entry()
    {
        using var folder = new TemporaryFolder();
        (string, byte[])[] files = [("../a", Made.File("1.1", 200_000)), ("note", "no image here"u8.ToArray()), ("inner", Zip(CompressionLevel.Optimal, ("x", Made.File("1.9"))))];
        File.WriteAllBytes(folder["zip"], Zip(CompressionLevel.Optimal, files));
        File.WriteAllBytes(folder["tar"], Tar(files));
        File.WriteAllBytes(folder["tgz"], Gzip(Tar(files)));
        File.WriteAllBytes(folder["gz"], Gzip(Made.File("1.1")));
        (string, object)[] expected = [("0:../a", Convert.ToHexString(files[0].Item2)), ("1:note", "not-dicom"), ("2:inner", FaultCode.ContainerLimit)];
        var source = Source(folder.Path);
        foreach (var key in new[] { "zip", "tar", "tgz" }) Assert.Equal(expected, await ReadAsync(source, key));
        Assert.Equal([("unpacked", (object)Convert.ToHexString(Made.File("1.1")))], await ReadAsync(source, "gz"));
        Assert.Equal([expected[0], ("", FaultCode.ContainerLimit)], await ReadAsync(Source(folder.Path, entries: 1), "zip"));
        Assert.Equal([expected[0], ("", FaultCode.ContainerLimit)], await ReadAsync(Source(folder.Path, entries: 1), "tgz"));
    }

    [Fact]
    public async Task A_damaged_container_never_delivers_a_damaged_instance_as_a_whole_one()
    {
        using var folder = new TemporaryFolder();
        var whole = Convert.ToHexString(Made.File("1.1", 5_000));
        (string, byte[])[] files = [("a", Made.File("1.1", 5_000)), ("b", Made.File("1.1", 5_000))];
        var random = new Random(1);
        foreach (var container in new[] { Zip(CompressionLevel.NoCompression, files), Zip(CompressionLevel.Optimal, files), Gzip(Tar(files)), Gzip(files[0].Item2) })
            for (var i = 0; i < 100; i++)
            {
                var damaged = i % 2 == 0 ? container[..random.Next(3, container.Length)] : [.. container];
                if (i % 2 == 1) damaged[random.Next(4, damaged.Length)] ^= 0x10;
                File.WriteAllBytes(folder["x"], damaged);
                foreach (var (_, what) in await ReadAsync(Source(folder.Path), "x"))
                    Assert.True(what is FaultCode || what is "not-dicom" or "empty-file" || whole.Equals(what), $"{i} of {container.Length}: {(what as string)?.Length}");
            }
    }

    [Fact]
    public async Task A_container_that_unpacks_beyond_the_limit_is_stopped()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["bomb"], Gzip(Made.File("1.1", 40_000_000)));
        Assert.Equal([("", (object)FaultCode.ContainerLimit)], await ReadAsync(Source(folder.Path, ratio: 2), "bomb"));
        File.WriteAllBytes(folder["bomb"], Zip(CompressionLevel.Optimal, ("a", Made.File("1.1", 40_000_000))));
        Assert.Equal([("0:a", (object)FaultCode.ContainerLimit)], await ReadAsync(Source(folder.Path, ratio: 2), "bomb"));
    }
}
