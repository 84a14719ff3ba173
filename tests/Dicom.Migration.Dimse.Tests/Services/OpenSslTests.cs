using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>What .NET cannot be made to offer, offered by OpenSSL's program at its lowest security level: each clause of PS3.15 §B.12 and §B.13 that a handshake can break.</summary>
public sealed class OpenSslTests : IAsyncDisposable
{
    private readonly TestPki _pki = new();
    private readonly Dcmtk _programs = new();
    private readonly SmallArchive _archive = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Arguments of either program, and whether the handshake may succeed.
    public static TheoryData<string, string, bool> Offers => new()
    {
        { "", "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384@SECLEVEL=0", true },
        { "rsa", "-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384@SECLEVEL=0 -groups P-384", true },
        { "rsa", "-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384@SECLEVEL=0 -groups P-224", false }, // less than 256 bits
        { "", "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384@SECLEVEL=0 -sigalgs ECDSA+SHA1", false },
        { "", "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384@SECLEVEL=0 -sigalgs ECDSA+SHA224", true }, // of a handshake, not of a certificate: .NET has no say in it
        { "rsa", "-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384@SECLEVEL=0 -sigalgs RSA+SHA1", false },
        { "rsa", "-tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384@SECLEVEL=0 -sigalgs RSA-PSS+SHA256", true },
        { "rsa", "-tls1_2 -cipher DHE-RSA-AES256-GCM-SHA384@SECLEVEL=0", false }, // whatever its length
        { "rsa", "-tls1_2 -cipher AES256-GCM-SHA384@SECLEVEL=0", false },
        { "", "-tls1_2 -cipher ECDHE-ECDSA-CAMELLIA256-SHA384@SECLEVEL=0", false },
        { "", "-tls1_2 -cipher ECDHE-ECDSA-NULL-SHA@SECLEVEL=0", false },
        { "", "-tls1_2 -cipher AECDH-AES256-SHA@SECLEVEL=0", false }, // nobody proves who he is
        { "", "-tls1_1 -cipher ALL@SECLEVEL=0", false },
        { "", "-tls1 -cipher ALL@SECLEVEL=0", false },
        { "", "-tls1_3", true },
    };

    public async ValueTask DisposeAsync()
    {
        await _programs.DisposeAsync();
        _pki.Dispose();
    }

    [Theory, MemberData(nameof(Offers))]
    public async Task What_a_client_offers_that_the_profiles_do_not_take_reaches_no_handler(string key, string offer, bool isTaken)
    {
        var files = _pki.WriteFiles(_programs.Folder, key);
        foreach (var profile in Enum.GetValues<TlsProfile>())
        {
            await using var listener = Listen(key, profile);
            var (exitCode, output) = await _programs.RunAsync("openssl", [.. Client(listener, files), .. offer.Split(' ')]);
            Assert.True(exitCode == 0 == isTaken, output);
            Assert.Equal(!isTaken, output.Contains("Cipher is (NONE)", StringComparison.Ordinal));
            if (!isTaken) Assert.Equal(FaultCode.TlsRefused, await _archive.RefusalAsync()); // it did offer something
            await listener.DisposeAsync();
            Assert.Equal(0, _archive.Refusals);
        }

        Assert.Null(_archive.Info); // s_client speaks no DICOM
    }

    public static TheoryData<string> TooWeak => [.. TestPki.TooWeak];

    [Theory, MemberData(nameof(TooWeak))]
    public async Task A_client_whose_certificate_is_too_weak_reaches_no_handler(string wrong)
    {
        var theirs = _pki.Make(wrong, "client");
        var files = _pki.WriteFiles(_programs.Folder, theirs);
        using (var permissive = new TcpListener(IPAddress.Loopback, 0))
        {
            permissive.Start();
            var seeing = TlsPeers.SeeAsync(permissive, _pki.Make("rsa", "both"));
            var (_, said) = await _programs.RunAsync("openssl", [.. Client(((IPEndPoint)permissive.LocalEndpoint).Port, files), .. Permissive, .. ChainOf(files)]);
            Assert.True((await seeing == theirs.Certificate!.Thumbprint) == wrong is not "224-bit curve", said); // a curve that is not among those offered (RFC 8422 §5.1) OpenSSL refuses by itself
        }

        await using var listener = TlsPeers.Listen(_archive, new DimseTls(() => _pki.Make("rsa", "both") with { TrustRoots = theirs.TrustRoots }));
        await _programs.RunAsync("openssl", [.. Client(listener.EndPoint.Port, files), .. Permissive, .. ChainOf(files)]);
        Assert.Equal(FaultCode.TlsRefused, await _archive.RefusalAsync());
        Assert.Null(_archive.Info);
    }

