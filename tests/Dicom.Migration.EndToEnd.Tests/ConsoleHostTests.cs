using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Dicom.Migration.Testing;

namespace Dicom.Migration.EndToEnd.Tests;

/// <summary>The console host as a script meets it: addresses, configuration, exit statuses, and one line that says what is wrong.</summary>
public sealed class ConsoleHostTests : IDisposable
{
    private const int Closed = 0, WrongUsage = 2, Unreachable = 4;
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Archives_named_in_a_configuration_are_read_stored_into_and_verified()
    {
        await using var old = new ScriptedPacs();
        await using var archive = new ScriptedPacs();
        foreach (var instance in MadeUpInstances.Create(3, 12)) old.Add(instance);
        var config = await WriteAsync($$"""
            { "endpoints": {
                "old": "dimse://PACS@127.0.0.1:{{old.Port}}",
                "new": { "address": "dimse://PACS@127.0.0.1:{{archive.Port}}?calling=ME", "options": { "VisibilityTimeout": "00:00:01" } } } }
            """);
        var ledger = Path.Join(_folder, "ledger.db");
        var (status, lines, error) = await RunAsync("run", "--from", "old", "--to", "new", "--ledger", ledger, "--config", config, "--json");
        Assert.True(status == Closed, error);
        var account = JsonDocument.Parse(lines.Last(l => l.Contains("\"account\"", StringComparison.Ordinal))).RootElement;
        Assert.Equal((12, true), (account.GetProperty("verified").GetInt32(), account.GetProperty("isClosed").GetBoolean()));
        Assert.Equal(12, archive.Instances.Count);

        (status, lines, error) = await RunAsync("verify", "--ledger", ledger, "--to", "new", "--config", config, "--json");
        Assert.True(status == Closed, error);
        Assert.Contains(lines, l => l.Contains("\"Equal\":12", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_probe_prints_what_an_archive_takes()
    {
        await using var pacs = new ScriptedPacs();
        var (status, lines, error) = await RunAsync("probe", $"dimse://PACS@127.0.0.1:{pacs.Port}");
        Assert.True(status == Closed, error);
        Assert.Contains(lines, l => l.StartsWith("C-ECHO 0000", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.EndsWith("  CT Image Storage", StringComparison.Ordinal));
        (_, lines, _) = await RunAsync("probe", $"dimse://PACS@127.0.0.1:{pacs.Port}", "--json");
        Assert.All(lines, l => JsonDocument.Parse(l));
    }

    [Theory]
    [InlineData("ftp://somewhere", "known kind")]
    [InlineData("dimse://A@host:1?retrive=get", "parameter")]
    [InlineData("dimses://A@host:2762", "certificates")]
    [InlineData("https://me:secret@host/dicom-web", "stands before the @")]
    [InlineData("https://host/dicom-web?auth=basic", "Secret")]
    [InlineData("misspelt", "IdleTimeuot", """{ "endpoints": { "misspelt": { "address": "dimse://A@host:1", "options": { "IdleTimeuot": "00:01:00" } } } }""")]
    [InlineData("misspelt", "adress", """{ "endpoints": { "misspelt": { "address": "dimse://A@host:1", "adress": "" } } }""")]
    [InlineData("limit", "MaxPduLength", """{ "endpoints": { "limit": { "address": "dimse://A@host:1", "options": { "MaxPduLength": 1 } } } }""")]
    [InlineData("plain", "dimses://", """{ "endpoints": { "plain": { "address": "dimse://A@host:1", "tls": { "certificate": "a.pem", "key": "a.key", "roots": "r.pem" } } } }""")]
    [InlineData("plain", "https://", """{ "endpoints": { "plain": { "address": "http://host/dicom-web", "tls": { "roots": "system" } } } }""")]
    [InlineData("root", "tls:root is not known", """{ "endpoints": { "root": { "address": "dimses://A@host:1", "tls": { "certificate": "a.pem", "key": "a.key", "root": "r.pem" } } } }""")]
    [InlineData("name", "tls:name is not known", """{ "endpoints": { "name": { "address": "https://host/", "tls": { "roots": "system", "name": "other" } } } }""")]
    [InlineData("everybody", "names no roots", """{ "endpoints": { "everybody": { "address": "dimses://A@host:1", "tls": { "certificate": "a.pem", "key": "a.key" } } } }""")]
    [InlineData("empty", "tls:roots is empty", """{ "endpoints": { "empty": { "address": "dimses://A@host:1", "tls": { "roots": "" } } } }""")]
    [InlineData("key", "no certificate", """{ "endpoints": { "key": { "address": "dimses://A@host:1", "tls": { "key": "a.key", "roots": "system" } } } }""")]
    [InlineData("profile", "Bcp195, ModifiedBcp195", """{ "endpoints": { "profile": { "address": "dimses://A@host:1", "tls": { "roots": "system", "profile": "Basic" } } } }""")]
    [InlineData("revocation", "NoCheck, Online, Offline", """{ "endpoints": { "revocation": { "address": "dimses://A@host:1", "tls": { "roots": "system", "revocation": "on" } } } }""")]
    [InlineData("missing", "cannot be read", """{ "endpoints": { "missing": { "address": "dimses://A@host:1", "tls": { "certificate": "no.pem", "key": "no.key", "roots": "no.pem" } } } }""")]
    public async Task What_is_wrong_with_an_endpoint_is_said_in_one_line(string endpoint, string says, string? config = null)
    {
        string[] configuration = config is null ? [] : ["--config", await WriteAsync(config)];
        var (status, _, error) = await RunAsync(["run", "--from", endpoint, "--to", "folder:" + Path.Join(_folder, "to"), "--ledger", Path.Join(_folder, "ledger.db"), .. configuration]);
        Assert.Equal(WrongUsage, status);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(says == "IdleTimeuot" ? "options" : says, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_is_not_there_is_unreachable()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound, and nobody listens
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        foreach (var command in new[] { new[] { "probe", $"dimse://A@127.0.0.1:{port}" }, ["run", "--from", $"dimse://A@127.0.0.1:{port}", "--to", "folder:" + Path.Join(_folder, "to"), "--ledger", Path.Join(_folder, "ledger.db")] })
        {
            var (status, _, error) = await RunAsync(command);
            Assert.True(status == Unreachable, error);
            Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
    }

    [Theory, InlineData("dimse"), InlineData("dimses")]
    public async Task A_peer_that_lets_no_probe_in_is_as_good_as_not_there(string scheme)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var closing = Task.Run(async () =>
        {
            using var peer = await listener.AcceptSocketAsync(Token); // and closes
        }, Token);
        var config = await WriteAsync($$"""{ "endpoints": { "peer": { "address": "{{scheme}}://A@127.0.0.1:{{((IPEndPoint)listener.LocalEndpoint).Port}}"{{(scheme is "dimses" ? ", \"tls\": { \"roots\": \"system\" }" : "")}} } } }""");
        var (status, _, error) = await RunAsync("probe", "peer", "--config", config);
        await closing;
        Assert.True(status == Unreachable, error);
        Assert.Contains("3002", error, StringComparison.Ordinal);
    }

    private async Task<string> WriteAsync(string config)
    {
        var path = Path.Join(_folder, "config.json");
        await File.WriteAllTextAsync(path, config, Token);
        return path;
    }

    internal static async Task<(int Status, List<string> Lines, string Error)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Join(AppContext.BaseDirectory, "dicom-migrate.dll"), .. arguments]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, [.. (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd())], await error);
    }
}
