using System.CommandLine;
using System.Globalization;
using Dicom.Migration;
using Dicom.Migration.Testing;

namespace ConsoleHost;

/// <summary><c>dicom-migrate demo</c>: makes a small legacy archive and migrates it. Needs nothing installed; what is damaged is so on purpose.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var folder = new Option<string>("--folder") { DefaultValueFactory = _ => "dicom-migrate-demo", Description = "A new folder for the archive, its copy, the ledger and the report." };
        var json = Screen.Option();
        var command = new Command("demo", "Makes a small legacy archive and migrates it.") { folder, json };
        command.SetAction(async (parsed, token) =>
        {
            var root = Path.GetFullPath(parsed.GetValue(folder)!);
            var (source, target) = (new FolderEndpoint(Path.Join(root, "legacy")), new FolderEndpoint(Path.Join(root, "target")));
            var screen = new Screen(parsed.GetValue(json));
            if (!Directory.Exists(source.Folder))
            {
                var files = await MadeUpArchive.WriteAsync(source.Folder, 1, null, token);
                screen.Say(string.Create(CultureInfo.InvariantCulture, $"Made {files.Count} files and entries in {source.Folder}."));
            }
            var ledger = Path.Join(root, "migration.db");
            var status = await RunCommand.RunAsync(source, target, ledger, EvidenceLevel.L4, 256 << 20, Path.Join(root, "report"), screen, token);
            screen.Say($"The ledger is {ledger}. The exceptions are damaged on purpose; the rest was read back from {target.Folder} and compared.");
            return status == ExitStatus.ClosedWithExceptions ? ExitStatus.Closed : status;
        });
        return command;
    }
}
