using System.Diagnostics;
using System.Globalization;

namespace Dicom.Migration.EndToEnd.Tests.Disk;

/// <summary>One fault of a disk: the n-th call of a kind on a kind of file, once or with all that follow; error 0 kills the process in that call.</summary>
internal sealed record DiskFault(string Call, string Kind, int Number, int Error, bool Stays)
{
    public const int NoSpace = 28, InputOutput = 5, Kill = 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Call} {Kind} {Number} {Error} {(Stays ? "always" : "once")}");
}

/// <summary>Runs the console host with failing_disk.c between it and libc.</summary>
/// <param name="shim">The shim, built.</param>
/// <param name="folder">What fails: everything below it, and nothing else.</param>
internal sealed class FailingDisk(string shim, string folder)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>Builds the shim; <see langword="null"/> if there is no compiler.</summary>
    public static async Task<string?> BuildAsync(string folder, CancellationToken cancellationToken)
    {
        const string compiler = "/usr/bin/cc";
        if (!OperatingSystem.IsLinux() || !File.Exists(compiler)) return null;
        var shim = Path.Join(folder, "failing_disk.so");
        using var process = Process.Start(new ProcessStartInfo(compiler, ["-shared", "-fPIC", "-O2", "-o", shim, Path.Join(AppContext.BaseDirectory, "failing_disk.c")]) { UseShellExecute = false })!;
        await process.WaitForExitAsync(cancellationToken);
        Assert.Equal(0, process.ExitCode);
        return shim;
    }

    /// <param name="arguments">Of the console host.</param>
    /// <param name="fault">The fault, or <see langword="null"/> to hear of every call.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How it ended, what it printed, and the calls in their order, or whether the fault struck.</returns>
    public async Task<(int Status, string Output, string Error, string[] Calls)> RunAsync(string[] arguments, DiskFault? fault, CancellationToken cancellationToken)
    {
        var log = shim + ".log";
        File.Delete(log);
        var start = new ProcessStartInfo("dotnet", [Path.Join(AppContext.BaseDirectory, "dicom-migrate.dll"), .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["LD_PRELOAD"], start.Environment["FAILING_DISK_FOLDER"], start.Environment["FAILING_DISK_LOG"]) = (shim, folder, log);
        if (fault is not null) start.Environment["FAILING_DISK_FAULT"] = fault.ToString();
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Longest);
        try { await process.WaitForExitAsync(limit.Token); }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail($"{fault}: the run has no end.");
        }
        return (process.ExitCode, await output, await error, File.Exists(log) ? await File.ReadAllLinesAsync(log, cancellationToken) : []);
    }
}
