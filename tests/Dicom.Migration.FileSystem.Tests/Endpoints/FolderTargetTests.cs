using System.IO.Pipelines;

namespace Dicom.Migration.FileSystem.Tests;

public class FolderTargetTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<StoreOutcome[]> StoreAsync(string path, params OutgoingInstance[] instances)
    {
        using var target = new FolderTarget("t", new FolderTargetOptions { Path = path });
        await using var session = await target.OpenSessionAsync(Token);
        var receipts = new List<StoreReceipt>();
        foreach (var instance in instances) receipts.Add(await session.StoreAsync(instance, Token));
        await session.FlushAsync(Token);
        return await Task.WhenAll(receipts.Select(r => r.Acknowledged));
    }

    [Fact]
    public async Task Files_are_laid_out_by_study_series_and_instance_and_hold_the_data_set_unchanged()
    {
        using var folder = new TemporaryFolder();
        var path = folder["made/as/needed"];
        var outcomes = await StoreAsync(path, Made.Outgoing("1.2.3.4"), Made.Outgoing("1.2.3.5"), Made.Outgoing("1.9.9", study: "1.9", series: "1.9.1"));
        Assert.All(outcomes, o => Assert.Equal((StoreDisposition.Stored, null), (o.Disposition, o.Fault)));
        Assert.Equal(["1.2/1.2.3/1.2.3.4.dcm", "1.2/1.2.3/1.2.3.5.dcm", "1.9/1.9.1/1.9.9.dcm"], outcomes.Select(o => o.Reference!.Location));
        Assert.Equal(Made.File("1.2.3.4"), File.ReadAllBytes(Path.Combine(path, "1.2/1.2.3/1.2.3.4.dcm")));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(path, ".dicom-migration-incoming")));
    }

    [Fact]
    public async Task An_envelope_is_written_as_it_came_even_if_it_is_a_program_header()
    {
        using var folder = new TemporaryFolder();
        byte[] envelope = [(byte)'M', (byte)'Z', .. new byte[126], .. "DICM"u8];
        await StoreAsync(folder.Path, Made.Outgoing("1.5", envelope: envelope));
        var file = folder["1.2/1.2.3/1.5.dcm"];
        Assert.Equal([.. envelope, .. Made.DataSet("1.5")], File.ReadAllBytes(file));
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute | UnixFileMode.OtherRead));
    }

    [Fact]
    public async Task Storing_the_same_bytes_again_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        await StoreAsync(folder.Path, Made.Outgoing("1.5"));
        var again = await StoreAsync(folder.Path, Made.Outgoing("1.5"), Made.Outgoing("1.5"));
        Assert.All(again, o => Assert.Equal((StoreDisposition.AlreadyThere, "1.2/1.2.3/1.5.dcm", null), (o.Disposition, o.Reference!.Location, o.Fault)));
        Assert.Equal(["1.2/1.2.3/1.5.dcm"], folder.Files);
    }

    [Fact]
    public async Task Other_bytes_under_the_same_UID_are_kept_beside_and_reported_each_time()
    {
        using var folder = new TemporaryFolder();
        var other = Made.DataSet("1.5", 50);
        var first = await StoreAsync(folder.Path, Made.Outgoing("1.5"), Made.Outgoing("1.5", other));
        var second = await StoreAsync(folder.Path, Made.Outgoing("1.5", other));
        Assert.Equal([StoreDisposition.Stored, StoreDisposition.StoredBeside], first.Select(o => o.Disposition));
        Assert.Equal(StoreDisposition.AlreadyThere, second[0].Disposition);
        Assert.Equal([null, FaultCode.UidConflict], first.Select(o => o.Fault?.Code));
        Assert.Equal((FaultCode.UidConflict, first[1].Reference), (second[0].Fault!.Value.Code, second[0].Reference));
        Assert.Equal(2, folder.Files.Length);
        Assert.Equal(Made.File("1.5", 50), File.ReadAllBytes(folder[first[1].Reference!.Location!]));
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("1.2\0.3")]
    [InlineData("1\n2")]
    [InlineData("CON")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task A_UID_that_is_none_never_becomes_a_name(string hostile)
    {
        using var folder = new TemporaryFolder();
        var outcome = (await StoreAsync(folder["root"], Made.Outgoing(hostile, Made.DataSet("1.5"), hostile, hostile))).Single();
        Assert.Equal(StoreDisposition.Stored, outcome.Disposition);
        Assert.Matches("^(sha256-[0-9a-f]{32}/){2}sha256-[0-9a-f]{32}\\.dcm$", outcome.Reference!.Location);
        Assert.True(File.Exists(Path.Combine(folder["root"], outcome.Reference.Location!)));
        Assert.Equal(["root"], Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_link_in_the_place_of_a_directory_or_a_file_is_not_followed()
    {
        using var folder = new TemporaryFolder();
        using var outside = new TemporaryFolder();
        Directory.CreateSymbolicLink(folder["1.7"], outside.Path);
        Directory.CreateDirectory(folder["1.2/1.2.3"]);
        File.WriteAllBytes(outside["victim"], [1]);
        File.CreateSymbolicLink(folder["1.2/1.2.3/1.5.dcm"], outside["victim"]);
        var outcomes = await StoreAsync(folder.Path, Made.Outgoing("1.6", study: "1.7"), Made.Outgoing("1.5"));
        Assert.Equal([StoreDisposition.NotStored, StoreDisposition.StoredBeside], outcomes.Select(o => o.Disposition));
        Assert.Equal(["victim"], outside.Files);
        Assert.Equal([1], File.ReadAllBytes(outside["victim"]));
    }

    [Fact]
    public async Task A_body_that_breaks_off_leaves_nothing_and_the_session_goes_on()
    {
        using var folder = new TemporaryFolder();
        using var target = new FolderTarget("t", new FolderTargetOptions { Path = folder.Path });
        await using var session = await target.OpenSessionAsync(Token);
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(new byte[10], Token);
        await pipe.Writer.CompleteAsync(new FileSystemException(new Fault(FaultCode.ReadFailed)));
        var broken = new OutgoingInstance { StudyInstanceUid = "1", SeriesInstanceUid = "1", SopClassUid = "1", SopInstanceUid = "1", TransferSyntax = DataSets.TransferSyntax.ExplicitVrLittleEndian, Body = pipe.Reader };
        await Assert.ThrowsAsync<FileSystemException>(() => session.StoreAsync(broken, Token));
        var next = await session.StoreAsync(Made.Outgoing("1.5"), Token);
        await session.FlushAsync(Token);
        Assert.True((await next.Acknowledged).IsStored);
        Assert.Equal(["1.2/1.2.3/1.5.dcm"], folder.Files);
    }

    [Fact]
    public async Task What_is_stored_can_be_read_back_and_what_is_not_is_missing()
    {
        using var folder = new TemporaryFolder();
        var reference = (await StoreAsync(folder.Path, Made.Outgoing("1.5"))).Single().Reference!;
        using var target = new FolderTarget("t", new FolderTargetOptions { Path = folder.Path });
        StoredReference[] asked = [reference, reference with { Location = null }, reference with { SopInstanceUid = "1.6", Location = null }, reference with { Location = "../../x" }];
        var seen = new List<(FaultCode?, bool)>();
        await foreach (var item in target.CollectAsync(EvidenceLevel.L4, asked, Token))
            await using (item)
                seen.Add((item.Fault?.Code, item.Body is not null && (await Made.ReadAsync(item.Body)).AsSpan().SequenceEqual(Made.DataSet("1.5"))));
        Assert.Equal([(null, true), (null, true), (FaultCode.MissingAtTarget, false), (FaultCode.MissingAtTarget, false)], seen);
    }

    [Fact]
    public async Task Unfinished_files_of_a_dead_run_are_removed_and_those_of_a_living_one_are_not()
    {
        using var folder = new TemporaryFolder();
        const string Incoming = ".dicom-migration-incoming/";
        foreach (var name in new[] { "dead", "half-swept" })
        {
            Directory.CreateDirectory(folder[Incoming + name]);
            File.WriteAllBytes(folder[Incoming + name + "/1.part"], [1]);
        }
        // A run killed while it swept, or while it made its own place.
        foreach (var name in new[] { "dead", "unmade" }) File.WriteAllBytes(folder[Incoming + name + ".lock"], []);
        using var living = new FolderTarget("a", new FolderTargetOptions { Path = folder.Path });
        await using var session = await living.OpenSessionAsync(Token);
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(folder[Incoming]).Count()); // the living one's own
        var receipt = await session.StoreAsync(Made.Outgoing("1.5"), Token);
        await StoreAsync(folder.Path, Made.Outgoing("1.6"));
        await session.FlushAsync(Token);
        Assert.True((await receipt.Acknowledged).IsStored);
    }
}
