using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>DCMTK's programs, and others, run in a folder of their own and ended by process.</summary>
internal sealed class Dcmtk : IAsyncDisposable
{
    private readonly List<Process> _servers = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("dimse-tests.").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The path of a program; skips the test if it is not installed.</summary>
    public static string Find(string tool)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);
        Assert.SkipUnless(path is not null, $"The program {tool} is not installed.");
        return path!;
    }

    public static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Runs a client to its end.</summary>
    public async Task<(int ExitCode, string Output)> RunAsync(string tool, params string[] arguments)
    {
        using var process = Start(tool, arguments);
        process.StandardInput.Close();
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, string.Concat(texts));
    }

    /// <summary>Starts a server and waits until it listens.</summary>
    public Task<int> ServeAsync(string tool, int port, Func<int, string[]> arguments) => ServeAsync(tool, port, arguments(port));

    /// <summary>Starts a server and waits until it listens.</summary>
    public async Task<int> ServeAsync(string tool, int port, params string[] arguments)
    {
        var process = Start(tool, arguments);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _servers.Add(process);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await timer.WaitForNextTickAsync(Token))
        {
            Assert.False(process.HasExited, $"{tool} ended while starting.");
            using var probe = new TcpClient();
            try
            {
                await probe.ConnectAsync(IPAddress.Loopback, port, Token);
                return port;
            }
            catch (SocketException)
            {
                // not yet
            }
        }

        return port;
    }

    public static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

    /// <summary>A Part 10 file in Explicit VR Little Endian.</summary>
    public string Write(string name, string sopClass, string sopInstance, byte[] dataSet)
    {
        byte[] meta =
        [
            2, 0, 1, 0, (byte)'O', (byte)'B', 0, 0, 2, 0, 0, 0, 0, 1, // version
            .. Elements.Element(0x00020002, "UI", sopClass), .. Elements.Element(0x00020003, "UI", sopInstance), .. Elements.Element(0x00020010, "UI", Elements.Explicit),
            .. Elements.Element(0x00020012, "UI", "1.2.3.9"),
        ];
        var path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, [.. new byte[128], .. "DICM"u8, 2, 0, 0, 0, (byte)'U', (byte)'L', 4, 0, (byte)meta.Length, (byte)(meta.Length >> 8), 0, 0, .. meta, .. dataSet]);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            if (!server.HasExited) server.Kill();
            await server.WaitForExitAsync(CancellationToken.None);
            server.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private Process Start(string tool, string[] arguments)
    {
        var start = new ProcessStartInfo(Find(tool), arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true, WorkingDirectory = Folder };
        start.Environment.Remove("TCP_NODELAY"); // as it is shipped: DCMTK turns Nagle's algorithm off where this is set
        return Process.Start(start)!;
    }
}
