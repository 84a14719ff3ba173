using System.ComponentModel.DataAnnotations;
using Dicom.Migration.FileSystem.Media;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>The layout of a File-set keeps what the layout by UIDs keeps.</summary>
public class FileSetTests
{
    // Found by trying numbers: the first 40 bits of their SHA-256 are the same.
    private const string One = "1.2.826.0.1.3680043.10.999.536542", Other = "1.2.826.0.1.3680043.10.999.990117";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static FolderTarget Target(string path, bool? dicomDir = false) => new("t", new FolderTargetOptions { Path = path, Layout = FolderLayout.FileSet, WriteDicomDir = dicomDir });

    private static async Task<StoreOutcome[]> StoreAsync(string path, params OutgoingInstance[] instances)
    {
        using var target = Target(path);
        await using var session = await target.OpenSessionAsync(Token);
        var receipts = new List<StoreReceipt>();
        foreach (var instance in instances) receipts.Add(await session.StoreAsync(instance, Token));
        await session.FlushAsync(Token);
        return await Task.WhenAll(receipts.Select(r => r.Acknowledged));
    }

    [Fact]
    public async Task Files_lie_under_short_names_that_follow_from_their_UIDs()
    {
        using var folder = new TemporaryFolder();
        var outcomes = await StoreAsync(folder.Path, Made.Outgoing("1.2.3.4"), Made.Outgoing("1.9.9", study: "1.9", series: "1.9.1"));
        Assert.Equal([$"DICOM/{FileSetPlace.NameOf("1.2")}/{FileSetPlace.NameOf("1.2.3")}/{FileSetPlace.NameOf("1.2.3.4")}", $"DICOM/{FileSetPlace.NameOf("1.9")}/{FileSetPlace.NameOf("1.9.1")}/{FileSetPlace.NameOf("1.9.9")}"],
            outcomes.Select(static o => o.Reference!.Location));
        Assert.Equal(Made.File("1.2.3.4"), File.ReadAllBytes(folder[outcomes[0].Reference!.Location!]));
    }

    [Fact]
    public async Task Two_UIDs_of_one_name_are_two_objects_and_neither_is_in_conflict()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(FileSetPlace.NameOf(One), FileSetPlace.NameOf(Other));
        for (var run = 0; run < 2; run++)
        {
            var outcomes = await StoreAsync(folder.Path, Made.Outgoing(One), Made.Outgoing(Other));
            Assert.All(outcomes, o => Assert.Equal((run == 0 ? StoreDisposition.Stored : StoreDisposition.AlreadyThere, null), (o.Disposition, o.Fault)));
        }
        Assert.Equal(2, folder.Files.Length);
        // Both are found by their UIDs alone, as the ledger looks for them.
        using var target = Target(folder.Path);
        await foreach (var item in target.CollectAsync(EvidenceLevel.L4, [.. new[] { One, Other }.Select(static uid => new StoredReference("1.2", "1.2.3", "1", uid))], Token))
            await using (item)
                Assert.Equal(Made.DataSet(item.Reference.SopInstanceUid), await Made.ReadAsync(item.Body!));
    }

    [Fact]
    public async Task Other_bytes_of_a_UID_whose_name_is_shared_are_a_conflict_and_kept_beside()
    {
        using var folder = new TemporaryFolder();
        var outcomes = await StoreAsync(folder.Path, Made.Outgoing(One), Made.Outgoing(Other), Made.Outgoing(Other, Made.DataSet(Other, 50)), Made.Outgoing(Other, Made.DataSet(Other, 60)));
        Assert.Equal([StoreDisposition.Stored, StoreDisposition.Stored, StoreDisposition.StoredBeside, StoreDisposition.StoredBeside], outcomes.Select(static o => o.Disposition));
        Assert.Equal([null, null, FaultCode.UidConflict, FaultCode.UidConflict], outcomes.Select(static o => o.Fault?.Code));
        Assert.Equal(4, folder.Files.Length);
        Assert.Equal(Made.File(Other, 60), File.ReadAllBytes(folder[outcomes[3].Reference!.Location!]));
        Assert.Equal((StoreDisposition.AlreadyThere, outcomes[3].Reference), (await StoreAsync(folder.Path, Made.Outgoing(Other, Made.DataSet(Other, 60)))) is [var again] ? (again.Disposition, again.Reference) : default);
    }

    [Fact]
    public async Task Twenty_objects_of_one_UID_are_all_kept()
    {
        using var folder = new TemporaryFolder();
        var outcomes = await StoreAsync(folder.Path, [.. Enumerable.Range(10, 20).Select(static i => Made.Outgoing("1.5", Made.DataSet("1.5", 2 * i)))]);
        Assert.All(outcomes, static o => Assert.True(o.IsStored));
        Assert.Equal(20, folder.Files.Length);
    }

    [Fact]
    public async Task A_link_in_the_place_of_a_directory_or_a_file_is_not_followed()
    {
        using var folder = new TemporaryFolder();
        using var outside = new TemporaryFolder();
        var series = $"DICOM/{FileSetPlace.NameOf("1.2")}/{FileSetPlace.NameOf("1.2.3")}";
        Directory.CreateDirectory(folder[series]);
        Directory.CreateSymbolicLink(folder["DICOM/" + FileSetPlace.NameOf("1.7")], outside.Path);
        File.WriteAllBytes(outside["victim"], [1]);
        File.CreateSymbolicLink(folder[$"{series}/{FileSetPlace.NameOf("1.5")}"], outside["victim"]);
        var outcomes = await StoreAsync(folder.Path, Made.Outgoing("1.6", study: "1.7"), Made.Outgoing("1.5"));
        Assert.Equal([StoreDisposition.NotStored, StoreDisposition.StoredBeside], outcomes.Select(static o => o.Disposition));
        Assert.Equal([1], File.ReadAllBytes(outside["victim"]));
    }

    [Theory]
    [InlineData(FolderLayout.ByUid, null, false, true)]
    [InlineData(FolderLayout.ByUid, false, false, true)]
    [InlineData(FolderLayout.ByUid, true, true, false)]
    [InlineData(FolderLayout.FileSet, null, true, true)]
    [InlineData(FolderLayout.FileSet, false, false, true)]
    [InlineData((FolderLayout)7, null, false, false)]
    public void A_DICOMDIR_is_for_a_file_set_alone(FolderLayout layout, bool? asked, bool isWritten, bool isValid)
    {
        var options = new FolderTargetOptions { Path = "/x", Layout = layout, WriteDicomDir = asked };
        Assert.Equal((isWritten, isValid), (options.WritesDicomDir, !options.Validate(new ValidationContext(options)).Any()));
        if (layout is FolderLayout.ByUid && asked is true)
            Assert.Equal(FaultCode.InvalidConfiguration, Assert.Throws<FileSystemException>(() => new FolderTarget("t", options)).Fault.Code);
    }

    [Fact]
    public void A_ledger_of_one_layout_is_not_one_of_the_other()
    {
        using FolderTarget byUid = new("t", new FolderTargetOptions { Path = "/x" }), fileSet = Target("/x");
        Assert.Equal(("folder:/x", "folder:/x?layout=file-set"), (byUid.Address, fileSet.Address));
    }
}
