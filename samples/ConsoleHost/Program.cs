using System.CommandLine;
using ConsoleHost;
using Dicom.Migration;

var root = new RootCommand("Moves a DICOM archive, and proves that every object arrived.") { DemoCommand.Create(), RunCommand.Create(), LedgerCommands.Status(), LedgerCommands.Explain() };
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    await parsed.InvokeAsync();
    return ExitStatus.WrongUsage;
}
try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
}
catch (MigrationException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return ExitStatus.Of(e.Fault.Code);
}
