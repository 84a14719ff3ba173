using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

#pragma warning disable CA5359 // the peers that must be refused are not choosy themselves

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Peers that speak TLS or anything else, and are not choosy themselves.</summary>
internal static class TlsPeers
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";

    public static readonly byte[] Request = Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, [new ProposedContext(1, Ct, [Elements.Explicit])], []));

    private static readonly ContextProposal[] Proposals = [new("1.2.840.10008.1.1", [Elements.Implicit]), new(Ct, [Elements.Explicit])];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static DimseListener Listen(IDimseHandler handler, DimseSecurity security) =>
        new(new DimseListenerOptions { Security = security, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, handler, TimeProvider.System);

    public static Task<DimseAssociation> ConnectAsync(DimseListener listener, DimseSecurity security) => ConnectAsync(listener.EndPoint.Port, security);

    public static Task<DimseAssociation> ConnectAsync(int port, DimseSecurity security) =>
        DimseAssociation.ConnectAsync("127.0.0.1", port, "SCP", Proposals, new DimseClientOptions { Security = security }, TimeProvider.System, null, Token);

    public static async Task RefusedAsync(int port, DimseTls tls) =>
        Assert.Equal(FaultCode.TlsRefused, (await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(port, tls))).Fault.Code);

    public static SslServerAuthenticationOptions Server(TlsCredentials ours) => new() { ServerCertificateContext = Context(ours) };

    public static SslClientAuthenticationOptions Client(TlsCredentials? ours) => new() { ClientCertificateContext = ours is null ? null : Context(ours) };

    /// <summary>Bytes that a client sends once it took the server.</summary>
    public static async Task<int> ServeAsync(TcpListener listener, SslServerAuthenticationOptions options)
    {
        using var peer = await listener.AcceptTcpClientAsync(Token);
        await using var tls = new SslStream(peer.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(options, Token);
            return await tls.ReadAsync(new byte[1_024], Token);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or PlatformNotSupportedException)
        {
            return 0;
        }
    }

    /// <summary>Asks for an association, and waits for the end of what comes back.</summary>
    public static async Task AskAsync(int port, SslClientAuthenticationOptions options, bool hasToEnd = true)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, Token);
        await using var tls = new SslStream(client.GetStream());
        options.TargetHost = "127.0.0.1";
        options.RemoteCertificateValidationCallback ??= (_, _, _, _) => true;
        try
        {
            await tls.AuthenticateAsClientAsync(options, Token);
            await tls.WriteAsync(Request, Token);
            if (hasToEnd) await ReadToEndAsync(tls);
            else await tls.ReadExactlyAsync(new byte[1], Token); // an answer
        }
        catch (Exception e) when (e is AuthenticationException or IOException or PlatformNotSupportedException)
        {
            // refused
        }
    }

    /// <summary>The certificate of whoever connects to a listener that is not choosy.</summary>
    /// <returns><see langword="null"/> if none is shown.</returns>
    public static async Task<string?> SeeAsync(TcpListener listener, TlsCredentials ours)
    {
        string? seen = null;
        var options = Server(ours);
        options.ClientCertificateRequired = true;
        options.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            seen = (certificate as X509Certificate2)?.Thumbprint;
            return true;
        };
        await ServeAsync(listener, options);
        return seen;
    }

    /// <summary>The certificate of a server, as one sees it who is not choosy.</summary>
    public static async Task<string?> SeeAsync(int port)
    {
        string? seen = null;
        var options = Client(null);
        options.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            seen = (certificate as X509Certificate2)?.Thumbprint;
            return false;
        };
        await AskAsync(port, options);
        return seen;
    }

    /// <summary>Lets two that are not choosy meet: what a refusal has to refuse must be able to come that far.</summary>
    /// <returns>The certificates that the client and the server got to see of each other; a server's handshake has succeeded if it saw one, or was sent something.</returns>
    public static async Task<(string? Servers, string? Clients, bool IsAgreed)> MeetAsync(SslServerAuthenticationOptions server, SslClientAuthenticationOptions client)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var (servers, clients) = ((string?)null, (string?)null);
        server.ClientCertificateRequired = client.ClientCertificateContext is not null;
        server.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            clients = (certificate as X509Certificate2)?.Thumbprint;
            return true;
        };
        client.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            servers = (certificate as X509Certificate2)?.Thumbprint;
            return true;
        };
        var serving = ServeAsync(listener, server);
        await AskAsync(((IPEndPoint)listener.LocalEndpoint).Port, client);
        return (servers, clients, await serving > 0);
    }

    public static async Task<byte[]> SendAsync(IPEndPoint to, byte[] bytes)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(to, Token);
        await using var stream = new NetworkStream(socket);
        try
        {
            await stream.WriteAsync(bytes, Token);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // refused before the last byte
        }

        return await ReadToEndAsync(stream);
    }

    /// <summary>ClientHello (RFC 5246 §7.4.1.2): ECDHE-RSA with AES-128-GCM and with AES-128-CBC-SHA, P-256, RSA with SHA-256.</summary>
    public static byte[] Hello(byte minor, byte[] compression)
    {
        byte[] extensions = [0, 10, 0, 4, 0, 2, 0, 23, /* supported groups */ 0, 11, 0, 2, 1, 0, /* point formats */ 0, 13, 0, 6, 0, 4, 4, 1, 8, 4 /* signature algorithms */];
        byte[] body = [3, minor, .. new byte[32], 0, 0, 4, 0xC0, 0x2F, 0xC0, 0x13, (byte)compression.Length, .. compression, 0, (byte)extensions.Length, .. extensions];
        return [0x16, 3, 1, 0, (byte)(body.Length + 4), 1, 0, 0, (byte)body.Length, .. body];
    }

    private static async Task<byte[]> ReadToEndAsync(Stream stream)
    {
        var (all, buffer) = (new List<byte>(), new byte[256]);
        try
        {
            for (int count; (count = await stream.ReadAsync(buffer, Token)) > 0;) all.AddRange(buffer.AsSpan(0, count));
        }
        catch (IOException)
        {
            // closed with a reset
        }

        return [.. all];
    }

    private static SslStreamCertificateContext Context(TlsCredentials ours) => SslStreamCertificateContext.Create(ours.Certificate!, ours.Intermediates, offline: true);
}
