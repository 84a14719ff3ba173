using System.Diagnostics;
using System.Globalization;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Programs of the field that judge what is written here.</summary>
internal static class FieldTools
{
    internal const string Python = "/usr/bin/python3"; // the one that has pydicom; another may be first on the path

    internal static bool Has(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Join(folder, program)));

    internal static bool HasPydicom { get; } = File.Exists(Python) && Run(Python, ["-c", "import pydicom"]).Exit == 0;

    /// <summary>Runs a program to its end; one that takes over a minute is ended and has exit status -1.</summary>
    internal static (int Exit, string Errors, string Output) Run(string program, params string[] arguments) => Run(TimeSpan.FromMinutes(1), program, arguments);

    /// <summary>Runs a program to its end; one that takes longer than the limit is ended and has exit status -1.</summary>
    internal static (int Exit, string Errors, string Output) Run(TimeSpan limit, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill();
            process.WaitForExit();
            return (-1, "", "");
        }
        return (process.ExitCode, errors.GetAwaiter().GetResult(), output.GetAwaiter().GetResult());
    }

    /// <summary>Lines that dcmdump writes to its error output about these files, and whether it read them all.</summary>
    internal static (bool IsRead, int Complaints) Dcmdump(IEnumerable<string> paths)
    {
        var (exit, errors, _) = Run("dcmdump", ["-M", .. paths]);
        return (exit == 0, errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    /// <summary>Complaints of pydicom about each file, in one process: warnings while it is read and every value decoded; 1,000 for an exception.</summary>
    internal static Dictionary<string, int> PydicomComplaints(IReadOnlyCollection<string> paths)
    {
        var list = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(list, paths);
            var (exit, errors, output) = Run(Python, "-c", """
                import sys, warnings, pydicom
                for path in open(sys.argv[1]).read().splitlines():
                    count = 0
                    with warnings.catch_warnings(record=True) as caught:
                        warnings.simplefilter("always")
                        try:
                            data = pydicom.dcmread(path, force=True)
                            for element in data.iterall(): str(element.value)[:100]
                        except Exception:
                            count = 1000
                    print(count + len(caught), path, sep="\t")
                """, list);
            Assert.True(exit == 0, errors);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t'))
                .ToDictionary(cells => cells[1], cells => int.Parse(cells[0], CultureInfo.InvariantCulture), StringComparer.Ordinal);
        }
        finally
        {
            File.Delete(list);
        }
    }
}