    [Theory, MemberData(nameof(TooWeak))]
    public async Task A_server_whose_certificate_is_too_weak_is_left(string wrong)
    {
        var theirs = _pki.Make(wrong, "server");
        var files = _pki.WriteFiles(_programs.Folder, theirs);
        var port = await _programs.ServeAsync("openssl", Dcmtk.FreePort(), port => ["s_server", "-accept", $"127.0.0.1:{port}", "-cert", files.Certificate, "-key", files.Key, "-quiet", .. Permissive, .. ChainOf(files)]);
        Assert.Equal(wrong is "224-bit curve" ? null : theirs.Certificate!.Thumbprint, await TlsPeers.SeeAsync(port));
        await TlsPeers.RefusedAsync(port, new DimseTls(() => _pki.Good() with { TrustRoots = theirs.TrustRoots }));
    }

    [Theory, MemberData(nameof(Offers))]
    public async Task What_a_server_chooses_that_the_profiles_do_not_take_is_left(string key, string offer, bool isTaken)
    {
        var (certificate, privateKey, _) = _pki.WriteFiles(_programs.Folder, key);
        foreach (var profile in Enum.GetValues<TlsProfile>())
        {
            var port = await _programs.ServeAsync("openssl", Dcmtk.FreePort(), port => ["s_server", "-accept", $"127.0.0.1:{port}", "-cert", certificate, "-key", privateKey, "-quiet", .. offer.Split(' ')]);
            var e = await Assert.ThrowsAsync<AssociationException>(() => DimseAssociation.ConnectAsync("127.0.0.1", port, "SCP", [new ContextProposal("1.2.840.10008.1.1", [Elements.Implicit])],
                new DimseClientOptions { Security = new DimseTls(() => _pki.Good()) { Profile = profile }, ArtimTimeout = TimeSpan.FromSeconds(isTaken ? 1 : 30) }, TimeProvider.System, null, Token));
            Assert.Equal(isTaken ? FaultCode.PeerTimeout : FaultCode.TlsRefused, e.Fault.Code); // s_server speaks no DICOM
        }
    }

    [Fact]
    public async Task A_client_that_renegotiates_is_refused()
    {
        await using var listener = Listen("", TlsProfile.Bcp195);
        using var process = Process.Start(new ProcessStartInfo(Dcmtk.Find("openssl"), [.. Client(listener, _pki.WriteFiles(_programs.Folder, "")), "-tls1_2"])
        {
            UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true,
        })!;
        await process.StandardInput.WriteAsync("R\n".AsMemory(), Token);
        await process.StandardInput.FlushAsync(Token);
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        Assert.Contains("RENEGOTIATING", texts[0] + texts[1], StringComparison.Ordinal);
        Assert.Matches("no renegotiation|unexpected eof", texts[1]); // .NET closes instead of answering
        Assert.NotEqual(0, process.ExitCode);
    }

    private DimseListener Listen(string key, TlsProfile profile) =>
        new(new DimseListenerOptions { Security = new DimseTls(() => _pki.Make(key, "both")) { Profile = profile }, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, _archive, TimeProvider.System);

    private static string[] Permissive => ["-tls1_2", "-cipher", "ALL@SECLEVEL=0"];

    private static string[] ChainOf((string Certificate, string Key, string Roots) files) => ["-cert_chain", files.Certificate];

    private static string[] Client(DimseListener listener, (string Certificate, string Key, string Roots) files) => Client(listener.EndPoint.Port, files);

    private static string[] Client(int port, (string Certificate, string Key, string Roots) files) =>
        ["s_client", "-connect", $"127.0.0.1:{port}", "-cert", files.Certificate, "-key", files.Key, "-CAfile", files.Roots];
}
