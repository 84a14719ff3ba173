using static Dicom.Migration.Dimse.Tests.Services.TlsPeers;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>RFC 9525 §6: whose name a server's certificate has to have.</summary>
public sealed class TlsNameTests(TestPki pki) : IClassFixture<TestPki>
{
    private readonly SmallArchive _archive = new();

    [Theory]
    [InlineData("pacs.example", "pacs.example", true)]
    [InlineData("PACS.example", "pacs.EXAMPLE", true)]
    [InlineData("*.hospital.example", "pacs.hospital.example", true)]
    [InlineData("other.example", "pacs.example", false)]
    [InlineData("pacs.example.org", "pacs.example", false)]
    [InlineData("example", "pacs.example", false)]
    [InlineData("*.hospital.example", "vna.pacs.hospital.example", false)] // a wildcard is one label,
    [InlineData("*.example", "pacs.example", false)] // and below two others: OpenSSL takes none for all of a top-level domain
    [InlineData("*.*.hospital.example", "vna.pacs.hospital.example", false)]
    [InlineData("vna.*.hospital.example", "vna.pacs.hospital.example", false)]
    [InlineData("p*.hospital.example", "pacs.hospital.example", false)]
    [InlineData("*.hospital.example", "hospital.example", false)]
    [InlineData("*", "pacs", false)]
    [InlineData("*.0.0.1", "127.0.0.1", false)]
    public async Task A_certificate_is_for_the_name_that_is_asked_for_or_for_nobody(string inCertificate, string asked, bool isTaken)
    {
        await using var listener = Listen(_archive, new DimseTls(() => pki.Make("", "both", inCertificate)));
        var tls = new DimseTls(() => pki.Good()) { PeerName = asked };
        if (!isTaken)
        {
            await RefusedAsync(listener.EndPoint.Port, tls);
            return;
        }

        await using var association = await ConnectAsync(listener, tls);
        Assert.True((await association.EchoAsync(TestContext.Current.CancellationToken)).IsSuccess);
    }
}
