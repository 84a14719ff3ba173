using System.CommandLine;

namespace Comparisons.Dimse;

/// <summary>The measured parts of "dimse", each in a process of its own.</summary>
internal static class Workers
{
    public static IEnumerable<Command> Commands()
    {
        var port = new Option<int>("--port");
        var called = new Option<string>("--called") { DefaultValueFactory = static _ => "RECEIVER" };
        var source = new Option<string>("--source") { DefaultValueFactory = static _ => "ct" };
        var count = new Option<int>("--count");
        var lanes = new Option<int>("--lanes") { DefaultValueFactory = static _ => 1 };
        var window = new Option<int>("--window") { DefaultValueFactory = static _ => 1 };
        var warmUp = new Option<int>("--warm-up") { DefaultValueFactory = static _ => 500 };
        var work = new Option<string>("--work") { DefaultValueFactory = static _ => "hash" };
        var retrieval = new Option<string>("--retrieval") { DefaultValueFactory = static _ => "get" };
        var listen = new Option<int>("--listen");

        var send = new Command("dimse-send", "Sends objects by C-STORE.") { port, called, source, count, lanes, window, warmUp };
        send.SetAction((p, token) => Sender.RunAsync(p.GetValue(port), p.GetValue(called)!, p.GetValue(source)!, p.GetValue(count), p.GetValue(lanes), p.GetValue(window), p.GetValue(warmUp), token));
        yield return Hidden(send);
        var receive = new Command("dimse-receive", "Receives objects by C-STORE.") { work, warmUp };
        receive.SetAction((p, token) => Receiver.RunAsync(p.GetValue(work)!, p.GetValue(warmUp), token));
        yield return Hidden(receive);
        var retrieve = new Command("dimse-retrieve", "Retrieves studies by C-GET or C-MOVE, and hashes what comes.") { port, called, retrieval, listen, source, count, warmUp };
        retrieve.SetAction((p, token) => Retriever.RunAsync(p.GetValue(port), p.GetValue(called)!, p.GetValue(retrieval) == "move", p.GetValue(listen), p.GetValue(source)!, p.GetValue(count), p.GetValue(warmUp), token));
        yield return Hidden(retrieve);
        var floorRead = new Command("dimse-floor-read", "A bare socket that reads and hashes.") { source, count };
        floorRead.SetAction(p => Floor.Read(p.GetValue(source)!, p.GetValue(count)));
        yield return Hidden(floorRead);
        var floorWrite = new Command("dimse-floor-write", "A bare socket that writes.") { port, source, count };
        floorWrite.SetAction(p => Floor.Write(p.GetValue(port), p.GetValue(source)!, p.GetValue(count)));
        yield return Hidden(floorWrite);
        var relay = new Command("dimse-relay", "Passes on what it receives.") { port };
        relay.SetAction((p, token) => Relay.RunAsync(p.GetValue(port), token));
        yield return Hidden(relay);
        var large = new Command("dimse-send-large", "Sends one object of so many GiB.") { port, count };
        large.SetAction((p, token) => Relay.SendAsync(p.GetValue(port), p.GetValue(count), token));
        yield return Hidden(large);
    }

    private static Command Hidden(Command command)
    {
        command.Hidden = true;
        return command;
    }
}
