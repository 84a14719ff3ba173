using static Dicom.Migration.Dimse.Tests.Services.TlsPeers;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>The first bytes on the TLS port, made by hand: what no TLS library would send.</summary>
public sealed class TlsHelloTests(TestPki pki) : IClassFixture<TestPki>
{
    private const byte Handshake = 0x16, Alert = 0x15, Fatal = 2, HandshakeFailure = 40, ProtocolVersion = 70; // RFC 5246 §6.2.1, §7.2
    private readonly SmallArchive _archive = new();

    public static TheoryData<byte[]> Plaintexts => new()
    {
        Request,
        "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), "SSH-2.0-x\r\n"u8.ToArray(), new byte[4_096], new byte[] { 0x16, 3, 1 }, new byte[] { 0x16, 3, 1, 0xFF, 0xFF, 1 },
        new byte[] { 0x16, 3, 0, 0, 5, 1, 0, 0, 1, 0 }, new byte[] { 0x80, 0x2E, 1, 0, 2 }, // SSL 3, SSL 2
        new byte[] { 0x15, 3, 3, 0, 2, 1, 0 }, new byte[] { 0x17, 3, 3, 0, 4, 1, 2, 3, 4 },
    };

    [Theory]
    [InlineData(0, HandshakeFailure)] // SSL 3 has no alert for it
    [InlineData(1, ProtocolVersion)]
    [InlineData(2, ProtocolVersion)]
    public async Task A_hello_of_a_version_below_1_2_is_answered_by_the_alert_for_it(byte minor, byte alert)
    {
        await using var listener = Listen(_archive, new DimseTls(() => pki.Make("rsa", "both")));
        Assert.Equal(Handshake, (await SendAsync(listener.EndPoint, Hello(3, [0])))[0]); // the same of 1.2 is a hello like any other
        var answer = await SendAsync(listener.EndPoint, Hello(minor, [0]));
        Assert.Equal([Alert, Fatal, alert], new[] { answer[0], answer[5], answer[6] });
        Assert.Equal(7, answer.Length);
        Assert.Null(_archive.Info);
    }

    [Theory, InlineData(new byte[] { 0 }), InlineData(new byte[] { 1, 0 }), InlineData(new byte[] { 64, 1, 0 })] // DEFLATE and LZS (RFC 3749, RFC 3943)
    public async Task Compression_that_is_offered_is_not_taken(byte[] methods)
    {
        await using var listener = Listen(_archive, new DimseTls(() => pki.Make("rsa", "both")));
        var answer = await SendAsync(listener.EndPoint, Hello(3, methods));
        Assert.Equal((Handshake, (byte)2), (answer[0], answer[5])); // ServerHello: record 5, header 4, version 2, random 32, session identifier, suite 2, compression 1
        var session = answer[43];
        Assert.Equal([0xC0, 0x2F, 0], answer[(44 + session)..(47 + session)]);
    }

    [Theory]
    [MemberData(nameof(Plaintexts))]
    public async Task Plaintext_on_the_TLS_port_is_answered_by_nothing_but_an_alert(byte[] bytes)
    {
        await using var listener = Listen(_archive, new DimseTls(() => pki.Good()));
        var answer = await SendAsync(listener.EndPoint, bytes);
        Assert.True(answer is [] or [Alert, 3, _, 0, 2, Fatal, _], Convert.ToHexString(answer));
        Assert.Equal(FaultCode.TlsRefused, await _archive.RefusalAsync());
        Assert.Null(_archive.Info);
    }

    [Fact]
    public async Task Who_only_looks_whether_somebody_listens_is_not_taken_for_one_who_was_refused()
    {
        await using var listener = Listen(_archive, new DimseTls(() => pki.Good()));
        await SendAsync(listener.EndPoint, []);
        await SendAsync(listener.EndPoint, [1]);
        Assert.Equal(FaultCode.TlsRefused, await _archive.RefusalAsync()); // the second one's: nothing was told of the first
        await listener.DisposeAsync();
        Assert.Equal(0, _archive.Refusals);
    }
}
