using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Dicom.Migration;
using Spectre.Console;

namespace ConsoleHost;

/// <summary>What a command prints: lines and tables for people, or one JSON object a line for programs.</summary>
internal sealed class Screen(bool json)
{
    /// <summary>Every command has it.</summary>
    public static Option<bool> Option() => new("--json") { Description = "One JSON object per line instead of bars and tables." };

    public bool IsJson => json;

    public void Say(string line)
    {
        if (!json) Console.WriteLine(line);
    }

    /// <summary>One object, its kind in the member "event".</summary>
    public void Event(string kind, JsonObject members)
    {
        if (!json) return;
        members.Insert(0, "event", kind);
        Console.WriteLine(members.ToJsonString());
    }

    /// <summary>The account: counts, codes and rules, nothing of a patient.</summary>
    public void Account(LedgerAccount account)
    {
        if (json) Event("account", ToJson(account));
        else
        {
            var table = new Table().Border(TableBorder.Simple).AddColumns("state", "evidence", "why").AddColumn(new TableColumn("objects").RightAligned());
            foreach (var line in account.Lines.OrderBy(l => l.State).ThenBy(l => l.Fault))
            {
                var why = line.Rule ?? (line.Fault == FaultCode.None ? "" : string.Create(CultureInfo.InvariantCulture, $"{line.Fault} ({(int)line.Fault})"));
                table.AddRow(line.State.ToString(), line.Evidence?.ToString() ?? "", Markup.Escape(why), line.Instances.ToString(CultureInfo.InvariantCulture));
            }
            AnsiConsole.Write(table);
            string[] states = [.. InstanceTransitions.Terminal.Select(s => string.Create(CultureInfo.InvariantCulture, $"{account.Count(s)} {s}"))];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{string.Join(" + ", states)} = {account.Done} of {account.Discovered} discovered: {(account.IsClosed ? "closed" : "not closed, run again to resume")}"));
        }
    }

    private static JsonObject ToJson(LedgerAccount account)
    {
        var members = new JsonObject { ["discovered"] = account.Discovered };
        foreach (var state in Enum.GetValues<InstanceState>()) members[char.ToLowerInvariant(state.ToString()[0]) + state.ToString()[1..]] = account.Count(state);
        members["units"] = account.Units;
        members["unitsPending"] = account.UnitsPending;
        members["isClosed"] = account.IsClosed;
        members["lines"] = new JsonArray([.. account.Lines.Select(l => new JsonObject
        {
            ["state"] = l.State.ToString(),
            ["evidence"] = l.Evidence?.ToString(),
            ["code"] = (int)l.Fault,
            ["rule"] = l.Rule,
            ["objects"] = l.Instances,
        })]);
        return members;
    }
}
