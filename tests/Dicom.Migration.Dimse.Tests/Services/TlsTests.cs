using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>PS3.15 §B.12, §B.13: what is let in, and everything that is not.</summary>
public sealed class TlsTests(TestPki pki) : IClassFixture<TestPki>
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";
    private static readonly ContextProposal[] Proposals = [new("1.2.840.10008.1.1", [Elements.Implicit]), new(Ct, [Elements.Explicit])];
    private readonly SmallArchive _archive = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> ServerWrongs => [.. TestPki.Wrongs, .. TestPki.WrongNames];
    public static TheoryData<string> ClientWrongs => [.. TestPki.Wrongs];

    // All that B.12 does not name and OpenSSL can still be made to speak.
    public static TheoryData<TlsCipherSuite> WrongSuites =>
    [
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384, TlsCipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_RSA_WITH_AES_256_GCM_SHA384,
        TlsCipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA, TlsCipherSuite.TLS_RSA_WITH_AES_256_CBC_SHA256, TlsCipherSuite.TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
        TlsCipherSuite.TLS_DHE_RSA_WITH_AES_256_CBC_SHA, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_RSA_WITH_NULL_SHA256,
    ];

    public static TheoryData<byte[]> Plaintexts => new()
    {
        Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, [new ProposedContext(1, Ct, [Elements.Explicit])], [])),
        "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), "SSH-2.0-x\r\n"u8.ToArray(), new byte[4_096], new byte[] { 0x16, 3, 1 }, new byte[] { 0x16, 3, 1, 0xFF, 0xFF, 1 },
        new byte[] { 0x16, 3, 0, 0, 5, 1, 0, 0, 1, 0 }, new byte[] { 0x80, 0x2E, 1, 0, 2 }, // SSL 3, SSL 2
        new byte[] { 0x15, 3, 3, 0, 2, 1, 0 }, new byte[] { 0x17, 3, 3, 0, 4, 1, 2, 3, 4 },
    };

    [Theory]
    [InlineData(TlsProfile.Bcp195, TlsProfile.Bcp195)]
    [InlineData(TlsProfile.Bcp195, TlsProfile.ModifiedBcp195)]
    [InlineData(TlsProfile.ModifiedBcp195, TlsProfile.Bcp195)]
    public async Task Two_sides_that_trust_each_other_pass_every_byte(TlsProfile client, TlsProfile server)
    {
        await using var listener = Listen(new DimseTls(() => pki.Good()) { Profile = server });
        await using var association = await ConnectAsync(listener, new DimseTls(() => pki.Good()) { Profile = client });
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
        foreach (var length in (int[])[0, 1, 16_384, 131_067, 3_000_001])
        {
            var bytes = new byte[length];
            new Random(length).NextBytes(bytes);
            Assert.True((await association.StoreAsync(Ct, $"1.2.{length}", Elements.Explicit, Elements.Body(bytes), Token)).IsSuccess);
            Assert.True(_archive.Instances[$"1.2.{length}"].AsSpan().SequenceEqual(bytes));
        }

        Assert.Equal("CN=leaf, O=Test", string.Join(", ", _archive.Info!.Certificate!.Subject.Split(", ").Order(StringComparer.Ordinal)));
        await association.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(ServerWrongs))]
    public async Task A_server_whose_certificate_is_wrong_is_left_before_anything_is_asked(string wrong)
    {
        var theirs = pki.Make(wrong, "server");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeRawAsync(listener, new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(theirs.Certificate!, theirs.Intermediates, offline: true) });
        var tls = new DimseTls(() => pki.Good() with { TrustRoots = theirs.TrustRoots });
        await RefusedAsync(((IPEndPoint)listener.LocalEndpoint).Port, tls);
        Assert.Equal(0, await serving);
    }

    [Theory]
    [MemberData(nameof(ClientWrongs))]
    public async Task A_client_whose_certificate_is_wrong_reaches_no_handler(string wrong)
    {
        var theirs = pki.Make(wrong, "client");
        await using var listener = Listen(new DimseTls(() => pki.Good() with { TrustRoots = theirs.TrustRoots }));
        await AskRawAsync(listener.EndPoint.Port, new SslClientAuthenticationOptions { ClientCertificateContext = SslStreamCertificateContext.Create(theirs.Certificate!, theirs.Intermediates, offline: true) });
        Assert.Null(_archive.Info);
    }

    [Fact]
    public async Task A_client_without_a_certificate_reaches_no_handler()
    {
        await using var listener = Listen(new DimseTls(() => pki.Good()));
        await AskRawAsync(listener.EndPoint.Port, new SslClientAuthenticationOptions());
        Assert.Null(_archive.Info);
    }

    [Fact]
    public async Task A_client_without_a_certificate_is_let_in_where_none_is_required()
    {
        await using var listener = Listen(new DimseTls(() => pki.Good()) { RequiresClientCertificate = false });
        await using var association = await ConnectAsync(listener, new DimseTls(() => pki.Good() with { Certificate = null }));
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
        Assert.Null(_archive.Info!.Certificate);
    }

    [Theory]
    [MemberData(nameof(WrongSuites))]
    public async Task A_cipher_suite_outside_the_profile_is_refused_as_client_and_as_server(TlsCipherSuite suite)
    {
        var (server, client) = Raw(SslProtocols.Tls12, suite);
        await SkipUnlessSpokenAsync(server, client);
        await RefusedByBothAsync(server, client, TlsProfile.Bcp195);
    }

    // PS3.15 §B.13: Camellia in GCM, which it names too, is in no TLS library that .NET stands on.
    public static TheoryData<TlsCipherSuite, bool, bool> ProfileSuites => new()
    {
        { TlsCipherSuite.TLS_AES_256_GCM_SHA384, true, true }, { TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256, true, true }, { TlsCipherSuite.TLS_AES_128_GCM_SHA256, true, true },
        { TlsCipherSuite.TLS_AES_128_CCM_SHA256, false, true }, { TlsCipherSuite.TLS_AES_128_CCM_8_SHA256, false, false },
        { TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, true, true }, { TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, true, true },
        { TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true, true }, { TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, true, true },
        { TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, false, true }, { TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, false, true },
        { TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CCM, false, true }, { TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CCM, false, true },
        { TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8, false, false }, { TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, false, false },
        { TlsCipherSuite.TLS_DHE_RSA_WITH_AES_256_GCM_SHA384, false, false }, { TlsCipherSuite.TLS_RSA_WITH_AES_256_GCM_SHA384, false, false },
    };

    [Theory]
    [MemberData(nameof(ProfileSuites))]
    public async Task Each_profile_takes_its_suites_and_no_other_as_client_and_as_server(TlsCipherSuite suite, bool isDefault, bool isModified)
    {
        var (server, client) = Raw(suite.ToString().StartsWith("TLS_AES", StringComparison.Ordinal) || suite is TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256 ? SslProtocols.Tls13 : SslProtocols.Tls12, suite, suite.ToString().Contains("ECDSA", StringComparison.Ordinal) ? "" : "rsa");
        await SkipUnlessSpokenAsync(server, client);
        foreach (var (profile, isTaken) in new[] { (TlsProfile.Bcp195, isDefault), (TlsProfile.ModifiedBcp195, isModified) })
        {
            if (!isTaken)
            {
                await RefusedByBothAsync(server, client, profile);
                continue;
            }

            using (var listener = new TcpListener(IPAddress.Loopback, 0))
            {
                listener.Start();
                var serving = ServeRawAsync(listener, server);
                await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(((IPEndPoint)listener.LocalEndpoint).Port, new DimseTls(() => pki.Good()) { Profile = profile })); // it closes after the request
                Assert.True(await serving > 0);
            }

            var archive = new SmallArchive();
            await using (var listener = new DimseListener(new DimseListenerOptions { Security = new DimseTls(() => pki.Make(suite.ToString().Contains("ECDSA", StringComparison.Ordinal) ? "" : "rsa", "both")) { Profile = profile }, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, archive, TimeProvider.System))
                await AskRawAsync(listener.EndPoint.Port, client, hasToEnd: false);
            Assert.NotNull(archive.Info);
        }
    }

    [Theory, InlineData("rsa"), InlineData("PSS by the intermediate"), InlineData("384-bit curve")]
    public async Task Keys_and_signatures_that_are_strong_enough_are_taken(string how)
    {
        await using var listener = Listen(new DimseTls(() => pki.Make(how, "both")) { Profile = TlsProfile.ModifiedBcp195 });
        await using var association = await ConnectAsync(listener, new DimseTls(() => pki.Make(how, "both")) { Profile = TlsProfile.ModifiedBcp195 });
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
    }

