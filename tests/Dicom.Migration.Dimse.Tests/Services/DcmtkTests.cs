using System.Net;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>DCMTK's programs against our listener, and our client against its servers: every service it has.</summary>
public class DcmtkTests
{
    private const string Secondary = "1.2.840.10008.5.1.4.1.1.7", Verification = "1.2.840.10008.1.1";
    private const string Find = "1.2.840.10008.5.1.4.1.2.2.1", Move = "1.2.840.10008.5.1.4.1.2.2.2", Get = "1.2.840.10008.5.1.4.1.2.2.3";
    private static readonly byte[] Study = [.. Elements.Element(0x00080052, "CS", "STUDY"), .. Elements.Element(0x00100020, "LO", ""), .. Elements.Element(0x0020000D, "UI", "1.2.3")];
    private static readonly string[] Keys = ["-k", "0008,0052=STUDY", "-k", "0010,0020", "-k", "0020,000D=1.2.3"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DimseListener Listen(IDimseHandler handler, int port = 0, DimseSecurity? security = null) =>
        new(new DimseListenerOptions { Security = security ?? DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, port) }, handler, TimeProvider.System);

    private static Task<DimseAssociation> ConnectAsync(int port, string called, IReadOnlyList<ContextProposal> proposals, IDimseHandler? handler = null, DimseSecurity? security = null) =>
        DimseAssociation.ConnectAsync("127.0.0.1", port, called, proposals, new DimseClientOptions { Security = security ?? DimseSecurity.Plaintext, AeTitle = "ME" }, TimeProvider.System, handler, Token);

    private static ContextProposal Propose(string sopClass, ContextRoles roles = ContextRoles.Scu) => new(sopClass, [Elements.Explicit]) { Roles = roles };

    private static SmallArchive Filled(int count, SmallArchive archive)
    {
        for (var i = 1; i <= count; i++) archive.Instances[$"1.2.3.1.{i}"] = Elements.Instance(Secondary, $"1.2.3.1.{i}");
        return archive;
    }

    private static ContextDecision Explicitly(ContextProposal proposal) =>
        ContextDecision.Accept(proposal.TransferSyntaxes.Contains(Elements.Explicit, StringComparer.Ordinal) ? Elements.Explicit : proposal.TransferSyntaxes[0], proposal.Roles);

    private static async Task StoreAsync(DimseAssociation association, int count)
    {
        for (var i = 1; i <= count; i++)
            Assert.True((await association.StoreAsync(Secondary, $"1.2.3.1.{i}", Elements.Explicit, Elements.Body(Elements.Instance(Secondary, $"1.2.3.1.{i}")), Token)).IsSuccess);
    }

    [Fact]
    public async Task Its_echoscu_and_storescu_are_served()
    {
        await using var dcmtk = new Dcmtk();
        var handler = new RecordingHandler();
        await using var listener = Listen(handler);
        var port = Dcmtk.Text(listener.EndPoint.Port);
        Assert.Equal(0, (await dcmtk.RunAsync("echoscu", "-aec", "SCP", "--repeat", "5", "127.0.0.1", port)).ExitCode);
        Assert.NotEqual(0, (await dcmtk.RunAsync("echoscu", "-aec", "OTHER", "127.0.0.1", port)).ExitCode);
        var file = dcmtk.Write("a", Secondary, "1.2.3.1.1", Elements.Instance(Secondary, "1.2.3.1.1"));
        Assert.Equal(0, (await dcmtk.RunAsync("storescu", "-aec", "SCP", "-xe", "127.0.0.1", port, file)).ExitCode);
        Assert.True(Assert.Single(handler.Stored).Value.AsSpan().SequenceEqual(Elements.Instance(Secondary, "1.2.3.1.1")));
    }

