namespace Dicom.Migration.FileSystem.Tests;

/// <summary>What reading a file costs in memory beside its own bytes: an archive has 10^8 of them.</summary>
[Collection(nameof(Alone))]
public class FolderSourceAllocationTests
{
    private const int Files = 2_000, Most = 6_144; // bytes for each file

    [Fact]
    public async Task Reading_a_small_file_costs_a_few_kib()
    {
        using var folder = new TemporaryFolder();
        var token = TestContext.Current.CancellationToken;
        for (var i = 0; i < Files; i++)
        {
            var path = folder[FormattableString.Invariant($"1998/{i / 100:D3}/IM{i:D6}")];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, Made.File(FormattableString.Invariant($"1.2.{i}")), token);
        }
        var source = new FolderSource("s", new FolderSourceOptions { Path = folder.Path });
        var units = new List<SourceUnit>();
        await foreach (var unit in source.DiscoverAsync(null, token)) units.Add(unit);
        await ReadAsync(units[..100]); // what is allocated once
        var least = long.MaxValue;
        for (var round = 0; round < 3; round++) // the runtime's own threads allocate too: the least of three
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await ReadAsync(units);
            least = Math.Min(least, (GC.GetTotalAllocatedBytes(precise: true) - before) / units.Count);
        }
        TestContext.Current.SendDiagnosticMessage("{0} bytes are allocated for each file.", least);
        Assert.InRange(least, 1, Most);

        async Task ReadAsync(List<SourceUnit> which)
        {
            foreach (var unit in which)
                await foreach (var item in source.ReadAsync(unit, token))
                    await using (item)
                    {
                        var body = ((SourceInstance)item).Body;
                        while (true)
                        {
                            var read = await body.ReadAsync(token);
                            body.AdvanceTo(read.Buffer.End);
                            if (read.IsCompleted) break;
                        }
                    }
        }
    }
}
