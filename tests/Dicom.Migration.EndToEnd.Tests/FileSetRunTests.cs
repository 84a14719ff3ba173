using System.Security.Cryptography;
using Dicom.Migration.Engine;
using Dicom.Migration.FileSystem;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests;

/// <summary>A whole run into a File-set: verified by content, taken up again without a change, and read as a source with its DICOMDIR.</summary>
public sealed class FileSetRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_made_up_archive_arrives_as_a_file_set_and_is_an_archive_again()
    {
        var archive = Path.Join(_folder, "archive");
        await MadeUpArchive.WriteAsync(archive, 7, null, Token);
        var (first, said) = await RunAsync(archive, "one");
        Assert.True(first.IsClosed);
        Assert.True(first.Count(InstanceState.Verified) > 100);
        Assert.Equal(Files("one").Length, said.Instances + said.LeftOut.Values.Sum());
        var (again, _) = await RunAsync(archive, "one");
        Assert.Equal(first.Lines, again.Lines);

        // From the File-set into another: the DICOMDIR is left out by its rule, and all that it names arrives as it is.
        var (second, _) = await RunAsync(Path.Join(_folder, "one"), "two");
        Assert.True(second.IsClosed);
        Assert.Equal(0L, second.Count(FaultCode.DicomDirFileMissing) + second.Count(FaultCode.MalformedDicomDir));
        // The account gives an object one fault: where a UID is malformed, which is why the DICOMDIR has no record, it is that.
        Assert.Equal((said.LeftOut[DicomDirOmission.NotPart10], said.LeftOut[DicomDirOmission.NoIdentity]), (second.Count(FaultCode.DicomDirFileUnlisted), second.Count(FaultCode.MalformedUid)));
        Assert.Equal(said.Instances + said.LeftOut.Values.Sum(), second.Count(InstanceState.Verified));
        Assert.Equal(Files("one"), Files("two"));
    }

    private string[] Files(string target) => [.. Directory.EnumerateFiles(Path.Join(_folder, target, "DICOM"), "*", SearchOption.AllDirectories).Select(static f => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f)))).Order(StringComparer.Ordinal)];

    private async Task<(LedgerAccount Account, DicomDirSummary DicomDir)> RunAsync(string from, string to)
    {
        using var target = new FolderTarget("to", new FolderTargetOptions { Path = Path.Join(_folder, to), Layout = FolderLayout.FileSet });
        var runner = new MigrationRunner(new FolderSource("from", new FolderSourceOptions { Path = from }), target, Path.Join(_folder, to + ".db"),
            new MigrationRunOptions { SpoolFolder = Path.Join(_folder, "spool") }, [], TimeProvider.System);
        var account = await runner.RunAsync(null, Token);
        return (account, target.LastDicomDir!);
    }
}
