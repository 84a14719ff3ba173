namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>DCMTK's dcmqrscp of one test: an archive without transcoding, which keeps what it gets in transfer syntaxes without compression.</summary>
internal sealed class Dcmqrscp : IAsyncDisposable
{
    private PeerProcess? _process;

    private Dcmqrscp(string title, int port) => (Title, Port) = (title, port);

    public string Title { get; }
    public int Port { get; }

    /// <param name="folder">Takes its configuration and what it stores.</param>
    /// <param name="title">Its AE title.</param>
    /// <param name="destination">AE title and port on loopback that it may send to.</param>
    public static async Task<Dcmqrscp> StartAsync(string folder, string title, (string Title, int Port) destination)
    {
        var program = PeerProcess.Find("dcmqrscp");
        var peer = new Dcmqrscp(title, PeerProcess.FreePort());
        var store = Directory.CreateDirectory(Path.Join(folder, title)).FullName;
        var configuration = Path.Join(folder, title + ".cfg");
        // 500 studies of 1 GB are its largest quota; beyond it the oldest goes, and it says success.
        await File.WriteAllTextAsync(configuration, $"""
            NetworkTCPPort = {peer.Port}
            MaxPDUSize = 131072
            MaxAssociations = 16
            HostTable BEGIN
            destination = ({destination.Title}, 127.0.0.1, {destination.Port})
            HostTable END
            VendorTable BEGIN
            VendorTable END
            AETable BEGIN
            {title} {store} RW (500, 1024mb) ANY
            AETable END

            """, TestContext.Current.CancellationToken);
        peer._process = await PeerProcess.StartAsync(program, ["-c", configuration], token => PeerProcess.EchoesAsync(peer.Port, title, token));
        return peer;
    }

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? ValueTask.CompletedTask;
}
