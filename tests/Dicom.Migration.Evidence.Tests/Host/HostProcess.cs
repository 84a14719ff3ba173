using System.Diagnostics;
using System.Text;

namespace Dicom.Migration.Evidence.Tests.Host;

/// <summary>How a run of the console host ended.</summary>
internal sealed record HostResult(int Status, string Output, string Error)
{
    public string All => Output + Error;
}

/// <summary>The console host as a process of its own, as a script starts it.</summary>
internal static class HostProcess
{
    public static Task<HostResult> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    /// <param name="onLine">Told each line of the output as it comes, and the process's number.</param>
    /// <param name="arguments">As on the command line.</param>
    public static async Task<HostResult> RunAsync(Action<string, int>? onLine, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments.Prepend(Path.Join(AppContext.BaseDirectory, "dicom-migrate.dll"))) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        try
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = new StringBuilder();
            while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
            {
                output.AppendLine(line);
                onLine?.Invoke(line, process.Id);
            }
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            await process.WaitForExitAsync(limit.Token);
            return new HostResult(process.ExitCode, output.ToString(), await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}
