using Dicom.Migration.FileSystem.Media;
using Dicom.Migration.Testing;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>The DICOMDIR of a File-set (PS3.3 Annex F): what it names, what not, and that there is always a whole one.</summary>
public sealed class WrittenMediaDirectoryTests : IDisposable
{
    private readonly FileSetFixture _set = new();
    private readonly IReadOnlyList<MadeUpInstance> _made = MadeUpInstances.Create(47, 40);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _set.Dispose();

    [Fact]
    public async Task Our_source_finds_every_instance_once_and_named_and_none_missing()
    {
        var summary = await _set.StoreAsync(_made.Select(FileSetFixture.Outgoing));
        var items = await _set.ReadAllAsync();
        Assert.Equal(_made.Count, items.Count(static i => i is "named"));
        Assert.Equal([SourceFinding.MediaDirectory], items.Where(static i => i is not "named"));
        Assert.Equal((_made.Count, _made.Select(static m => m.StudyInstanceUid).Distinct().Count(), new FileInfo(_set.DicomDir).Length), ((int)summary!.Instances, (int)summary.Studies, summary.Bytes));
        Assert.Empty(summary.LeftOut);
    }

    [Fact]
    public async Task A_second_run_names_the_objects_of_the_first_too_and_one_that_stores_nothing_mends_it()
    {
        await _set.StoreAsync(_made.Take(3).Select(FileSetFixture.Outgoing));
        await _set.StoreAsync(_made.Skip(3).Take(4).Select(FileSetFixture.Outgoing));
        Assert.Equal(7, (await _set.ReadAllAsync()).Count(static i => i is "named"));
        // As after a kill: files are there, and the DICOMDIR is older than they are.
        await _set.StoreAsync(_made.Skip(7).Take(2).Select(FileSetFixture.Outgoing), isWritten: false);
        Assert.Equal(2, (await _set.ReadAllAsync()).Count(static i => i is FaultCode.DicomDirFileUnlisted));
        Assert.Equal(9, (await _set.StoreAsync([]))!.Instances);
        Assert.Equal(9, (await _set.ReadAllAsync()).Count(static i => i is "named"));
    }

    [Fact]
    public async Task It_is_written_once_when_the_last_session_is_closed_and_not_before()
    {
        using var target = _set.Target();
        var first = await target.OpenSessionAsync(Token);
        var last = await target.OpenSessionAsync(Token);
        await first.StoreAsync(FileSetFixture.Outgoing(_made[0]), Token);
        await first.DisposeAsync();
        Assert.False(File.Exists(_set.DicomDir));
        await last.DisposeAsync();
        Assert.Equal(1, target.LastDicomDir!.Instances);
    }

    [Fact]
    public async Task None_is_written_where_none_is_wanted_and_one_can_be_asked_for()
    {
        Assert.Null(await _set.StoreAsync(_made.Take(2).Select(FileSetFixture.Outgoing), isWritten: false));
        Assert.False(File.Exists(_set.DicomDir));
        using var target = _set.Target(isWritten: false);
        Assert.Equal(2, (await target.WriteDicomDirAsync(Token)).Instances);
        using var byUid = new FolderTarget("u", new FolderTargetOptions { Path = _set.Folder["u"] });
        Assert.Equal(FaultCode.InvalidConfiguration, (await Assert.ThrowsAsync<FileSystemException>(() => byUid.WriteDicomDirAsync(Token))).Fault.Code);
    }