#pragma warning disable SYSLIB0039, CA5397, CS0618 // versions that must be refused
    [Theory]
    [InlineData(SslProtocols.Tls)]
    [InlineData(SslProtocols.Tls11)]
    public async Task A_version_below_1_2_is_refused_as_client_and_as_server(SslProtocols version)
    {
        var (server, client) = Raw(version, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA);
        await SkipUnlessSpokenAsync(server, client);
        await RefusedByBothAsync(server, client, TlsProfile.Bcp195);
    }
#pragma warning restore SYSLIB0039, CA5397, CS0618

    [Theory]
    [InlineData(0)] // SSL 3
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_hello_of_a_version_below_1_2_is_answered_by_no_hello(byte minor)
    {
        await using var listener = Listen(new DimseTls(() => pki.Make("rsa", "both")));
        // ECDHE-RSA with AES-128-GCM and with AES-128-CBC-SHA, no compression, no extensions.
        byte[] body = [3, minor, .. new byte[32], 0, 0, 4, 0xC0, 0x2F, 0xC0, 0x13, 1, 0];
        var answer = await SendRawAsync(listener.EndPoint, [0x16, 3, 1, 0, (byte)(body.Length + 4), 1, 0, 0, (byte)body.Length, .. body]);
        Assert.NotEqual(0x16, answer.FirstOrDefault());
        Assert.Null(_archive.Info);
    }

    [Theory]
    [MemberData(nameof(Plaintexts))]
    public async Task Plaintext_on_the_TLS_port_reaches_no_handler(byte[] bytes)
    {
        await using var listener = Listen(new DimseTls(() => pki.Good()));
        await SendRawAsync(listener.EndPoint, bytes);
        Assert.Null(_archive.Info);
    }

    [Fact]
    public async Task There_is_no_fallback_in_either_direction()
    {
        await using (var listener = Listen(DimseSecurity.Plaintext)) await RefusedAsync(listener.EndPoint.Port, new DimseTls(() => pki.Good()));
        await using (var listener = Listen(new DimseTls(() => pki.Good()))) await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, DimseSecurity.Plaintext));
        Assert.Null(_archive.Info);
    }

    [Fact]
    public async Task A_listener_that_has_no_room_is_not_taken_for_one_that_refuses_TLS()
    {
        await using var listener = new DimseListener(new DimseListenerOptions { Security = new DimseTls(() => pki.Good()), EndPoint = new IPEndPoint(IPAddress.Loopback, 0), MaxConnectionsPerAddress = 1 }, _archive, TimeProvider.System);
        await using var association = await ConnectAsync(listener, new DimseTls(() => pki.Good()));
        var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, new DimseTls(() => pki.Good())));
        Assert.Equal((FaultCode.PeerClosedEarly, true), (e.Fault.Code, e.Fault.IsTransient));
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
    }

    [Fact]
    public async Task Credentials_that_cannot_be_read_are_not_taken_for_a_peer_that_closes()
    {
        await using var listener = Listen(new DimseTls(() => pki.Good()));
        await RefusedAsync(listener.EndPoint.Port, new DimseTls(new TlsCredentialFiles("not-there.pem", "not-there.key", null).Load));
    }

    [Fact]
    public async Task A_renewed_certificate_is_in_force_at_the_next_handshake()
    {
        var folder = Directory.CreateTempSubdirectory("dimse-tests.").FullName;
        try
        {
            var (certificate, key, roots) = pki.WriteFiles(folder, "expired");
            var files = new TlsCredentialFiles(certificate, key, roots);
            await using var listener = Listen(new DimseTls(files.Load));
            await RefusedAsync(listener.EndPoint.Port, new DimseTls(() => pki.Good()));
            File.WriteAllText(key, "half written");
            File.SetLastWriteTimeUtc(key, DateTime.UtcNow.AddMinutes(1));
            await RefusedAsync(listener.EndPoint.Port, new DimseTls(() => pki.Good())); // the old one, as the new one cannot be used
            pki.WriteFiles(folder, "");
            File.SetLastWriteTimeUtc(key, DateTime.UtcNow.AddMinutes(2));
            await using var association = await ConnectAsync(listener, new DimseTls(() => pki.Good()));
            Assert.True((await association.EchoAsync(Token)).IsSuccess);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private DimseListener Listen(DimseSecurity security) =>
        new(new DimseListenerOptions { Security = security, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, _archive, TimeProvider.System);

    private static Task<DimseAssociation> ConnectAsync(DimseListener listener, DimseSecurity security) => ConnectAsync(listener.EndPoint.Port, security);

    private static Task<DimseAssociation> ConnectAsync(int port, DimseSecurity security) =>
        DimseAssociation.ConnectAsync("127.0.0.1", port, "SCP", Proposals, new DimseClientOptions { Security = security }, TimeProvider.System, null, Token);

    private static async Task RefusedAsync(int port, DimseTls tls) =>
        Assert.Equal(FaultCode.TlsRefused, (await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(port, tls))).Fault.Code);

    private (SslServerAuthenticationOptions Server, SslClientAuthenticationOptions Client) Raw(SslProtocols version, TlsCipherSuite suite, string key = "rsa")
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Schannel takes its cipher suites from the system.");
#pragma warning disable CA1416 // not Windows
        var made = SslStreamCertificateContext.Create(pki.Make(key, "both").Certificate!, [], offline: true);
        return (new SslServerAuthenticationOptions { EnabledSslProtocols = version, CipherSuitesPolicy = new CipherSuitesPolicy([suite]), ServerCertificateContext = made },
            new SslClientAuthenticationOptions { EnabledSslProtocols = version, CipherSuitesPolicy = new CipherSuitesPolicy([suite]), ClientCertificateContext = made });
#pragma warning restore CA1416
    }

    /// <summary>A refusal shows something only if two peers who want to can agree.</summary>
    private static async Task SkipUnlessSpokenAsync(SslServerAuthenticationOptions server, SslClientAuthenticationOptions client)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeRawAsync(listener, server);
        await AskRawAsync(((IPEndPoint)listener.LocalEndpoint).Port, client);
        Assert.SkipUnless(await serving > 0, "This machine's TLS library does not speak it at all.");
    }

    private async Task RefusedByBothAsync(SslServerAuthenticationOptions server, SslClientAuthenticationOptions client, TlsProfile profile)
    {
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            var serving = ServeRawAsync(listener, server);
            await RefusedAsync(((IPEndPoint)listener.LocalEndpoint).Port, new DimseTls(() => pki.Good()) { Profile = profile });
            Assert.Equal(0, await serving);
        }

        await using (var listener = Listen(new DimseTls(() => pki.Make("rsa", "both")) { Profile = profile })) await AskRawAsync(listener.EndPoint.Port, client);
        Assert.Null(_archive.Info);
    }

    /// <summary>Bytes that a client sends once it took the server.</summary>
    private static async Task<int> ServeRawAsync(TcpListener listener, SslServerAuthenticationOptions options)
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
    private static async Task AskRawAsync(int port, SslClientAuthenticationOptions options, bool hasToEnd = true)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, Token);
        await using var tls = new SslStream(client.GetStream());
        options.TargetHost = "127.0.0.1";
#pragma warning disable CA5359 // the peer that must be refused is not choosy itself
        options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        try
        {
            await tls.AuthenticateAsClientAsync(options, Token);
            await tls.WriteAsync(Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, [new ProposedContext(1, Ct, [Elements.Explicit])], [])), Token);
            if (hasToEnd) await ReadToEndAsync(tls);
            else await tls.ReadExactlyAsync(new byte[1], Token); // an answer
        }
        catch (Exception e) when (e is AuthenticationException or IOException or PlatformNotSupportedException)
        {
            // refused
        }
    }

    private static async Task<byte[]> SendRawAsync(IPEndPoint to, byte[] bytes)
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
}
