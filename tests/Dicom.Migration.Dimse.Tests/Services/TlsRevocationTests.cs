using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using static Dicom.Migration.Dimse.Tests.Services.TlsPeers;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Certificates that their root has revoked, by a list (RFC 5280 §5) that is published over http.</summary>
public sealed class TlsRevocationTests(TestPki pki) : IClassFixture<TestPki>
{
    private readonly SmallArchive _archive = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("on the list", X509RevocationMode.Online, false)]
    [InlineData("on the list", X509RevocationMode.NoCheck, true)]
    [InlineData("not on the list", X509RevocationMode.Online, true)]
    [InlineData("no list", X509RevocationMode.Online, false)] // unknown is not good
    [InlineData("list that cannot be fetched", X509RevocationMode.Online, false)]
    [InlineData("not on the list", X509RevocationMode.Offline, false)] // nothing was kept of it
    public async Task A_certificate_that_is_revoked_or_may_be_is_refused_where_revocation_is_looked_up(string status, X509RevocationMode mode, bool isTaken)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Schannel looks for lists of its own.");
        using var publisher = new TcpListener(IPAddress.Loopback, 0);
        publisher.Start();
        var list = new Uri($"http://127.0.0.1:{((IPEndPoint)publisher.LocalEndpoint).Port}/revoked.crl");
        var theirs = pki.Make("", "both", crl: status is "no list" ? null : list);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var publishing = PublishAsync(publisher, status is "list that cannot be fetched" ? null : pki.Revoke(status is "on the list" ? [theirs.Certificate!] : []), stop.Token);
        var looking = new DimseTls(() => pki.Good()) { Revocation = mode };

        // As a client:
        await using (var listener = Listen(_archive, new DimseTls(() => theirs)))
        {
            if (isTaken) await using (await ConnectAsync(listener, looking)) { }
            else await RefusedAsync(listener.EndPoint.Port, looking);
        }

        // and as a listener.
        var archive = new SmallArchive();
        await using (var listener = Listen(archive, looking))
        {
            await AskAsync(listener.EndPoint.Port, Client(theirs), hasToEnd: !isTaken);
            if (!isTaken) Assert.Equal(FaultCode.TlsRefused, await archive.RefusalAsync());
            Assert.Equal(isTaken, archive.Info is not null);
        }

        await stop.CancelAsync();
        await publishing;
    }

    private static async Task PublishAsync(TcpListener listener, byte[]? list, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                using var peer = await listener.AcceptSocketAsync(stop);
                await peer.ReceiveAsync(new byte[4_096], stop);
                var head = list is null ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" : $"HTTP/1.1 200 OK\r\nContent-Type: application/pkix-crl\r\nContent-Length: {list.Length}\r\nConnection: close\r\n\r\n";
                await peer.SendAsync((byte[])[.. System.Text.Encoding.ASCII.GetBytes(head), .. list ?? []], stop);
                peer.Shutdown(SocketShutdown.Send);
            }
        }
        catch (OperationCanceledException)
        {
            // published long enough
        }
    }
}
