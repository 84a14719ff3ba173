using System.IO.Pipelines;
using System.Security.Cryptography;
using Dicom.Migration.Engine.Pacing;

namespace Dicom.Migration.Engine.Tests.Hashing;

/// <summary>Copies of objects on disk: none outlives its process, and one that cannot be read back is nobody's fault but the disk's.</summary>
public sealed class SpoolTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;
    private readonly byte[] _bytes = RandomNumberGenerator.GetBytes(300_000);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task<SpooledObject> TakeAsync() =>
        new Spool(_folder, new ByteBudget(1 << 20), largestInMemory: 100_000).TakeAsync(PipeReader.Create(new MemoryStream(_bytes)), _bytes.Length, TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_file_of_the_spool_has_lost_its_name_before_it_holds_anything()
    {
        if (OperatingSystem.IsWindows()) return; // there the kernel deletes it with its last handle
        using var spooled = await TakeAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
        var read = new byte[_bytes.Length];
        await spooled.OpenStream().ReadExactlyAsync(read, TestContext.Current.CancellationToken);
        Assert.Equal(_bytes, read);
    }

    [Fact]
    public void What_a_killed_run_left_is_removed_and_nothing_else()
    {
        foreach (var name in (string[])["0123456789abcdef0123456789abcdef-1.spool", "mine.spool", "0123456789abcdef0123456789abcdef-1.txt"]) File.WriteAllBytes(Path.Join(_folder, name), _bytes);
        Spool.RemoveAbandoned(_folder);
        Assert.Equal(["0123456789abcdef0123456789abcdef-1.txt", "mine.spool"], Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Spool.RemoveAbandoned(Path.Join(_folder, "none"));
    }

    [Fact]
    public void What_cannot_be_read_back_ends_the_run_and_not_the_object()
    {
        var path = Path.Join(_folder, "a");
        File.WriteAllBytes(path, _bytes);
        using var spooled = new SpooledObject(new BlockPool(), null, null, File.OpenHandle(path), _bytes.Length + 1, default, new MemoryStream());
        using var stream = spooled.OpenStream();
        stream.Position = _bytes.Length;
        Assert.Equal(FaultCode.SpoolCorrupted, Assert.Throws<EngineException>(() => stream.ReadByte()).Fault.Code);
        Assert.Equal(FaultCode.SpoolCorrupted, spooled.Failure!.Fault.Code);
    }
}
