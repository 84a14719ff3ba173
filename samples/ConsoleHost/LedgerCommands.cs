using System.CommandLine;
using System.Text.Json.Nodes;
using Dicom.Migration;
using Dicom.Migration.Engine.Ledger;
using Dicom.Migration.Evidence;

namespace ConsoleHost;

/// <summary>What can be asked of a ledger, while a run goes on too: <c>status</c> and <c>explain</c>.</summary>
internal static class LedgerCommands
{
    public static Option<string> Ledger() => new("--ledger") { Required = true, Description = "The file that keeps what has been done." };

    public static SqliteLedgerReader Open(string path) => File.Exists(path) ? SqliteLedgerReader.Open(path)
        : throw new LedgerException(new Fault(FaultCode.PathNotFound), $"The ledger {path} does not exist; check --ledger.");

    public static Command Status()
    {
        var (json, path) = (Screen.Option(), Ledger());
        var command = new Command("status", "Prints the account.") { path, json };
        command.SetAction(async (parsed, token) =>
        {
            using var ledger = Open(parsed.GetValue(path)!);
            var account = await ledger.ReadAccountAsync(token);
            new Screen(parsed.GetValue(json)).Account(account);
            return ExitStatus.Of(account);
        });
        return command;
    }

    public static Command Explain()
    {
        var (json, path) = (Screen.Option(), Ledger());
        var which = new Argument<string>("OBJECT") { Description = "A SOP Instance UID, or the object's number from a report." };
        var command = new Command("explain", "Tells the whole life of one object in plain words. Prints its UID and where it lies: for the operator's eyes.") { path, which, json };
        command.SetAction(async (parsed, token) =>
        {
            using var ledger = Open(parsed.GetValue(path)!);
            var screen = new Screen(parsed.GetValue(json));
            var found = await InstanceStory.FindAsync(ledger, parsed.GetValue(which)!, token);
            if (found.Count == 0) await Console.Error.WriteLineAsync("The ledger has no object with this number or SOP Instance UID.");
            foreach (var instance in found)
            {
                var story = await InstanceStory.TellAsync(ledger, instance, token);
                foreach (var line in story) screen.Say(line);
                screen.Event("object", new JsonObject
                {
                    ["number"] = instance.Number,
                    ["state"] = instance.Current.State.ToString(),
                    ["story"] = new JsonArray([.. story.Select(l => JsonValue.Create(l))]),
                });
            }
            return found.Count == 0 ? ExitStatus.ClosedWithExceptions : ExitStatus.Closed;
        });
        return command;
    }
}
