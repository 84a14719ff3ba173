using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Comparisons;

/// <summary>A server in a process of its own on loopback, stopped by its id.</summary>
internal sealed class WebPeer(Process process, Uri root) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30); // Orthanc takes 2 s to start

    /// <summary>Where Orthanc and its DICOMweb plug-in are as Debian has them.</summary>
    public static bool HasOrthanc => File.Exists("/usr/sbin/Orthanc") && File.Exists("/usr/share/orthanc/plugins/libOrthancDicomWeb.so");

    public Uri Root { get; } = root;

    /// <summary>The bare server, for the studies that are in a folder now.</summary>
    public static async Task<WebPeer> StartBareAsync(string folder, CancellationToken cancellationToken)
    {
        string[] command = [.. WebComparison.Self.Split(' '), "web", "serve", folder];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        return new WebPeer(process, new Uri(await process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new InvalidOperationException("The server did not start.")));
    }

    /// <summary>Orthanc with an empty store in a folder.</summary>
    public static async Task<WebPeer> StartOrthancAsync(string folder, CancellationToken cancellationToken)
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var store = Directory.CreateDirectory(Path.Join(folder, "orthanc")).FullName;
        var configuration = Path.Join(folder, "orthanc.json");
        await File.WriteAllTextAsync(configuration, string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "Name": "comparison", "HttpPort": {{port}}, "DicomServerEnabled": false, "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
              "StorageDirectory": "{{store}}", "IndexDirectory": "{{store}}", "TemporaryDirectory": "{{store}}", "SaveJobs": false, "OverwriteInstances": false,
              "Plugins": ["/usr/share/orthanc/plugins/libOrthancDicomWeb.so"], "DicomWeb": { "Enable": true, "Root": "/dicom-web/" }
            }
            """), cancellationToken);
        var process = Process.Start(new ProcessStartInfo("/usr/sbin/Orthanc", [configuration]) { RedirectStandardError = true, UseShellExecute = false })!;
        process.ErrorDataReceived += static (_, _) => { }; // its log, which would stop it once the pipe is full
        process.BeginErrorReadLine();
        var peer = new WebPeer(process, new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/")));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100, cancellationToken))
        {
            try
            {
                (await http.GetAsync(new Uri(peer.Root, "dicom-web/studies"), cancellationToken)).EnsureSuccessStatusCode();
                return peer;
            }
            catch (HttpRequestException) when (watch.Elapsed < Patience && !process.HasExited) { }
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
