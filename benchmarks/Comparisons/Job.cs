using System.Diagnostics;
using System.Globalization;

namespace Comparisons;

/// <summary>What a job took.</summary>
/// <param name="Wall">From start to end, in seconds.</param>
/// <param name="Cpu">User and system time of the process and its children, in seconds.</param>
/// <param name="Output">What it printed.</param>
internal sealed record Cost(double Wall, double Cpu, string Output);

/// <summary>A shell command line, timed by the shell itself: its own children are counted.</summary>
internal sealed record Job(string Name, string Command)
{
    /// <summary>Whether its program is installed.</summary>
    public static bool IsThere(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Join(folder, program)));

    public async Task<Cost> RunAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("bash", ["-c", $"TIMEFORMAT='%R %U %S'; time {{ {Command} ; }}"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = await process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0) throw new InvalidOperationException($"{Name} ended with {process.ExitCode}: {error}");
        var times = error.TrimEnd().Split('\n')[^1].Split(' ');
        double[] seconds = [.. times.Select(t => double.Parse(t, CultureInfo.InvariantCulture))];
        return new Cost(seconds[0], seconds[1] + seconds[2], await output);
    }

    /// <summary>Runs all jobs in turn, so many times, and gives the run of each that has the median of what counts.</summary>
    public static async Task<Cost[]> MediansAsync(IReadOnlyList<Job> jobs, int rounds, Func<Cost, double> counts, Action between, CancellationToken cancellationToken)
    {
        var all = jobs.Select(_ => new List<Cost>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < jobs.Count; i++)
            {
                between();
                all[i].Add(await jobs[i].RunAsync(cancellationToken));
            }
        }
        return [.. all.Select(costs => costs.OrderBy(counts).ElementAt(costs.Count / 2))];
    }
}
