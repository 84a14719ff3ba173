using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dicom.Migration.Dimse;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>An archive of somebody else's, started for one test on loopback and stopped by its process.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private const string Verification = "1.2.840.10008.1.1";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60), StopLimit = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _said = new();

    private PeerProcess(string program, string[] arguments)
    {
        _process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true } };
        _process.StartInfo.Environment["TCP_NODELAY"] = "1"; // DCMTK waits 40 ms with the end of each answer otherwise, which tests nothing here
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The path of a program; skips the test where it is not installed.</summary>
    public static string Find(string program)
    {
        // Debian puts servers where only root's PATH leads.
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Concat(["/usr/sbin", "/usr/local/sbin"]);
        var path = folders.Where(static f => f.Length > 0).Select(f => Path.Join(f, program)).FirstOrDefault(File.Exists);
        Assert.SkipUnless(path is not null, $"{program} is not installed.");
        return path!;
    }

    public static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Starts a program and waits until it answers.</summary>
    public static async Task<PeerProcess> StartAsync(string program, string[] arguments, Func<CancellationToken, Task<bool>> answers)
    {
        var peer = new PeerProcess(program, arguments);
        peer._process.Start();
        peer._process.BeginOutputReadLine();
        peer._process.BeginErrorReadLine();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(StartLimit);
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            while (!await answers(limit.Token))
            {
                Assert.False(peer._process.HasExited, $"{program} ended while starting: {string.Join('\n', peer._said)}");
                await timer.WaitForNextTickAsync(limit.Token);
            }
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether an archive answers a C-ECHO (PS3.7 §9.1.5).</summary>
    public static async Task<bool> EchoesAsync(int port, string title, CancellationToken cancellationToken, DimseSecurity? security = null)
    {
        try
        {
            await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", port, title, [new ContextProposal(Verification, ["1.2.840.10008.1.2"])],
                new DimseClientOptions { Security = security ?? DimseSecurity.Plaintext, AeTitle = "TEST" }, TimeProvider.System, cancellationToken: cancellationToken);
            var status = await association.EchoAsync(cancellationToken);
            await association.ReleaseAsync();
            return status.IsSuccess;
        }
        catch (AssociationException)
        {
            return false; // not yet
        }
    }

    public async ValueTask DisposeAsync()
    {
        using (_process)
        {
            if (_process.HasExited) return;
            using (var kill = Process.Start("/bin/sh", ["-c", "kill -TERM " + _process.Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync(CancellationToken.None);
            using var limit = new CancellationTokenSource(StopLimit);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    private void Note(string? line)
    {
        if (line is null) return;
        _said.Enqueue(line);
        if (_said.Count > 20) _said.TryDequeue(out _); // enough to say why it did not start
    }
}
