using System.CommandLine;

namespace ConsoleHost;

/// <summary><c>dicom-migrate probe</c>: what a peer accepts.</summary>
internal static class ProbeCommand
{
    public const string Name = "probe";

    public static Command Create()
    {
        var json = Screen.Option();
        var peer = new Argument<string>("E") { Description = "The peer: " + Endpoint.Forms };
        var config = RunCommand.Config();
        var command = new Command(Name, "Asks a peer what it accepts: SOP classes and transfer syntaxes, limits, services. Stores nothing, reads no object.") { peer, config, json };
        command.SetAction(async (parsed, token) =>
        {
            await Endpoint.Parse(parsed.GetValue(peer)!, parsed.GetValue(config)).ProbeAsync(new Screen(parsed.GetValue(json)), token);
            return ExitStatus.Closed;
        });
        return command;
    }
}
