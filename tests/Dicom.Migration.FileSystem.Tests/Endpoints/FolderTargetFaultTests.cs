using Dicom.Migration.FileSystem.Media;

namespace Dicom.Migration.FileSystem.Tests;

public class FolderTargetFaultTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Small batches or one large one (which is synced as a whole), a repeat and a conflict, with one system call failing; then the same again with none failing.</summary>
    [Theory]
    [InlineData(LibC.IoError, FaultCode.WriteFailed, 2, FolderLayout.ByUid)]
    [InlineData(LibC.NoSpace, FaultCode.DiskFull, 2, FolderLayout.ByUid)]
    [InlineData(LibC.OverQuota, FaultCode.DiskFull, 2, FolderLayout.ByUid)]
    [InlineData(LibC.IoError, FaultCode.WriteFailed, 64, FolderLayout.ByUid)]
    [InlineData(LibC.NoSpace, FaultCode.DiskFull, 64, FolderLayout.ByUid)]
    [InlineData(LibC.IoError, FaultCode.WriteFailed, 2, FolderLayout.FileSet)]
    [InlineData(LibC.NoSpace, FaultCode.DiskFull, 64, FolderLayout.FileSet)]
    public async Task Nothing_acknowledged_is_lost_whichever_system_call_fails(int error, FaultCode expected, int batch, FolderLayout layout)
    {
        var (failed, unavailable, failAt) = (0, 0, 0);
        while (true)
        {
            failAt++;
            using var folder = new TemporaryFolder();
            var libC = new FaultyLibC(failAt, error);
            try
            {
                foreach (var (outcome, bytes) in await RunAsync(folder.Path, libC, batch, layout))
                {
                    if (outcome.IsStored) Assert.Equal(bytes, libC.AfterPowerCut(folder.Path, outcome.Reference!.Location!));
                    else
                    {
                        failed++;
                        Assert.Null(outcome.Reference);
                        Assert.Equal(expected, outcome.Fault!.Value.Code);
                    }
                }
            }
            catch (TargetUnavailableException e)
            {
                unavailable++;
                Assert.Equal(expected, e.Fault.Code);
            }
            if (libC.Calls < failAt) break;
            // The same again, in a new process: everything arrives, nothing twice.
            foreach (var (outcome, bytes) in await RunAsync(folder.Path, new FaultyLibC(0, error), batch, layout))
            {
                Assert.True(outcome.IsStored);
                Assert.Equal(bytes, File.ReadAllBytes(folder[outcome.Reference!.Location!]));
            }
            Assert.Equal(Objects.Length - 1, folder.Files.Length);
        }
        Assert.True(failAt > 60 && failed > 20 && unavailable > 2, $"{failAt} calls, {failed} failed, {unavailable} unavailable");
    }

    private static (string Uid, string Series, int Filling)[] Objects { get; } =
        [("1.1", "1.2.3", 10), ("1.2", "1.2.3", 20), ("1.1", "1.2.3", 10), ("1.1", "1.2.3", 30), ("1.4", "1.2.4", 0), ("1.5", "1.2.4", 0), ("1.6", "1.2.4", 0), ("1.7", "1.2.4", 0), ("1.8", "1.2.4", 0)];

    private static async Task<List<(StoreOutcome Outcome, byte[] Bytes)>> RunAsync(string path, FaultyLibC libC, int batch, FolderLayout layout)
    {
        using var target = new FolderTarget("t", new FolderTargetOptions { Path = path, MaxBatchFiles = batch, Layout = layout, WriteDicomDir = false }, libC);
        var results = new List<(StoreReceipt, byte[])>();
        await using (var session = await target.OpenSessionAsync(Token))
            foreach (var (uid, series, filling) in Objects)
                results.Add((await session.StoreAsync(Made.Outgoing(uid, Made.DataSet(uid, filling), series: series), Token), Made.File(uid, filling)));
        var outcomes = new List<(StoreOutcome, byte[])>();
        foreach (var (receipt, bytes) in results)
        {
            outcomes.Add((await receipt.Acknowledged, bytes));
        }
        return outcomes;
    }

    [Fact]
    public void A_full_device_is_reported_as_such()
    {
        var full = LibC.Instance.OpenAt(LibC.WorkingDirectory, "/dev/full", LibC.WriteOnly, 0);
        var written = LibC.Instance.Write(full, [1]);
        LibC.Instance.Close(full);
        Assert.Equal(FaultCode.DiskFull, FileSystemException.OfWriting(written).Fault.Code);
    }
}
