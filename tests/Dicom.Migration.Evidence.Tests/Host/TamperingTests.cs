using System.Text.Json;
using static Dicom.Migration.Evidence.Tests.Host.ArchiveFolder;

namespace Dicom.Migration.Evidence.Tests.Host;

/// <summary>Whatever is done to the target behind the ledger's back, <c>verify</c> finds and classes it.</summary>
public sealed class TamperingTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_tampering_of_the_target_is_found_and_classed()
    {
        using var archive = new ArchiveFolder(7);
        Assert.Equal(0, (await archive.RunAsync()).Status);
        File.Delete(archive.TargetFile(0));
        await EditAsync(archive.TargetFile(1), file => file[^3] ^= 1); // a pixel
        await EditAsync(archive.TargetFile(2), file => file[file.AsSpan().IndexOf("^NAME"u8) + 1] ^= 1); // a letter of the name
        await using (var cut = new FileStream(archive.TargetFile(3), FileMode.Open)) cut.SetLength(cut.Length - 9);
        File.Copy(archive.TargetFile(5), archive.TargetFile(4), overwrite: true); // another object in its place
        var (status, found) = await VerifyAsync(archive);
        Assert.Equal(1, status);
        Assert.Equal(["Missing", "Unexplained (7FE0,0010)", "Unexplained (0010,0010)", "Unreadable", "Unexplained (0008,0018)"], found);
    }

    [Theory]
    [InlineData("+e", "EncodingOnly")] // explicit lengths: the sequence was written with an undefined one
    [InlineData("+ti", "TransferSyntaxOnly")]
    [InlineData("+tb", "TransferSyntaxOnly")]
    public async Task What_dcmconv_writes_in_another_way_is_no_difference_that_counts(string option, string expected)
    {
        var tool = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Select(p => Path.Join(p, "dcmconv")).FirstOrDefault(File.Exists);
        Assert.SkipUnless(tool is not null, "Needs dcmconv of DCMTK.");
        using var archive = new ArchiveFolder(0);
        // Referenced Image Sequence (0008,1140) of undefined length (PS3.5 §7.5.1)
        byte[] sequence = [0x08, 0x00, 0x40, 0x11, (byte)'S', (byte)'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, .. Made.Item(Made.Text(0x00081155, "UI", "2.25.8")), 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];
        archive.Add(Uid(0), Made.Join(Made.Image(Uid(0), Canary, sequence)));
        Assert.Equal(0, (await archive.RunAsync()).Status);
        using var convert = System.Diagnostics.Process.Start(tool!, [option, archive.TargetFile(0), archive.TargetFile(0)]);
        await convert.WaitForExitAsync(Stop);
        Assert.Equal(0, convert.ExitCode);
        var (status, found) = await VerifyAsync(archive);
        Assert.Equal(0, status);
        Assert.Equal([expected], found);
    }

    [Fact]
    public async Task Without_the_source_a_changed_object_is_still_found()
    {
        using var archive = new ArchiveFolder(2);
        Assert.Equal(0, (await archive.RunAsync()).Status);
        await EditAsync(archive.TargetFile(1), file => file[^3] ^= 1);
        Directory.Delete(archive.Source, recursive: true);
        var (status, found) = await VerifyAsync(archive);
        Assert.Equal((1, "Unexplained"), (status, Assert.Single(found)));
    }

    private static async Task EditAsync(string path, Action<byte[]> edit)
    {
        var bytes = await File.ReadAllBytesAsync(path, Stop);
        edit(bytes);
        await File.WriteAllBytesAsync(path, bytes, Stop);
    }

    /// <summary>The differences in the order of the objects' UIDs, each as its class and tags.</summary>
    private static async Task<(int Status, List<string> Found)> VerifyAsync(ArchiveFolder archive)
    {
        var result = await HostProcess.RunAsync("verify", "--json", "--ledger", archive.Ledger);
        var events = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.True(events.Count > 0, result.All);
        using var ledger = Engine.Ledger.SqliteLedgerReader.Open(archive.Ledger);
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var difference in events.Where(e => e.GetProperty("event").GetString() == "difference"))
        {
            var instance = Assert.Single(await InstanceStory.FindAsync(ledger, difference.GetProperty("number").ToString(), Stop));
            found[instance.Identity.SopInstanceUid] = (difference.GetProperty("class").GetString() + " " + difference.GetProperty("tags").GetString()).Trim();
        }
        return (result.Status, [.. found.Values]);
    }
}
