using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using static Dicom.Migration.Dimse.Tests.Services.TlsPeers;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>PS3.15 §B.12, §B.13: what is let in, and everything that is not.</summary>
public sealed class TlsTests(TestPki pki) : IClassFixture<TestPki>
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";
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

    [Theory]
    [InlineData(TlsProfile.Bcp195, TlsProfile.Bcp195)]
    [InlineData(TlsProfile.Bcp195, TlsProfile.ModifiedBcp195)]
    [InlineData(TlsProfile.ModifiedBcp195, TlsProfile.Bcp195)]
    public async Task Two_sides_that_trust_each_other_pass_every_byte(TlsProfile client, TlsProfile server)
    {
        var theirs = pki.Good();
        await using var listener = Listen(_archive, new DimseTls(() => theirs) { Profile = server });
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
        Assert.Equal(theirs.Certificate!.Thumbprint, association.PeerCertificate!.Thumbprint);
        await association.ReleaseAsync();
    }

    [Theory]
    [MemberData(nameof(ServerWrongs))]
    public async Task A_server_whose_certificate_is_wrong_is_left_before_anything_is_asked(string wrong)
    {
        var theirs = pki.Make(wrong, "server");
        var shown = await MeetAsync(Server(theirs), Client(null));
        Assert.Equal((theirs.Certificate!.Thumbprint, true), (shown.Servers, shown.IsAgreed));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync(listener, Server(theirs));
        await RefusedAsync(((IPEndPoint)listener.LocalEndpoint).Port, new DimseTls(() => pki.Good() with { TrustRoots = theirs.TrustRoots }));
        Assert.Equal(0, await serving);
    }

    [Theory]
    [MemberData(nameof(ClientWrongs))]
    public async Task A_client_whose_certificate_is_wrong_reaches_no_handler(string wrong)
    {
        var theirs = pki.Make(wrong, "client");
        var shown = await MeetAsync(Server(pki.Good()), Client(theirs));
        Assert.Equal((theirs.Certificate!.Thumbprint, true), (shown.Clients, shown.IsAgreed));
        foreach (var isRequired in new[] { true, false }) // one that is given has to be good, asked for or not
        {
            await using var listener = Listen(_archive, new DimseTls(() => pki.Good() with { TrustRoots = theirs.TrustRoots }) { RequiresClientCertificate = isRequired });
            await AskAsync(listener.EndPoint.Port, Client(theirs));
            Assert.Equal(FaultCode.TlsRefused, await _archive.RefusalAsync());
        }

        Assert.Null(_archive.Info);
    }

    [Fact]
    public async Task A_client_without_a_certificate_reaches_no_handler()
    {
        await using var listener = Listen(_archive, new DimseTls(() => pki.Good()));
        await AskAsync(listener.EndPoint.Port, Client(null));
        Assert.Equal(FaultCode.TlsRefused, await _archive.RefusalAsync());
        Assert.Null(_archive.Info);
    }

    [Fact]
    public async Task A_client_without_a_certificate_is_let_in_where_none_is_required()
    {
        await using var listener = Listen(_archive, new DimseTls(() => pki.Good()) { RequiresClientCertificate = false });
        await using (var association = await ConnectAsync(listener, new DimseTls(() => pki.Good() with { Certificate = null }))) Assert.True((await association.EchoAsync(Token)).IsSuccess);
        Assert.Null(_archive.Info!.Certificate);
        var ours = pki.Good();
        await using (var association = await ConnectAsync(listener, new DimseTls(() => ours))) Assert.True((await association.EchoAsync(Token)).IsSuccess);
        Assert.Equal(ours.Certificate!.Thumbprint, _archive.Info.Certificate!.Thumbprint); // who has one shows it
    }

    [Theory]
    [MemberData(nameof(WrongSuites))]
    public async Task A_cipher_suite_outside_the_profile_is_refused_as_client_and_as_server(TlsCipherSuite suite)
    {
        var (server, client) = Raw(SslProtocols.Tls12, suite, "rsa");
        await SkipUnlessSpokenAsync(server, client);
        await RefusedByBothAsync(server, client, TlsProfile.Bcp195, "rsa");
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
        var name = suite.ToString();
        var key = name.Contains("_RSA_", StringComparison.Ordinal) ? "rsa" : "";
        var (server, client) = Raw(name.Contains("_WITH_", StringComparison.Ordinal) ? SslProtocols.Tls12 : SslProtocols.Tls13, suite, key);
        await SkipUnlessSpokenAsync(server, client);
        foreach (var (profile, isTaken) in new[] { (TlsProfile.Bcp195, isDefault), (TlsProfile.ModifiedBcp195, isModified) })
        {
            if (!isTaken)
            {
                await RefusedByBothAsync(server, client, profile, key);
                continue;
            }

            using (var listener = new TcpListener(IPAddress.Loopback, 0))
            {
                listener.Start();
                var serving = ServeAsync(listener, server);
                await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(((IPEndPoint)listener.LocalEndpoint).Port, new DimseTls(() => pki.Good()) { Profile = profile })); // it closes after the request
                Assert.True(await serving > 0);
            }

            var archive = new SmallArchive();
            await using (var listener = Listen(archive, new DimseTls(() => pki.Make(key, "both")) { Profile = profile }))
                await AskAsync(listener.EndPoint.Port, client, hasToEnd: false);
            Assert.NotNull(archive.Info);
        }
    }

    [Theory, InlineData("rsa"), InlineData("PSS by the intermediate"), InlineData("384-bit curve")]
    public async Task Keys_and_signatures_that_are_strong_enough_are_taken(string how)
    {
        await using var listener = Listen(_archive, new DimseTls(() => pki.Make(how, "both")) { Profile = TlsProfile.ModifiedBcp195 });
        await using var association = await ConnectAsync(listener, new DimseTls(() => pki.Make(how, "both")) { Profile = TlsProfile.ModifiedBcp195 });
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
    }

