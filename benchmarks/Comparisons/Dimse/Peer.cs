using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Comparisons.Dimse;

/// <summary>A program of another maker, or a worker of this one, in a process of its own, stopped by its id.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private static readonly double TicksPerSecond = 100; // USER_HZ of every Linux (proc(5))
    private readonly Process _process;
    private readonly bool _isWorker;
    private Uri? _http;

    private Peer(Process process, bool isWorker) => (_process, _isWorker) = (process, isWorker);

    public int Port { get; private set; }

    /// <summary>User and system time so far, in seconds.</summary>
    public double Cpu
    {
        get
        {
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
    }

    /// <summary>DCMTK's storescp, which discards what it receives, or writes it as it is. Unless it forks it serves one association at a time.</summary>
    public static Task<Peer> StoreScpAsync(bool hasNoDelay, string? folder, bool forks, CancellationToken cancellationToken)
    {
        var port = FreePort();
        string[] arguments = ["--max-pdu", "131072", .. forks ? new[] { "--fork" } : [], .. folder is null ? new[] { "--ignore" } : ["-od", folder, "+B"], Text(port)];
        return StartAsync("storescp", arguments, hasNoDelay, port, cancellationToken);
    }

    /// <summary>An Orthanc with an empty store in a folder.</summary>
    /// <param name="folder">Where.</param> <param name="hasNoDelay">Whether Nagle's algorithm is off.</param> <param name="modalities">Ports of the AE titles that it may send to.</param> <param name="cancellationToken">Gives up.</param>
    /// <param name="isEmptied">Whether <see cref="EmptyAsync"/> will be called.</param>
    public static async Task<Peer> OrthancAsync(string folder, bool hasNoDelay, IReadOnlyDictionary<string, int> modalities, CancellationToken cancellationToken, bool isEmptied = false)
    {
        var (port, http) = (FreePort(), FreePort());
        Directory.CreateDirectory(folder);
        var known = string.Join(',', modalities.Select(static m => $$"""  "{{m.Key}}": ["{{m.Key}}", "127.0.0.1", {{Text(m.Value)}}]"""));
        var path = Path.Join(folder, "orthanc.json");
        await File.WriteAllTextAsync(path, $$"""
            {
              "Name": "comparison", "DicomAet": "ORTHANC", "DicomPort": {{Text(port)}}, "HttpServerEnabled": {{(isEmptied ? "true" : "false")}}, "HttpPort": {{Text(http)}}, "AuthenticationEnabled": false, "RemoteAccessAllowed": false, "DicomCheckCalledAet": false,
              "StorageDirectory": "{{folder}}/storage", "IndexDirectory": "{{folder}}/index", "TemporaryDirectory": "{{folder}}", "Plugins": [],
              "DicomAlwaysAllowFind": true, "DicomAlwaysAllowGet": true, "DicomAlwaysAllowMove": true, "SaveJobs": false, "OverwriteInstances": false,
              "DicomModalities": { {{known}} }
            }
            """, cancellationToken);
        var peer = await StartAsync("Orthanc", [path], hasNoDelay, port, cancellationToken);
        peer._http = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{http}/"));
        return peer;
    }

    /// <summary>Has an Orthanc delete all that it has, by its own interface.</summary>
    public async Task EmptyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = _http };
        foreach (var patient in JsonSerializer.Deserialize<string[]>(await http.GetStringAsync(new Uri("patients", UriKind.Relative), cancellationToken))!)
            (await http.DeleteAsync(new Uri($"patients/{patient}", UriKind.Relative), cancellationToken)).EnsureSuccessStatusCode();
    }

    /// <summary>A worker that listens: its first line is its port.</summary>
    public static async Task<Peer> WorkerAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Join(AppContext.BaseDirectory, "Comparisons.dll"), .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        var peer = new Peer(process, isWorker: true);
        peer.Port = int.Parse(await peer.LineAsync(cancellationToken), CultureInfo.InvariantCulture);
        return peer;
    }

    /// <summary>What a worker did since it was asked last.</summary>
    public async Task<Figures> TakeAsync(CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync("take".AsMemory(), cancellationToken);
        return Figures.Parse(await LineAsync(cancellationToken));
    }

    /// <summary>Runs a worker to its end, and gives its last line.</summary>
    public static async Task<Figures> RunWorkerAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Join(AppContext.BaseDirectory, "Comparisons.dll"), .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0) throw new InvalidOperationException($"A worker ended with {process.ExitCode}.");
        return Figures.Parse(output.TrimEnd().Split('\n')[^1]);
    }

    public static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        if (_isWorker) _process.StandardInput.Close(); // the end of its input ends it
        else if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<Peer> StartAsync(string program, string[] arguments, bool hasNoDelay, int port, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment.Remove("TCP_NODELAY");
        if (hasNoDelay) start.Environment["TCP_NODELAY"] = "1"; // DCMTK's own: Nagle's algorithm off
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var peer = new Peer(process, isWorker: false) { Port = port };
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            if (process.HasExited) throw new InvalidOperationException($"{program} ended while starting.");
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                break;
            }
            catch (SocketException)
            {
                // not yet
            }
        }

        return peer;
    }

    private async Task<string> LineAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("A worker ended without a word.");
}
