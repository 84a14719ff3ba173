using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>Whatever lies in a tree ends as one finding with a name; what must not be configured is refused at the start.</summary>
public class HostileTreeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static async Task<List<(string Key, object What)>> ReadAllAsync(string root)
    {
        var (source, items) = (new FolderSource("s", new FolderSourceOptions { Path = root }), new List<(string, object)>());
        await foreach (var unit in source.DiscoverAsync(null, Token))
            await foreach (var item in source.ReadAsync(unit, Token))
                await using (item)
                    items.Add((unit.Key, item is SourceInstance i ? (await Made.ReadAsync(i.Body)).Length : ((SourceFinding)item).Exclusion ?? (object)((SourceFinding)item).Fault!.Value.Code));
        return items;
    }

    private static void Shell(string folder, string script)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-ec", script]) { WorkingDirectory = folder, UseShellExecute = false })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_pipe_is_a_finding_and_is_not_waited_for()
    {
        using var folder = new TemporaryFolder();
        Shell(folder.Path, "mkfifo pipe; mkfifo DICOMDIR; printf x > note");
        Assert.Equal([("DICOMDIR", FaultCode.NotARegularFile), ("note", "not-dicom"), ("pipe", FaultCode.NotARegularFile)], await ReadAllAsync(folder.Path));
    }

    [Fact]
    public async Task An_unreadable_file_or_folder_is_a_finding()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "The superuser may read everything.");
        using var folder = new TemporaryFolder();
        Shell(folder.Path, "mkdir closed; printf x > closed/file; printf x > file; chmod 0 closed file");
        Assert.Equal([("closed/", FaultCode.AccessDenied), ("file", FaultCode.AccessDenied)], await ReadAllAsync(folder.Path));
        Shell(folder.Path, "chmod 700 closed");
    }

    [Fact]
    public async Task A_path_longer_than_the_system_allows_at_once_is_read()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["IM1"], Made.File("1.2.3"), Token);
        Shell(folder.Path, """root=$PWD; n=$(printf '%0200d' 0); i=0; while [ $i -lt 30 ]; do mkdir $n; cd -P $n; i=$((i+1)); done; cp "$root/IM1" IM2""");
        var found = await ReadAllAsync(folder.Path);
        Assert.Equal([Made.DataSet("1.2.3").Length, Made.DataSet("1.2.3").Length], found.Select(static f => f.What));
        Assert.True(found[0].Key.Length > 4_096);
        Shell(folder.Path, "rm -rf 0*");
    }

    [Fact]
    public async Task What_a_target_left_unfinished_is_left_out_by_its_rule()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder[".dicom-migration-incoming/run"]);
        await File.WriteAllBytesAsync(folder[".dicom-migration-incoming/run/1.part"], Made.File("1.2.3"), Token);
        Assert.Equal([(".dicom-migration-incoming/run/1.part", FolderSource.Unfinished)], await ReadAllAsync(folder.Path));
    }

    [Theory]
    [InlineData("archive", "archive/new", true)]
    [InlineData("archive", "archive", true)]
    [InlineData("archive", "link/new", true)]
    [InlineData("archive", "archive2", false)]
    [InlineData("archive/old", "archive", false)]
    public void A_target_inside_a_source_is_refused_at_the_start(string source, string target, bool isRefused)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["archive"]);
        Directory.CreateSymbolicLink(folder["link"], folder["archive"]);
        var services = new ServiceCollection();
        services.AddDicomMigration().ToFolder("new", o => o.Path = folder[target]).FromFolder("old", o => o.Path = folder[source]);
        using var host = services.BuildServiceProvider();
        var failure = Record.Exception(() => host.GetRequiredService<IOptionsMonitor<FolderTargetOptions>>().Get("new"));
        Assert.Equal(isRefused, failure is OptionsValidationException);
        if (isRefused) Assert.Contains("inside the folder of the source 'old'", failure!.Message, StringComparison.Ordinal);
    }
}
