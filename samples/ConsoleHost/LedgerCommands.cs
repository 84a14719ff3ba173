using System.CommandLine;
using System.Globalization;
using Dicom.Migration;
using Dicom.Migration.Engine;
using Dicom.Migration.Engine.Ledger;

namespace ConsoleHost;

/// <summary>What can be asked of a ledger, while a run goes on too: <c>status</c> and <c>explain</c>.</summary>
internal static class LedgerCommands
{
    public static Command Status()
    {
        var path = new Option<string>("--ledger") { Required = true };
        var command = new Command("status", "Prints the account.") { path };
        command.SetAction(async (parsed, token) =>
        {
            using var ledger = SqliteLedgerReader.Open(parsed.GetValue(path)!);
            var account = await ledger.ReadAccountAsync(token);
            AccountView.Write(account);
            return ExitStatus.Of(account);
        });
        return command;
    }

    public static Command Explain()
    {
        var path = new Option<string>("--ledger") { Required = true };
        var uid = new Argument<string>("SOP-INSTANCE-UID");
        var command = new Command("explain", "Tells the whole life of one object.") { path, uid };
        command.SetAction(async (parsed, token) =>
        {
            using var ledger = SqliteLedgerReader.Open(parsed.GetValue(path)!);
            var found = await ledger.FindAsync(parsed.GetValue(uid)!, token);
            if (found.Count == 0) Console.WriteLine("No object with this SOP Instance UID is in the ledger.");
            foreach (var instance in found)
            {
                Console.WriteLine($"Object {instance.Number.ToString(CultureInfo.InvariantCulture)}, from {instance.Identity.UnitKey}");
                foreach (var step in await ledger.ReadHistoryAsync(instance.Number, token))
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {step.At:u}  {step.State}{(step.Evidence is { } level ? $" at {level}" : "")}{(step.Fault is { } fault ? $": {fault}" : "")}{(step.Rule is { } rule ? $": {rule}" : "")}"));
                if (instance.Current.SourceDigest is { } sent) Console.WriteLine($"  SHA-256 of the data set at the source  {sent}");
                if (instance.Current.TargetDigest is { } read) Console.WriteLine($"  SHA-256 of the data set at the target  {read}");
            }
            return found.Count == 0 ? ExitStatus.ClosedWithExceptions : ExitStatus.Closed;
        });
        return command;
    }
}
