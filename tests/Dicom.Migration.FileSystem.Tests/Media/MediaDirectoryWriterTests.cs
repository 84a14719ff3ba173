using System.Diagnostics;
using Dicom.Migration.FileSystem.Media;
using Dicom.Migration.Testing;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>A DICOMDIR of any number of instances takes no memory for them.</summary>
[Collection(nameof(Alone))]
public class MediaDirectoryWriterTests
{
    /// <summary>Set DICOMDIR_INSTANCES for more; each is a record of its own in one series.</summary>
    [Fact]
    public void Memory_does_not_grow_with_the_instances()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("DICOMDIR_INSTANCES"), out var wanted) ? wanted : 20_000;
        using var folder = new TemporaryFolder();
        var keys = Keys(folder["one"], MadeUpInstances.Create(3, 1)[0]);
        using var directory = DurableDirectory.OpenRoot(LibC.Instance, folder.Path);
        using var file = new DurableFile(LibC.Instance, directory, "made");
        var (writer, clock) = (new MediaDirectoryWriter(file), Stopwatch.StartNew());
        writer.Add(keys, ["DICOM", "A", "B", "0"]);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 1; i < count; i++) writer.Add(keys, ["DICOM", "A", "B", i.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        writer.Complete();
        TestContext.Current.TestOutputHelper?.WriteLine($"{count} records, {writer.Bytes / count} bytes each in the file, {clock.ElapsedMilliseconds} ms, {grown} bytes of memory");
        Assert.Equal((count, 1, 1, 1), ((int)writer.Instances, (int)writer.Patients, (int)writer.Studies, (int)writer.Series));
        Assert.InRange(grown, long.MinValue, 1_000_000);
    }

    [Fact]
    public void Patients_studies_and_series_take_less_than_two_hundred_bytes_each()
    {
        using var folder = new TemporaryFolder();
        var made = MadeUpInstances.Create(3, 300).Select((m, i) => Keys(folder[$"{i}"], m)).ToArray();
        using var directory = DurableDirectory.OpenRoot(LibC.Instance, folder.Path);
        using var file = new DurableFile(LibC.Instance, directory, "made");
        var writer = new MediaDirectoryWriter(file);
        writer.Add(made[0], ["0"]);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var keys in made) writer.Add(keys, ["1"]);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        var entities = writer.Patients + writer.Studies + writer.Series;
        TestContext.Current.TestOutputHelper?.WriteLine($"{entities} entities, {grown} bytes");
        Assert.InRange(grown, long.MinValue, (200 * entities) + 100_000);
        GC.KeepAlive(writer);
    }

    private static InstanceKeys Keys(string path, MadeUpInstance made)
    {
        File.WriteAllBytes(path, made.Bytes.ToArray());
        using var handle = File.OpenHandle(path);
        using var reader = InstanceKeys.NewReader();
        return InstanceKeys.Read(reader, handle);
    }
}
