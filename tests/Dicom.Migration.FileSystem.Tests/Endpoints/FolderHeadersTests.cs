using System.Diagnostics;
using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem.Walking;
using Dicom.Migration.Testing;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>Every file below a folder, once, with what the plain reader says of it; by Linux's own calls and by the framework's.</summary>
public class FolderHeadersTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static FolderHeaders Open(string path, bool isOwn) => new(isOwn ? new DescriptorWalk(path) : new FrameworkWalk(path), null);

    /// <summary>All tokens of what is open, and how it ends.</summary>
    private static string Tell(Part10FileReader reader, Action open)
    {
        var told = new System.Text.StringBuilder();
        try
        {
            open();
            told.Append(reader.Prefix.TransferSyntax).Append(' ').Append(reader.Prefix.Assumptions);
            while (reader.Read())
            {
                var element = reader.Element;
                told.Append('|').Append(element.Token).Append(element.Tag).Append(element.Vr.Code).Append(' ').Append(element.Length).Append(' ').Append(element.HeaderOffset);
                reader.SkipValue();
            }
        }
        catch (DicomFormatException e) { told.Append('!').Append(e.Fault); }
        return told.ToString();
    }

    private static List<(string Path, string What)> ReadAll(string path, bool isOwn)
    {
        using var headers = Open(path, isOwn);
        var found = new List<(string, string)>();
        while (headers.MoveNext())
            found.Add((headers.Path, headers.Fault is { } fault ? "!" + fault : Tell(headers.Reader, static () => { })));
        found.Sort(static (a, b) => string.CompareOrdinal(a.Item1, b.Item1));
        return found;
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Every_file_reads_as_it_does_alone_whole_or_damaged(bool isOwn)
    {
        using var folder = new TemporaryFolder();
        byte[][] files = [.. MadeUpInstances.CreateAll(7).Concat(MadeUpInstances.CreateDamaged(7)).Select(static i => i.Bytes.ToArray()),
            .. new[] { 100, 4_000, 20_000, 70_000 }.Select(static filling => Made.File("1.2.3", filling)), [], [1], "no DICOM"u8.ToArray(), new byte[5_000]];
        using var reader = new Part10FileReader();
        var expected = new List<(string Path, string What)>();
        for (var i = 0; i < files.Length; i++)
        {
            var name = FormattableString.Invariant($"{(i % 3 == 0 ? "" : i % 3 == 1 ? "a/" : "a/b 100%/")}{i:D4}.dcm");
            Directory.CreateDirectory(Path.GetDirectoryName(folder[name])!);
            await File.WriteAllBytesAsync(folder[name], files[i], Token);
            using var handle = File.OpenHandle(folder[name]);
            expected.Add((name.Replace("%", "%25", StringComparison.Ordinal), Tell(reader, () => reader.Open(handle))));
        }
        expected.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));
        Assert.Equal(expected, ReadAll(folder.Path, isOwn));
        Assert.Contains(expected, static e => e.What.Contains('!', StringComparison.Ordinal));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Links_and_pipes_are_told_and_neither_followed_nor_waited_for(bool isOwn)
    {
        using var folder = new TemporaryFolder();
        using var outside = new TemporaryFolder();
        await File.WriteAllBytesAsync(outside["secret.dcm"], Made.File("1.2.3"), Token);
        Directory.CreateSymbolicLink(folder["linked"], outside.Path);
        File.CreateSymbolicLink(folder["link.dcm"], outside["secret.dcm"]);
        File.CreateSymbolicLink(folder["nowhere"], folder["gone"]);
        using (var process = Process.Start("mkfifo", [folder["pipe"]])) await process.WaitForExitAsync(Token);
        Directory.CreateDirectory(folder["empty"]);
        var (found, link) = (ReadAll(folder.Path, isOwn), "!" + new Fault(FaultCode.NotARegularFile));
        Assert.Equal(["link.dcm", "linked", "nowhere", "pipe"], found.Select(static f => f.Path));
        Assert.Equal([link, link, link, isOwn ? link : "!" + new Fault(FaultCode.NotDicom, null, 0)], found.Select(static f => f.What));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Nothing_of_one_file_is_taken_for_the_next(bool isOwn)
    {
        using var folder = new TemporaryFolder();
        for (var i = 0; i < 20; i++)
        {
            await File.WriteAllBytesAsync(folder[FormattableString.Invariant($"{i}.dcm")], Made.File("1.2.3"), Token);
            await File.WriteAllBytesAsync(folder[FormattableString.Invariant($"{i}.txt")], "no DICOM"u8.ToArray(), Token);
            File.CreateSymbolicLink(folder[FormattableString.Invariant($"{i}.lnk")], folder["0.dcm"]);
        }
        using var headers = Open(folder.Path, isOwn);
        var faults = 0;
        while (headers.MoveNext())
        {
            if (headers.Fault is null) Assert.True(headers.Reader.Read()); // stops in the midst of it
            else
            {
                faults++;
                Assert.Throws<InvalidOperationException>(() => headers.Reader.Prefix);
                Assert.Throws<InvalidOperationException>(() => headers.Reader.Read());
            }
        }
        Assert.Equal(40, faults);
        Assert.Throws<InvalidOperationException>(() => headers.Reader.Read());
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_folder_that_is_not_there_is_an_error(bool isOwn)
    {
        using var folder = new TemporaryFolder();
        using var headers = Open(folder["gone"], isOwn);
        Assert.Equal(FaultCode.SourceGone, Assert.Throws<SourceUnavailableException>(() => headers.MoveNext()).Fault.Code);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task What_may_not_be_read_is_told(bool isOwn)
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "The superuser may read everything.");
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["closed"]);
        await File.WriteAllBytesAsync(folder["file"], Made.File("1.2.3"), Token);
        File.SetUnixFileMode(folder["closed"], UnixFileMode.None);
        File.SetUnixFileMode(folder["file"], UnixFileMode.None);
        var denied = "!" + new Fault(FaultCode.AccessDenied);
        Assert.Equal([("closed/", denied), ("file", denied)], ReadAll(folder.Path, isOwn));
        File.SetUnixFileMode(folder["closed"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task No_file_of_a_large_folder_is_left_out(bool isOwn)
    {
        using var folder = new TemporaryFolder();
        const int Files = 3_000; // several buffers full of names
        var file = Made.File("1.2.3");
        for (var i = 0; i < Files; i++) await File.WriteAllBytesAsync(folder[FormattableString.Invariant($"a name of some length, to fill a buffer {i:D6}")], file, Token);
        Assert.Equal(Files, ReadAll(folder.Path, isOwn).Select(static f => f.Path).Distinct().Count());
    }

    [Fact]
    public async Task A_file_costs_a_few_hundred_bytes_of_memory()
    {
        using var folder = new TemporaryFolder();
        const int Files = 500, Most = 1_024; // bytes for each file
        for (var i = 0; i < Files; i++) await File.WriteAllBytesAsync(folder[FormattableString.Invariant($"{i:D4}")], Made.File("1.2.3", 30_000), Token);
        using var headers = new FolderHeaders(folder.Path);
        for (var i = 0; i < 100; i++) Pass(headers); // what is allocated once
        var (before, count) = (GC.GetAllocatedBytesForCurrentThread(), 0);
        for (; Pass(headers); count++) { }
        Assert.Equal(Files - 100, count);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / count, 1, Most);

        static bool Pass(FolderHeaders headers)
        {
            if (!headers.MoveNext()) return false;
            while (headers.Reader.Read()) headers.Reader.SkipValue();
            return true;
        }
    }

    // The snippet of the package's README is this code.
    private static void Tell(string path)
    {
        using var headers = new FolderHeaders(path);
        while (headers.MoveNext()) // every file, link and device, each once
        {
            if (headers.Fault is { } fault) Console.WriteLine($"{headers.Path}: {fault}");
            else Console.WriteLine($"{headers.Path}: {headers.Reader.Prefix.TransferSyntax}"); // the reader stands before the first element
        }
    }

    [Fact]
    public void The_snippet_of_the_readme_runs()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["1"], Made.File("1.2.3"));
        Tell(folder.Path);
    }

    [Fact]
    public void It_may_be_disposed_twice_and_ends_then()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["1"], Made.File("1.2.3"));
        var headers = new FolderHeaders(folder.Path);
        Assert.True(headers.MoveNext());
        headers.Dispose();
        headers.Dispose();
        Assert.False(headers.MoveNext());
    }
}
