using System.Globalization;
using Dicom.Migration;
using Spectre.Console;

namespace ConsoleHost;

/// <summary>The account as a table: counts, codes and rules, nothing of a patient.</summary>
internal static class AccountView
{
    public static void Write(LedgerAccount account)
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