#pragma warning disable SYSLIB0039, CA5397, CS0618 // versions that must be refused
    [Theory]
    [InlineData(SslProtocols.Tls)]
    [InlineData(SslProtocols.Tls11)]
    public async Task A_version_below_1_2_is_refused_as_client_and_as_server(SslProtocols version)
    {
        var (server, client) = Raw(version, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "rsa");
        await SkipUnlessSpokenAsync(server, client);
        await RefusedByBothAsync(server, client, TlsProfile.Bcp195, "rsa");
    }
#pragma warning restore SYSLIB0039, CA5397, CS0618

    [Fact]
    public async Task There_is_no_fallback_in_either_direction()
    {
        await using (var listener = Listen(_archive, DimseSecurity.Plaintext)) await RefusedAsync(listener.EndPoint.Port, new DimseTls(() => pki.Good()));
        await using (var listener = Listen(_archive, new DimseTls(() => pki.Good()))) await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, DimseSecurity.Plaintext));
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
        Assert.Equal(FaultCode.PeerBusy, await _archive.RefusalAsync());
    }

    private (SslServerAuthenticationOptions Server, SslClientAuthenticationOptions Client) Raw(SslProtocols version, TlsCipherSuite suite, string key)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Schannel takes its cipher suites from the system.");
#pragma warning disable CA1416 // not Windows
        var (made, policy) = (pki.Make(key, "both"), new CipherSuitesPolicy([suite]));
        var (server, client) = (Server(made), Client(made));
        (server.EnabledSslProtocols, server.CipherSuitesPolicy, client.EnabledSslProtocols, client.CipherSuitesPolicy) = (version, policy, version, policy);
#pragma warning restore CA1416
        return (server, client);
    }

    /// <summary>A refusal shows something only if two peers who want to can agree.</summary>
    private static async Task SkipUnlessSpokenAsync(SslServerAuthenticationOptions server, SslClientAuthenticationOptions client) =>
        Assert.SkipUnless((await MeetAsync(server, client)).IsAgreed, "This machine's TLS library does not speak it at all.");

    /// <param name="server">A server that speaks what has to be refused.</param> <param name="client">A client that does.</param> <param name="profile">Ours.</param>
    /// <param name="key">Kind of our key, such as the suite asks for: it must not be for want of it that a server refuses.</param>
    private async Task RefusedByBothAsync(SslServerAuthenticationOptions server, SslClientAuthenticationOptions client, TlsProfile profile, string key)
    {
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            var serving = ServeAsync(listener, server);
            await RefusedAsync(((IPEndPoint)listener.LocalEndpoint).Port, new DimseTls(() => pki.Good()) { Profile = profile });
            Assert.Equal(0, await serving);
        }

        await using (var listener = Listen(_archive, new DimseTls(() => pki.Make(key, "both")) { Profile = profile }))
        {
            await AskAsync(listener.EndPoint.Port, client);
            Assert.Equal(FaultCode.TlsRefused, await _archive.RefusalAsync());
        }

        Assert.Null(_archive.Info);
    }
}
