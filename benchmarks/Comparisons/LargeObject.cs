using System.Diagnostics;
using System.Globalization;

namespace Comparisons;

/// <summary>One object far larger than the byte budget: how much memory does the process ever hold?</summary>
internal static class LargeObject
{
    public static async Task<int> MeasureAsync(int gib, CancellationToken cancellationToken)
    {
        var root = Directory.CreateTempSubdirectory("comparisons-").FullName;
        try
        {
            var from = Directory.CreateDirectory(Path.Join(root, "from")).FullName;
            await Archive.WriteLargeAsync(Path.Join(from, "large.dcm"), gib, cancellationToken);
            await Archive.WriteAsync(from, 500, 526 * 1024, cancellationToken);
            string[] command = [.. FolderCopy.ConsoleHost().Split(' '), "run", "--from", $"folder:{from}", "--to", $"folder:{root}/to", "--ledger", $"{root}/migration.db", "--byte-budget", "64", "--json"];
            var watch = Stopwatch.StartNew();
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var peak = 0L;
            while (!process.WaitForExit(100)) peak = Math.Max(peak, Peak(process.Id));
            Console.WriteLine((await output).TrimEnd().Split('\n')[^1]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{gib} GiB in one object and 500 of 526 KB, budget 64 MiB: exit status {process.ExitCode}, {watch.Elapsed.TotalSeconds:F0} s, peak of resident memory {peak / 1024} MiB"));
            return process.ExitCode;
        }
        finally { Directory.Delete(root, recursive: true); }
    }

    // VmHWM in /proc/PID/status: the largest resident set so far, in kB (proc(5)).
    private static long Peak(int id)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(static l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line[6..^3].Trim(), CultureInfo.InvariantCulture);
        }
        catch (IOException) { return 0; } // it has ended
    }
}
