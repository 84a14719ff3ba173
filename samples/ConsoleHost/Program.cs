using System.CommandLine;
using ConsoleHost;
using Dicom.Migration;

var root = new RootCommand("Moves a DICOM archive, and proves that every object arrived.\n\nExit status: 0 closed and all Verified or Excluded; 1 closed with exceptions; 2 wrong usage or configuration;\n3 not closed, run again to resume; 4 a needed peer or file cannot be reached.")
{
    DemoCommand.Create(), RunCommand.Create(), VerifyCommand.Create(), LedgerCommands.Status(), ReportCommand.Create(), LedgerCommands.Explain(), ProbeCommand.Create(),
};
var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    await parsed.InvokeAsync();
    return ExitStatus.WrongUsage;
}
// One clear line, whatever fails; never a stack trace, and of an exception that is not ours not its message: it may have seen patient data.
var (status, line) = (ExitStatus.NotClosed, "");
try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
}
catch (MigrationException e)
{
    (status, line) = (parsed.CommandResult.Command.Name is ProbeCommand.Name ? ExitStatus.OfProbe(e.Fault.Code) : ExitStatus.Of(e.Fault.Code), e.Message);
}
catch (Microsoft.Extensions.Options.OptionsValidationException e)
{
    (status, line) = (ExitStatus.WrongUsage, string.Join(' ', e.Failures)); // names of options and their limits
}
catch (OperationCanceledException)
{
    line = "Stopped; what is done is on record. Run the same command again to resume.";
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException)
{
    (status, line) = (ExitStatus.Unreachable, $"A file or folder cannot be read or written ({e.GetType().Name}); look at the paths given, their permissions and the space on their volumes.");
}
catch (Exception e)
{
    line = $"A component failed in a way it does not name ({e.GetType().Name}) [{new Fault(FaultCode.Unexpected)}]; what is done is on record. Run again; if it stays, report it.";
}
await Console.Error.WriteLineAsync(line);
return status;