    [Fact]
    public async Task A_file_without_a_place_in_the_tree_is_counted_by_its_reason_and_stays()
    {
        var whole = FileSetFixture.Outgoing(_made[0]);
        await _set.StoreAsync([whole, Made.Outgoing("1.5")], isWritten: false); // the second has no Study or Series Instance UID
        var file = Directory.EnumerateFiles(_set.Folder["DICOM"], "*", SearchOption.AllDirectories).First(static f => new FileInfo(f).Length > 500);
        File.Copy(file, _set.Folder["DICOM/image.dcm"]);
        File.WriteAllBytes(_set.Folder["DICOM/NOMETA"], File.ReadAllBytes(file)[128..]);
        File.WriteAllBytes(_set.Folder["DICOM/CUT"], File.ReadAllBytes(file)[..240]);
        File.WriteAllText(_set.Folder["README"], "no instance, and not counted");
        var before = _set.Folder.Files;
        using var target = _set.Target();
        var summary = await target.WriteDicomDirAsync(Token);
        Assert.Equal(1, summary.Instances);
        Assert.Equal([(DicomDirOmission.Unreadable, 1L), (DicomDirOmission.NotPart10, 1), (DicomDirOmission.NoIdentity, 1), (DicomDirOmission.NoFileId, 1)],
            summary.LeftOut.OrderBy(static r => r.Key).Select(static r => (r.Key, r.Value)));
        Assert.EndsWith("left out: 1 Unreadable, 1 NotPart10, 1 NoIdentity, 1 NoFileId", summary.ToString(), StringComparison.Ordinal);
        Assert.Equal(before.Append("DICOMDIR").Order(StringComparer.Ordinal), _set.Folder.Files);
    }

    [Theory]
    [InlineData(LibC.IoError, FaultCode.WriteFailed, false)]
    [InlineData(LibC.NoSpace, FaultCode.DiskFull, false)]
    [InlineData(LibC.IoError, FaultCode.WriteFailed, true)]
    public async Task Whichever_system_call_fails_or_is_the_last_the_old_one_stays_or_the_new_one_is_whole(int error, FaultCode expected, bool isForGood)
    {
        await _set.StoreAsync(_made.Take(2).Select(FileSetFixture.Outgoing));
        var old = await File.ReadAllBytesAsync(_set.DicomDir, Token);
        await _set.StoreAsync(_made.Skip(2).Take(2).Select(FileSetFixture.Outgoing), isWritten: false);
        var (failures, replaced) = (0, 0);
        for (var failAt = 1; ; failAt++)
        {
            await File.WriteAllBytesAsync(_set.DicomDir, old, Token);
            var (libC, isWritten) = (new FaultyLibC(failAt, error, isForGood), false);
            using (var target = _set.Target(libC: libC))
            {
                try
                {
                    await target.WriteDicomDirAsync(Token);
                    isWritten = true;
                }
                catch (MigrationException e)
                {
                    failures++;
                    Assert.Equal(expected, e.Fault.Code);
                }
            }
            var now = await File.ReadAllBytesAsync(_set.DicomDir, Token);
            if (isWritten) Assert.Equal(now, libC.AfterPowerCut(_set.Folder.Path, "DICOMDIR"));
            if (!now.AsSpan().SequenceEqual(old))
            {
                replaced++;
                Assert.Equal(4, (await _set.ReadAllAsync()).Count(static i => i is "named"));
            }
            if (libC.Calls < failAt) break;
        }
        Assert.Empty(Directory.EnumerateFiles(_set.Folder.Path, "*.part", SearchOption.AllDirectories)); // what a kill left, the next one removed
        Assert.True(failures > 40 && replaced > 0, $"{failures} failures, {replaced} replaced");
    }

    [Fact]
    public async Task A_session_that_cannot_write_it_says_so_when_it_is_closed_and_what_was_stored_stays_acknowledged()
    {
        Directory.CreateDirectory(_set.DicomDir); // a directory in its place
        using var target = _set.Target();
        var session = await target.OpenSessionAsync(Token);
        var receipt = await session.StoreAsync(FileSetFixture.Outgoing(_made[0]), Token);
        await session.FlushAsync(Token);
        Assert.Equal(FaultCode.WriteFailed, (await Assert.ThrowsAsync<FileSystemException>(async () => await session.DisposeAsync())).Fault.Code);
        Assert.True((await receipt.Acknowledged).IsStored);
        Directory.Delete(_set.DicomDir);
        Assert.Equal(1, (await target.WriteDicomDirAsync(Token)).Instances);
    }

    [Fact]
    public async Task Giving_up_leaves_the_old_one()
    {
        await _set.StoreAsync(_made.Take(1).Select(FileSetFixture.Outgoing));
        var old = File.ReadAllBytes(_set.DicomDir);
        using var target = _set.Target();
        await using (await target.OpenSessionAsync(Token))
        {
            using var cancelled = new CancellationTokenSource();
            await cancelled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => target.WriteDicomDirAsync(cancelled.Token));
            Assert.Equal(old, File.ReadAllBytes(_set.DicomDir));
        }
    }
}
