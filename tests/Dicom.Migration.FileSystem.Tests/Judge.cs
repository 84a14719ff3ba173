using System.Diagnostics;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>Other people's programs.</summary>
internal static class Judge
{
    public const string Python = "/usr/bin/python3", DcmDump = "/usr/bin/dcmdump", DcmMkDir = "/usr/bin/dcmmkdir";

    public static string Root { get; } = FindRoot();
    public static string LargerCorpus => Path.GetFullPath(Path.Join(Root, "..", "shared", "corpus"));

    /// <summary>Lines of its output; the test is skipped where the program is not installed.</summary>
    public static async Task<string[]> RunAsync(string program, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists(program), $"{program} is missing.");
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = System.Text.Encoding.Latin1 })!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen((await error).Contains("No module named 'pydicom'", StringComparison.Ordinal), "pydicom is missing.");
        Assert.True(process.ExitCode == 0, $"{program}: {process.ExitCode}: {await error} {output}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Join(folder.FullName, "Dicom.Migration.sln"))) return folder.FullName;
        throw new InvalidOperationException("Run the tests from the repository.");
    }
}
