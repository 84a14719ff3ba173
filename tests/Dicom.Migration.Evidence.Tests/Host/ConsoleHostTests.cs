using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using static Dicom.Migration.Evidence.Tests.Host.ArchiveFolder;

namespace Dicom.Migration.Evidence.Tests.Host;

/// <summary>The grammar and the exit statuses that scripts depend on, and what is printed while everything has a canary in it.</summary>
public sealed class ConsoleHostTests
{
    private static readonly string Corpus = FindCorpus();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_in_which_all_is_verified_ends_with_0_and_the_same_command_again_changes_nothing()
    {
        using var archive = new ArchiveFolder();
        var first = await archive.RunAsync("--report", archive.Report);
        Assert.True(first.Status == 0, first.All);
        Assert.Contains("5 Verified + 0 Excluded + 0 Excepted + 0 Superseded = 5 of 5 discovered: closed", first.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await archive.RunAsync()).Status);
        Assert.Equal(0, (await HostProcess.RunAsync("status", "--ledger", archive.Ledger)).Status);
        Assert.Equal(0, (await HostProcess.RunAsync("report", "--ledger", archive.Ledger, "--out", archive.Report)).Status);
        Assert.Equal(0, (await HostProcess.RunAsync("verify", "--ledger", archive.Ledger)).Status);
    }

    [Fact]
    public async Task Nothing_printed_or_reported_holds_a_value_of_a_data_set_or_a_file_name()
    {
        using var archive = new ArchiveFolder();
        var whole = Made.Join(Made.Image(Uid(7), Canary));
        archive.Add(Uid(7), whole[..^20]); // cut
        archive.Add(Uid(8), [.. Made.Text(0x00080016, "UI", Made.SecondaryCapture), .. Made.Text(0x00080018, "UI", Canary), .. Made.Text(0x00100010, "PN", Canary)]); // a UID that is none
        archive.Add(Uid(9), [.. whole[..40], .. "CANARYCANARYCANARY"u8]); // a VR that is none
        await File.WriteAllTextAsync(Path.Join(archive.Source, Canary + ".txt"), Canary, Stop);
        var printed = new List<HostResult> { await archive.RunAsync("--report", archive.Report), await archive.RunAsync("--json") };
        Assert.True(printed[0].Status == 1, printed[0].All);
        await File.WriteAllBytesAsync(archive.TargetFile(0), Made.File(Made.Join(Made.Image(Uid(0), Canary + "^OTHER")), Uid(0)), Stop);
        printed.Add(await HostProcess.RunAsync("verify", "--ledger", archive.Ledger));
        printed.Add(await HostProcess.RunAsync("verify", "--ledger", archive.Ledger, "--json"));
        printed.Add(await HostProcess.RunAsync("status", "--ledger", archive.Ledger));
        Assert.All(printed, p => Assert.DoesNotContain(Canary, p.All, StringComparison.Ordinal));
        Assert.All(Directory.EnumerateFiles(archive.Report), f => Assert.DoesNotContain(Canary, File.ReadAllText(f), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_corpus_is_accounted_for_and_reads_back_as_the_ledger_has_it()
    {
        using var archive = new ArchiveFolder(0);
        var run = await HostProcess.RunAsync("run", "--from", "folder:" + Corpus, "--to", "folder:" + archive.Target, "--ledger", archive.Ledger, "--report", archive.Report);
        Assert.True(run.Status == 1, run.All);
        using var report = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Join(archive.Report, "report.json"), Stop));
        var account = report.RootElement.GetProperty("account");
        Assert.True(account.GetProperty("isClosed").GetBoolean() && account.GetProperty("agrees").GetBoolean());
        Assert.Equal(account.GetProperty("discovered").GetInt64(), (await File.ReadAllTextAsync(Path.Join(archive.Report, "objects.csv"), Stop)).Split("\r\n").Length - 2);
        var verify = await HostProcess.RunAsync("verify", "--json", "--ledger", archive.Ledger);
        var found = JsonDocument.Parse(verify.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]).RootElement;
        long Of(string name) => found.GetProperty(name).GetInt64();
        Assert.Equal(account.GetProperty("verified").GetInt64(), Of("Equal") + Of("NotLocated"));
        Assert.Equal(Of("NotLocated") == 0 ? 0 : 1, verify.Status);
    }

    [Theory]
    [InlineData("run", "--from", "folder:/tmp")]
    [InlineData("run", "--from", "ftp:/x", "--to", "folder:/x", "--ledger", "/x/l.db")]
    [InlineData("frobnicate")]
    [InlineData("verify", "--ledger", "x", "--sample", "many")]
    public async Task Wrong_usage_ends_with_2_and_no_stack_trace(params string[] arguments)
    {
        var result = await HostProcess.RunAsync(arguments);
        Assert.True(result.Status == 2, result.All);
        Assert.DoesNotContain("   at ", result.All, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_reached_ends_with_4_in_one_line()
    {
        using var archive = new ArchiveFolder(1);
        var noSource = await HostProcess.RunAsync("run", "--from", "folder:" + Path.Join(archive.Root, "nowhere"), "--to", "folder:" + archive.Target, "--ledger", archive.Ledger);
        var noLedger = await HostProcess.RunAsync("status", "--ledger", Path.Join(archive.Root, "nowhere.db"));
        await archive.RunAsync();
        Directory.Move(archive.Target, archive.Target + "-moved");
        var noTarget = await HostProcess.RunAsync("verify", "--ledger", archive.Ledger);
        var moved = await HostProcess.RunAsync("verify", "--ledger", archive.Ledger, "--to", "folder:" + archive.Target + "-moved");
        Assert.All([noSource, noLedger, noTarget], r => Assert.True(r.Status == 4 && r.Error.TrimEnd().Split('\n').Length == 1, r.All));
        Assert.Contains("--to", noTarget.Error, StringComparison.Ordinal);
        Assert.True(moved.Status == 0, moved.All);
    }

    [Fact]
    public async Task A_ledger_that_is_none_and_a_report_that_cannot_be_written_give_one_line()
    {
        using var archive = new ArchiveFolder(1);
        await File.WriteAllTextAsync(archive.Ledger + "2", "no ledger", Stop);
        var status = await HostProcess.RunAsync("status", "--ledger", archive.Ledger + "2");
        await archive.RunAsync();
        var report = await HostProcess.RunAsync("report", "--ledger", archive.Ledger, "--out", archive.Ledger);
        Assert.All([status, report], r => Assert.True(r.Status == 4 && r.Error.TrimEnd().Split('\n').Length == 1 && !r.All.Contains("   at ", StringComparison.Ordinal), r.All));
    }

    [Fact]
    public async Task Ctrl_C_drains_and_ends_with_3_and_the_same_command_resumes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs kill(1).");
        var ignored = File.ReadLines("/proc/self/status").First(static l => l.StartsWith("SigIgn:", StringComparison.Ordinal))["SigIgn:".Length..].Trim();
        Assert.SkipWhen((Convert.ToUInt64(ignored, 16) & 2) != 0, "SIGINT is ignored here, as it is in a background job of a shell.");
        using var archive = new ArchiveFolder(8_000); // enough that the signal comes in time on a busy machine, too
        var isSent = false;
        var stopped = await HostProcess.RunAsync((line, id) =>
        {
            if (isSent || !line.Contains("\"progress\"", StringComparison.Ordinal)) return;
            isSent = true;
            using var kill = Process.Start("kill", ["-INT", id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }, "run", "--json", "--from", "folder:" + archive.Source, "--to", "folder:" + archive.Target, "--ledger", archive.Ledger);
        Assert.True(isSent && stopped.Status == 3, stopped.All);
        Assert.Equal(3, (await HostProcess.RunAsync("status", "--ledger", archive.Ledger)).Status);
        var resumed = await archive.RunAsync();
        Assert.True(resumed.Status == 0, resumed.All);
        Assert.Contains("8000 Verified", resumed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_one_object_a_line()
    {
        using var archive = new ArchiveFolder();
        foreach (var result in new[] { await archive.RunAsync("--json", "--report", archive.Report), await HostProcess.RunAsync("status", "--json", "--ledger", archive.Ledger),
            await HostProcess.RunAsync("explain", "--json", "--ledger", archive.Ledger, "1"), await HostProcess.RunAsync("verify", "--json", "--ledger", archive.Ledger) })
        {
            var lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.NotEmpty(lines);
            Assert.All(lines, l => Assert.True(JsonDocument.Parse(l).RootElement.TryGetProperty("event", out _)));
        }
    }

    [Fact]
    public async Task An_object_is_explained_by_number_and_by_uid()
    {
        using var archive = new ArchiveFolder();
        await archive.RunAsync();
        var byUid = await HostProcess.RunAsync("explain", "--ledger", archive.Ledger, Uid(2));
        Assert.Contains("Verified at level L4", byUid.Output, StringComparison.Ordinal);
        Assert.Contains("the same as was sent", byUid.Output, StringComparison.Ordinal);
        var number = byUid.Output.Split(' ', ',')[1];
        Assert.Equal(byUid.Output, (await HostProcess.RunAsync("explain", "--ledger", archive.Ledger, number)).Output);
        Assert.Equal(1, (await HostProcess.RunAsync("explain", "--ledger", archive.Ledger, "2.25.1234")).Status);
    }

    [Fact]
    public async Task A_configuration_file_names_endpoints()
    {
        using var archive = new ArchiveFolder(2);
        var config = Path.Join(archive.Root, "migration.json");
        await File.WriteAllTextAsync(config, JsonSerializer.Serialize(new { endpoints = new { legacy = "folder:" + archive.Source, vna = "folder:" + archive.Target } }), Stop);
        var run = await HostProcess.RunAsync("run", "--config", config, "--from", "legacy", "--to", "vna", "--ledger", archive.Ledger);
        Assert.True(run.Status == 0, run.All);
        await File.WriteAllTextAsync(config, "{", Stop);
        Assert.Equal(2, (await HostProcess.RunAsync("run", "--config", config, "--from", "legacy", "--to", "vna", "--ledger", archive.Ledger)).Status);
    }

    [Fact]
    public async Task The_demo_needs_nothing_and_says_where_ledger_and_report_are()
    {
        using var archive = new ArchiveFolder(0);
        var demo = await HostProcess.RunAsync("demo", "--folder", Path.Join(archive.Root, "demo"));
        Assert.True(demo.Status == 0, demo.All);
        Assert.Contains(Path.Join(archive.Root, "demo", "report", "report.html"), demo.Output, StringComparison.Ordinal);
        Assert.Contains(Path.Join(archive.Root, "demo", "migration.db"), demo.Output, StringComparison.Ordinal);
        Assert.Equal(1, (await HostProcess.RunAsync("status", "--ledger", Path.Join(archive.Root, "demo", "migration.db"))).Status);
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("run")]
    [InlineData("verify")]
    [InlineData("report")]
    [InlineData("status")]
    [InlineData("explain")]
    public async Task Each_command_explains_itself(string command)
    {
        var help = await HostProcess.RunAsync(command, "--help");
        Assert.Equal(0, help.Status);
        Assert.Contains("--json", help.Output, StringComparison.Ordinal);
    }

    private static string FindCorpus()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Directory.Exists(Path.Join(folder.FullName, "tests", "Corpus"))) return Path.Join(folder.FullName, "tests", "Corpus");
        throw new InvalidOperationException("Run the tests from the repository.");
    }
}
