using System.Buffers;
using System.Diagnostics;
using System.IO.Compression;
using Dicom.Migration.DataSets;
using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.Evidence;
using Dicom.Migration.FileSystem;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests;

/// <summary>What a person is told of an archive of the nineties: names in Latin-1, files that the DICOMDIR forgot, entries of a container.</summary>
public sealed class NotesAndNamesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Shell($"rm -r '{_folder}'"); // .NET cannot delete every name

    [Fact]
    public async Task Latin_1_names_arrive_and_files_that_the_dicomdir_forgot_are_named_in_the_account()
    {
        var archive = Path.Join(_folder, "archive");
        Directory.CreateDirectory(archive);
        var made = MadeUpInstances.Create(3, 2);
        await File.WriteAllBytesAsync(Path.Join(archive, "IM1"), made[0].Bytes.ToArray(), Token);
        await File.WriteAllBytesAsync(Path.Join(archive, "IM2"), made[1].Bytes.ToArray(), Token);
        await File.WriteAllBytesAsync(Path.Join(archive, "DICOMDIR"), EmptyMediaDirectory(), Token);
        Shell($"""cd '{archive}'; mkdir "$(printf 'M\374ller')"; mv IM2 "$(printf 'M\374ller/R\366ntgen')" """);
        using (var zip = await ZipFile.OpenAsync(Path.Join(archive, "cd.zip"), ZipArchiveMode.Create, Token))
            foreach (var name in new[] { "a.dcm", "b.dcm" })
                await using (var entry = await zip.CreateEntry(name).OpenAsync(Token))
                    await entry.WriteAsync("this was an image once"u8.ToArray(), Token);

        var account = await RunAsync(archive);
        Assert.True(account.IsClosed);
        Assert.Equal((5L, 2L, 2L, 1L), (account.Discovered, account.Count(InstanceState.Verified), account.Count(InstanceState.Excepted), account.Count(InstanceState.Excluded)));
        Assert.Equal((2L, 2L), (account.Count(FaultCode.DicomDirFileUnlisted), account.Count(FaultCode.NotDicom)));
        Assert.Equal(account.Lines, (await RunAsync(archive)).Lines);

        using var ledger = SqliteLedgerReader.Open(Path.Join(_folder, "ledger.db"));
        var found = Assert.Single(await ledger.FindAsync(made[1].SopInstanceUid, Token));
        Assert.Equal("M%FCller/R%F6ntgen", found.Identity.UnitKey);
        var story = string.Join('\n', await InstanceStory.TellAsync(ledger, found, Token));
        Assert.Contains(", from M%FCller/R%F6ntgen.", story, StringComparison.Ordinal);
        Assert.Contains("DicomDirFileUnlisted", story, StringComparison.Ordinal);
        var places = new List<string?>();
        await foreach (var instance in ledger.ReadInstancesAsync(new LedgerQuery { Fault = FaultCode.NotDicom }, Token))
        {
            places.Add(instance.Identity.Place);
            Assert.Contains($"from cd.zip, at {instance.Identity.Place}", (await InstanceStory.TellAsync(ledger, instance, Token))[0], StringComparison.Ordinal);
        }
        Assert.Equal(["0:a.dcm", "1:b.dcm"], places.Order(StringComparer.Ordinal));
    }

    private async Task<LedgerAccount> RunAsync(string from)
    {
        using var target = new FolderTarget("target", new FolderTargetOptions { Path = Path.Join(_folder, "target") });
        await using var ledger = await SqliteLedger.OpenAsync(Path.Join(_folder, "ledger.db"), new LedgerIdentity("test", from, "target"), TimeProvider.System, cancellationToken: Token);
        var lease = await ledger.AcquireLeaseAsync("test", TimeSpan.FromHours(1), Token);
        var run = new MigrationRun(new FolderSource("source", new FolderSourceOptions { Path = from }), target, ledger, new SqliteWorkCoordinator(ledger, lease, TimeProvider.System),
            new MigrationRunOptions { SpoolFolder = Path.Join(_folder, "spool") });
        var account = await run.RunAsync(lease, null, Token);
        await ledger.ReleaseAsync(lease, Token);
        return account;
    }

    /// <summary>A DICOMDIR (PS3.3 §F.3.2.2) that names nothing.</summary>
    private static byte[] EmptyMediaDirectory()
    {
        var bytes = new ArrayBufferWriter<byte>();
        Part10FileWriter.WritePrefix(bytes, "1.2.840.10008.1.3.10", "2.25.1", TransferSyntax.ExplicitVrLittleEndian);
        new DataSet
        {
            DataElement.Integers(new DicomTag(0x0004, 0x1200), DicomVr.UL, 0),
            DataElement.Integers(new DicomTag(0x0004, 0x1202), DicomVr.UL, 0),
            DataElement.Integers(new DicomTag(0x0004, 0x1212), DicomVr.US, 0),
            DataElement.Sequence(new DicomTag(0x0004, 0x1220), []),
        }.WriteTo(bytes);
        return bytes.WrittenSpan.ToArray();
    }

    private static void Shell(string script)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-ec", script]) { UseShellExecute = false })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
