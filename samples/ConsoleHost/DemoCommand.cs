using System.CommandLine;
using System.Globalization;
using Dicom.Migration.Testing;

namespace ConsoleHost;

/// <summary><c>dicom-migrate demo</c>: makes a small legacy archive and migrates it. Needs nothing installed; what is damaged is so on purpose.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var folder = new Option<string>("--folder") { DefaultValueFactory = _ => "dicom-migrate-demo", Description = "A new folder for the archive, its copy and the ledger." };
        var command = new Command("demo", "Makes a small legacy archive and migrates it.") { folder };
        command.SetAction(async (parsed, token) =>
        {
            var root = Path.GetFullPath(parsed.GetValue(folder)!);
            var source = Path.Join(root, "legacy");
            if (!Directory.Exists(source))
            {
                var files = await MadeUpArchive.WriteAsync(source, 1, null, token);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Made {files.Count} files and entries in {source}."));
            }
            var ledger = Path.Join(root, "migration.db");
            var status = await RunCommand.RunAsync(source, Path.Join(root, "target"), ledger, Dicom.Migration.EvidenceLevel.L4, 256 << 20, token);
            Console.WriteLine($"The ledger is {ledger}. The exceptions above are damaged on purpose; the rest was read back from {Path.Join(root, "target")} and compared.");
            return status == ExitStatus.ClosedWithExceptions ? ExitStatus.Closed : status;
        });
        return command;
    }
}