    [Fact]
    public async Task Its_findscu_is_served()
    {
        await using var dcmtk = new Dcmtk();
        await using var listener = Listen(Filled(5, new SmallArchive { Context = Explicitly }));
        var (code, output) = await dcmtk.RunAsync("findscu", ["-S", "-v", "-aec", "SCP", .. Keys, "127.0.0.1", Dcmtk.Text(listener.EndPoint.Port)]);
        Assert.Equal(0, code);
        for (var i = 1; i <= 5; i++) Assert.Contains($"1.2.3.1.{i}", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_getscu_is_served()
    {
        await using var dcmtk = new Dcmtk();
        await using var listener = Listen(Filled(5, new SmallArchive { Context = Explicitly }));
        var (code, output) = await dcmtk.RunAsync("getscu", ["-S", "-v", "+B", "-aec", "SCP", .. Keys, "127.0.0.1", Dcmtk.Text(listener.EndPoint.Port)]);
        Assert.True(code == 0, output);
        Assert.Equal(5, Directory.GetFiles(dcmtk.Folder).Length);
    }

    [Fact]
    public async Task Its_movescu_is_served()
    {
        await using var dcmtk = new Dcmtk();
        var destination = new SmallArchive();
        await using var third = Listen(destination);
        var archive = Filled(5, new SmallArchive { Context = Explicitly, Destinations = (title, contexts, _) => ConnectAsync(third.EndPoint.Port, title, contexts) });
        await using var listener = Listen(archive);
        var (code, output) = await dcmtk.RunAsync("movescu", ["-S", "-v", "-aec", "SCP", "-aem", "DEST", .. Keys, "127.0.0.1", Dcmtk.Text(listener.EndPoint.Port)]);
        Assert.True(code == 0, output);
        Assert.Equal(5, destination.Instances.Count);
    }

    [Fact]
    public async Task Its_storescp_takes_our_instances_byte_for_byte()
    {
        await using var dcmtk = new Dcmtk();
        var port = Dcmtk.FreePort();
        await dcmtk.ServeAsync("storescp", port, "-od", dcmtk.Folder, "+B", Dcmtk.Text(port));
        await using var association = await ConnectAsync(port, "ANY", [Propose(Verification), Propose(Secondary)]);
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
        await StoreAsync(association, 3);
        await association.ReleaseAsync();
        var files = Directory.GetFiles(dcmtk.Folder).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(3, files.Count);
        for (var i = 1; i <= 3; i++) Assert.True(File.ReadAllBytes(files[i - 1]).AsSpan().EndsWith(Elements.Instance(Secondary, $"1.2.3.1.{i}")));
    }

    [Fact]
    public async Task Its_dcmqrscp_is_asked_and_gives_by_C_GET_and_C_MOVE()
    {
        await using var dcmtk = new Dcmtk();
        var received = new SmallArchive();
        await using var mine = Listen(received);
        var port = Dcmtk.FreePort();
        var config = Path.Combine(dcmtk.Folder, "config");
        var database = Directory.CreateDirectory(Path.Combine(dcmtk.Folder, "db")).FullName;
        await File.WriteAllTextAsync(config, $"""
            NetworkTCPPort  = {port}
            MaxPDUSize      = 16384
            MaxAssociations = 16
            HostTable BEGIN
            me = (DEST, 127.0.0.1, {mine.EndPoint.Port})
            HostTable END
            VendorTable BEGIN
            VendorTable END
            AETable BEGIN
            QR {database} RW (500, 1024mb) ANY
            AETable END

            """, Token);
        await dcmtk.ServeAsync("dcmqrscp", port, "-c", config);
        var got = new SmallArchive();
        await using var association = await ConnectAsync(port, "QR", [Propose(Verification), Propose(Find), Propose(Move), Propose(Get), Propose(Secondary, ContextRoles.ScuAndScp)], got);
        Assert.Equal(5, association.Contexts.Count);
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
        await StoreAsync(association, 5);

        var found = await association.FindAsync(Find, Study, Token).ToListAsync(Token);
        Assert.Equal(2, found.Count);
        Assert.Equal(("1.2.3", "P1"), (Elements.Value(found[0].DataSet.Span, 0x0020000D), Elements.Value(found[0].DataSet.Span, 0x00100020)));

        var gotten = await association.GetAsync(Get, Study, Token).ToListAsync(Token);
        Assert.True(gotten[^1].Status.IsSuccess, gotten[^1].ToString());
        Assert.Equal(5, got.Instances.Count);

        var moved = await association.MoveAsync(Move, "DEST", Study, Token).ToListAsync(Token);
        Assert.True(moved[^1].Status.IsSuccess, moved[^1].ToString());
        Assert.Equal(5, received.Instances.Count);
        Assert.All(received.Stores, s => Assert.Equal("ME", s.MoveOriginatorAeTitle));
        var unknown = await association.MoveAsync(Move, "NOBODY", Study, Token).ToListAsync(Token);
        Assert.Equal(DimseStatus.MoveDestinationUnknown, unknown[^1].Status);
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task TLS_with_its_storescp_echoscu_and_storescu_is_mutual()
    {
        await using var dcmtk = new Dcmtk();
        using var pki = new TestPki();
        var (certificate, key, roots) = pki.WriteFiles(dcmtk.Folder, "rsa");
        var tls = new DimseTls(new TlsCredentialFiles(certificate, key, roots).Load);
        var port = Dcmtk.FreePort();
        var stored = Directory.CreateDirectory(Path.Combine(dcmtk.Folder, "stored")).FullName;
        await dcmtk.ServeAsync("storescp", port, "-od", stored, "+B", "+tls", key, certificate, "+cf", roots, Dcmtk.Text(port));
        await using (var association = await ConnectAsync(port, "ANY", [Propose(Verification), Propose(Secondary)], security: tls))
        {
            Assert.True((await association.EchoAsync(Token)).IsSuccess);
            await StoreAsync(association, 3);
            await association.ReleaseAsync();
        }

        Assert.Equal(3, Directory.GetFiles(stored).Length);
        var handler = new RecordingHandler();
        await using var listener = Listen(handler, security: tls);
        var ours = Dcmtk.Text(listener.EndPoint.Port);
        var file = dcmtk.Write("a", Secondary, "1.2.3.1.1", Elements.Instance(Secondary, "1.2.3.1.1"));
        Assert.Equal(0, (await dcmtk.RunAsync("echoscu", "+tls", key, certificate, "+cf", roots, "-aec", "SCP", "127.0.0.1", ours)).ExitCode);
        Assert.Equal(0, (await dcmtk.RunAsync("storescu", "+tls", key, certificate, "+cf", roots, "-aec", "SCP", "-xe", "127.0.0.1", ours, file)).ExitCode);
        Assert.Single(handler.Stored);
        Assert.NotEqual(0, (await dcmtk.RunAsync("echoscu", "+tla", "-ic", "-aec", "SCP", "127.0.0.1", ours)).ExitCode); // without a certificate
        Assert.NotEqual(0, (await dcmtk.RunAsync("echoscu", "-aec", "SCP", "127.0.0.1", ours)).ExitCode); // plaintext
    }

    [Fact]
    public async Task Its_findscu_is_served_over_TLS_with_a_certificate_alone()
    {
        await using var dcmtk = new Dcmtk();
        using var pki = new TestPki();
        var (certificate, key, roots) = pki.WriteFiles(dcmtk.Folder, "rsa");
        await using var listener = Listen(Filled(5, new SmallArchive { Context = Explicitly }), security: new DimseTls(new TlsCredentialFiles(certificate, key, roots).Load));
        string[] query = ["-S", "-v", "-aec", "SCP", .. Keys, "127.0.0.1", Dcmtk.Text(listener.EndPoint.Port)];
        var (code, output) = await dcmtk.RunAsync("findscu", ["+tls", key, certificate, "+cf", roots, .. query]);
        Assert.True(code == 0, output);
        for (var i = 1; i <= 5; i++) Assert.Contains($"1.2.3.1.{i}", output, StringComparison.Ordinal);
        foreach (var how in (string[][])[["+tla", "-ic"], []]) // without a certificate; plaintext
        {
            (code, output) = await dcmtk.RunAsync("findscu", [.. how, .. query]);
            Assert.NotEqual(0, code);
            Assert.DoesNotContain("1.2.3.1.1", output, StringComparison.Ordinal);
        }
    }
}
