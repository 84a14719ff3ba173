using System.Globalization;

namespace Comparisons;

/// <summary>Folder to folder, every object read back and compared, beside the tools that an administrator has: cp, fsync, sha256sum of both sides.</summary>
internal static class FolderCopy
{
    public static async Task<int> CompareAsync(int rounds, CancellationToken cancellationToken)
    {
        Console.WriteLine("| folder to folder | MB | wall s | MB/s | CPU s | ratio of throughput |\n| --- | --- | --- | --- | --- | --- |");
        foreach (var (files, bytes, name) in new[] { (2_000, 526 * 1024, "CT-sized, 526 KB"), (10_000, 10 * 1024, "report-sized, 10 KB") })
        {
            var root = Directory.CreateTempSubdirectory("comparisons-").FullName;
            try
            {
                var (from, to) = (Path.Join(root, "from"), Path.Join(root, "to"));
                await Archive.WriteAsync(from, files, bytes, cancellationToken);
                var size = Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories).Sum(static path => new FileInfo(path).Length) / 1e6;
                const string Sums = "-type f -print0 | xargs -0 sha256sum | cut -c1-64 | sort";
                Job[] jobs =
                [
                    new("Dicom.Migration", $"{ConsoleHost()} run --from folder:{from} --to folder:{to} --ledger {root}/ledger/migration.db --json > /dev/null"),
                    new("cp, fsync, sha256sum", $"cp -r {from} {to} && find {to} -print0 | xargs -0 sync && cmp <(find {from} {Sums}) <(find {to} {Sums})"),
                ];
                var costs = await Job.MediansAsync(jobs, rounds, static c => c.Wall, () => Clean(root, to), cancellationToken);
                for (var i = 0; i < jobs.Length; i++)
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name}: {jobs[i].Name} | {size:F0} | {costs[i].Wall:F2} | {size / costs[i].Wall:F0} | {costs[i].Cpu:F2} | {costs[1].Wall / costs[i].Wall:F2} |"));
            }
            finally { Directory.Delete(root, recursive: true); }
        }
        return 0;
    }

    /// <summary>The command that starts the console host, built beside this program.</summary>
    public static string ConsoleHost()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        var path = Path.Join(folder.Parent!.Parent!.FullName, "ConsoleHost", folder.Name, "dicom-migrate.dll");
        return File.Exists(path) ? $"dotnet {path}" : throw new FileNotFoundException("The console host is not built; build samples/ConsoleHost in the same configuration.");
    }

    private static void Clean(string root, string to)
    {
        if (Directory.Exists(to)) Directory.Delete(to, recursive: true);
        if (Directory.Exists(Path.Join(root, "ledger"))) Directory.Delete(Path.Join(root, "ledger"), recursive: true);
    }
}
