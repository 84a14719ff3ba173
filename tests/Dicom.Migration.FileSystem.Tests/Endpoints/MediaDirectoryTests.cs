using Record = Dicom.Migration.FileSystem.Tests.MadeMediaDirectory.Record;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>A DICOMDIR in a source (PS3.3 Annex F, PS3.10 §8) is no instance, and is held against the files.</summary>
public class MediaDirectoryTests
{
    private const string Named = "an instance without a note";
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<List<object>> ReadAsync(string root, string key, int maxRecords = 1_000)
    {
        var items = new List<object>();
        await foreach (var item in new FolderSource("s", new FolderSourceOptions { Path = root, MaxMediaDirectoryRecords = maxRecords }).ReadAsync(new SourceUnit(key, SourceUnitKind.File), Token))
            await using (item)
                items.Add(item is SourceInstance i ? i.Note?.Code ?? (object)Named : ((SourceFinding)item).Exclusion is { } rule ? rule : (((SourceFinding)item).Place, ((SourceFinding)item).Fault!.Value.Code));
        return items;
    }

    private static TemporaryFolder Folder(byte[] dicomdir, params string[] files)
    {
        var folder = new TemporaryFolder();
        foreach (var file in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[file])!);
            File.WriteAllBytes(folder[file], Made.File("1.2.3"));
        }
        File.WriteAllBytes(folder["DICOMDIR"], dicomdir);
        return folder;
    }

    [Fact]
    public async Task A_directory_that_names_all_instances_is_left_out_by_its_rule()
    {
        using var folder = Folder(MadeMediaDirectory.Listing("A\\IM1", "A\\IM2"), "A/IM1", "A/IM2");
        File.WriteAllText(folder["AUTORUN.INF"], "a viewer is no instance");
        Assert.Equal([SourceFinding.MediaDirectory], await ReadAsync(folder.Path, "DICOMDIR"));
        Assert.Equal([Named], await ReadAsync(folder.Path, "A/IM1"));
    }

    [Theory]
    [InlineData("DIR1\\IMG00001", "dir1/img00001")]
    [InlineData("DIR1\\IMG00001", "DIR1/IMG00001.dcm")]
    [InlineData("DIR1\\IMG00001", "dir1/img00001.;1")]
    [InlineData("DIR1\\IMG00001;1", "DIR1/IMG00001")]
    [InlineData("dir1\\img00001.DCM", "DIR1/IMG00001")]
    [InlineData("DIR1/IMG00001", "DIR1/IMG00001")]
    [InlineData(".\\DIR1\\IMG00001", "DIR1/IMG00001")]
    [InlineData(" DIR1 \\IMG00001", "DIR1/IMG00001")]
    [InlineData("A name of no standard\\x.y", "A NAME OF NO STANDARD/X.Y")]
    public async Task A_file_is_found_by_what_copying_makes_of_its_name(string named, string file)
    {
        using var folder = Folder(MadeMediaDirectory.Listing(named), file);
        Assert.Equal([SourceFinding.MediaDirectory], await ReadAsync(folder.Path, "DICOMDIR"));
        Assert.Equal([Named], await ReadAsync(folder.Path, file));
    }

    [Fact]
    public async Task A_file_that_is_named_and_missing_is_an_exception_of_its_own_and_once()
    {
        using var folder = Folder(MadeMediaDirectory.Listing("A\\IM1", "A\\IM2", "a\\im2", "B\\IM3"), "A/IM1");
        Assert.Equal([SourceFinding.MediaDirectory, ("A/IM2", FaultCode.DicomDirFileMissing), ("B/IM3", FaultCode.DicomDirFileMissing)], await ReadAsync(folder.Path, "DICOMDIR"));
    }

    [Fact]
    public async Task An_instance_that_is_not_named_is_delivered_with_a_note_and_the_directory_called_incomplete()
    {
        using var folder = Folder(MadeMediaDirectory.Listing("A\\IM1"), "A/IM1", "A/IM2", "sub/X");
        File.WriteAllBytes(folder["sub/DICOMDIR"], MadeMediaDirectory.Listing("X"));
        Assert.Equal([FolderSource.IncompleteMediaDirectory], await ReadAsync(folder.Path, "DICOMDIR"));
        Assert.Equal([SourceFinding.MediaDirectory], await ReadAsync(folder.Path, "sub/DICOMDIR"));
        Assert.Equal([FaultCode.DicomDirFileUnlisted], await ReadAsync(folder.Path, "A/IM2"));
        Assert.Equal([Named], await ReadAsync(folder.Path, "sub/X")); // the nearest directory's affair
    }

    public static TheoryData<string, byte[]> Broken => new()
    {
        { "a loop of next records", MadeMediaDirectory.Build(0, new Record("IM1", Next: 1), new Record("IM2", Next: 0)) },
        { "a record below itself", MadeMediaDirectory.Build(0, new Record("IM1", Lower: 0), new Record("IM2")) },
        { "a link to no record", MadeMediaDirectory.Build(0, new Record("IM1", RawNext: 7), new Record("IM2")) },
        { "no root", MadeMediaDirectory.Build(-1, new Record("IM1"), new Record("IM2")) },
    };

    [Theory, MemberData(nameof(Broken))]
    public async Task A_malformed_directory_is_a_fault_and_what_it_names_is_looked_for_all_the_same(string what, byte[] dicomdir)
    {
        using var folder = Folder(dicomdir, "IM1");
        Assert.True((await ReadAsync(folder.Path, "DICOMDIR")) is [("", FaultCode.MalformedDicomDir), ("IM2", FaultCode.DicomDirFileMissing)], what);
        Assert.Equal([Named], await ReadAsync(folder.Path, "IM1"));
    }

    [Fact]
    public async Task A_directory_that_is_cut_off_is_a_fault_and_says_nothing_of_files()
    {
        using var folder = Folder(MadeMediaDirectory.Listing("IM1", "IM2", "IM3")[..^20], "IM1", "IM7");
        Assert.Equal([("", FaultCode.MalformedDicomDir)], await ReadAsync(folder.Path, "DICOMDIR"));
        Assert.Equal([Named], await ReadAsync(folder.Path, "IM7"));
    }

    [Fact]
    public async Task A_path_out_of_the_folder_is_a_fault_and_never_looked_for()
    {
        using var folder = Folder(MadeMediaDirectory.Listing("..\\..\\etc\\passwd", "IM1"), "IM1");
        Assert.Equal([("", FaultCode.MalformedDicomDir)], await ReadAsync(folder.Path, "DICOMDIR"));
    }

    [Fact]
    public async Task Records_that_no_longer_count_or_hang_on_nothing_are_not_missed()
    {
        using var folder = Folder(MadeMediaDirectory.Build(0, new Record("GONE", Next: 1, InUse: 0), new Record(null, Lower: 2), new Record("IM1"), new Record("UNLINKED")), "IM1");
        Assert.Equal([SourceFinding.MediaDirectory], await ReadAsync(folder.Path, "DICOMDIR"));
    }

    [Fact]
    public async Task More_records_than_the_limit_are_not_held_and_said_to_be_too_many()
    {
        using var folder = Folder(MadeMediaDirectory.Listing("IM1", "IM2", "IM3"), "IM1", "IM2");
        Assert.Equal([("", FaultCode.ContainerLimit)], await ReadAsync(folder.Path, "DICOMDIR", maxRecords: 2));
    }

    [Fact]
    public async Task A_very_long_chain_is_followed_without_recursion()
    {
        using var folder = Folder(MadeMediaDirectory.Listing([.. Enumerable.Range(0, 50_000).Select(static _ => "IM1")]), "IM1");
        Assert.Equal([SourceFinding.MediaDirectory], await ReadAsync(folder.Path, "DICOMDIR", 100_000));
    }

    [Fact]
    public async Task Random_damage_is_a_fault_or_nothing_and_never_another_exception()
    {
        using var folder = Folder([], "IM1");
        var (whole, random) = (MadeMediaDirectory.Listing("IM1", "IM2", "A\\IM3"), new Random(5));
        for (var i = 0; i < 300; i++)
        {
            var damaged = whole[..(i % 2 == 0 ? random.Next(1, whole.Length) : whole.Length)];
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(folder["DICOMDIR"], damaged);
            Assert.NotEmpty(await ReadAsync(folder.Path, "DICOMDIR"));
        }
    }
}
