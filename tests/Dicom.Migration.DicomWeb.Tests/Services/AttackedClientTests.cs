using System.IO.Pipelines;
using System.Net;
using System.Text;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Services;

/// <summary>Answers that attack: each ends in a fault of its own, within its limits, and no request leaves the origin.</summary>
public sealed class AttackedClientTests
{
    private const string Multipart = "multipart/related; type=\"application/dicom\"; boundary=";
    private static readonly DicomWebResource Study = new("2.25.900");
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("multipart/related; type=\"application/dicom\"", FaultCode.ProtocolViolation)]
    [InlineData(Multipart + "\"\"", FaultCode.ProtocolViolation)]
    [InlineData(Multipart + "\"a\u0007b\"", FaultCode.ProtocolViolation)]
    [InlineData(Multipart + "\"ends in a space \"", FaultCode.ProtocolViolation)]
    [InlineData(Multipart + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", FaultCode.MessageTooLong)]
    [InlineData(Multipart + "another", FaultCode.PeerClosedEarly)]
    [InlineData("text/html", FaultCode.ProtocolViolation)]
    [InlineData("application/dicom", FaultCode.ProtocolViolation)]
    [InlineData("not a type", FaultCode.ProtocolViolation)]
    public async Task A_label_that_is_none_is_a_fault(string label, FaultCode code)
    {
        using var pacs = OneStudy();
        pacs.Script = new() { Labels = _ => label };
        var e = await Assert.ThrowsAsync<DicomWebException>(() => ReadAsync(WebPeers.Client(pacs)));
        Assert.Equal(code, e.Fault.Code);
        Assert.DoesNotContain("AAAA", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("unclosed")]
    [InlineData("quiet")]
    public async Task An_answer_that_breaks_off_is_cut_off_and_never_fewer_instances(string kind)
    {
        using var pacs = OneStudy();
        pacs.Script = kind switch
        {
            "short" => new() { BreaksOffAfter = static _ => 3_000 },
            "quiet" => new() { BreaksOffAfter = static _ => 3_000, BreaksOffQuietly = true, GivesNoLength = true },
            _ => new() { Damages = static b => b[..^7] },
        };
        Assert.Equal(FaultCode.PeerClosedEarly, (await Assert.ThrowsAsync<DicomWebException>(() => ReadAsync(WebPeers.Client(pacs)))).Fault.Code);
    }

    [Fact]
    public async Task Nested_parts_are_no_instances()
    {
        using var pacs = OneStudy();
        pacs.Script = new() { Damages = static b => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(b).Replace("Content-Type: application/dicom", "Content-Type: multipart/mixed; boundary=inner", StringComparison.Ordinal)) };
        await foreach (var instance in WebPeers.Client(pacs).RetrieveAsync(Study, Token))
        {
            Assert.Equal(FaultCode.ProtocolViolation, instance.Fault!.Value.Code);
            Assert.Throws<InvalidOperationException>(() => instance.Body);
        }
    }

    [Fact]
    public async Task A_length_beyond_the_limit_is_refused_before_anything_is_read_and_a_body_without_end_at_the_limit()
    {
        var endless = new EndlessStream();
        HttpResponseMessage Answer(long? length, string type)
        {
            var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(endless) };
            answer.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            answer.Content.Headers.ContentLength = length;
            return answer;
        }
        using var pacs = new ScriptedWebPacs();
        var client = WebPeers.Client(pacs, static o => (o.MaxBodyLength, o.MaxJsonLength) = (3_000_000_000, 1_000_000));
        pacs.Script = new() { Answers = _ => Answer(4_294_967_296, Multipart + "b") };
        Assert.Equal(FaultCode.MessageTooLong, (await Assert.ThrowsAsync<DicomWebException>(() => ReadAsync(client))).Fault.Code);
        pacs.Script = new() { Answers = _ => Answer(4_294_967_296, "application/dicom+json") };
        Assert.Equal(FaultCode.MessageTooLong, (await Assert.ThrowsAsync<DicomWebException>(async () => await client.SearchStudiesAsync(cancellationToken: Token).CountAsync(Token))).Fault.Code);
        Assert.Equal(0, endless.Given);
        pacs.Script = new() { Answers = _ => Answer(null, "application/dicom+json") };
        Assert.Equal(FaultCode.MessageTooLong, (await Assert.ThrowsAsync<DicomWebException>(async () => await client.SearchStudiesAsync(cancellationToken: Token).CountAsync(Token))).Fault.Code);
        Assert.InRange(endless.Given, 1_000_000, 1_300_000);
        endless.Given = 0;
        pacs.Script = new() { Answers = _ => Answer(null, Multipart + "b") };
        client = WebPeers.Client(pacs, static o => o.MaxBodyLength = 5_000_000);
        endless.Text = "\r\n--b\r\n\r\n"; // parts without end
        Assert.Equal(FaultCode.MessageTooLong, (await Assert.ThrowsAsync<DicomWebException>(() => ReadAsync(client))).Fault.Code);
        Assert.InRange(endless.Given, 5_000_000, 5_300_000);
    }

    [Fact]
    public async Task Compressed_bodies_are_refused_and_compression_is_never_asked_for()
    {
        using var pacs = OneStudy();
        pacs.Script = new() { CompressesUnasked = true };
        var client = WebPeers.Client(pacs);
        Assert.Equal(FaultCode.ProtocolViolation, (await Assert.ThrowsAsync<DicomWebException>(() => ReadAsync(client))).Fault.Code);
        Assert.Equal(FaultCode.ProtocolViolation, (await Assert.ThrowsAsync<DicomWebException>(async () => await client.SearchStudiesAsync(cancellationToken: Token).CountAsync(Token))).Fault.Code);
        Assert.All(pacs.RequestHeaders, static h => Assert.Empty(h.AcceptEncoding));
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://127.0.0.1/dicom-web/x")]
    [InlineData("http://pacs.test:81/dicom-web/x")]
    [InlineData("https://pacs.test/dicom-web/x")]
    [InlineData("//evil.test/x")]
    [InlineData("\\\\evil.test\\x")]
    [InlineData("http:/\\evil.test/x")]
    [InlineData("http://pacs.test@evil.test/x")]
    [InlineData("http://user:word@pacs.test/x")]
    [InlineData("http://pacs.test.evil.test/x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://pacs.test/x")]
    [InlineData("data:text/plain,x")]
    [InlineData("javascript:alert(1)")]
    [InlineData("http://")]
    public async Task A_url_that_leads_to_another_origin_is_not_followed_and_no_credential_goes_there(string url)
    {
        var asked = new List<Uri>();
        using var pacs = OneStudy();
        pacs.Script = new()
        {
            Answers = request =>
            {
                asked.Add(request.RequestUri!);
                var answer = new HttpResponseMessage(HttpStatusCode.Found);
                answer.Headers.TryAddWithoutValidation("Location", url);
                return answer;
            },
        };
        var client = WebPeers.Client(pacs, credential: DicomWebCredential.Bearer(static _ => new("t0ken")));
        Assert.Equal(FaultCode.ProtocolViolation, (await Assert.ThrowsAsync<DicomWebException>(async () => await client.RetrieveBulkDataAsync(url, Token).CountAsync(Token))).Fault.Code);
        Assert.Empty(asked);
        foreach (var ask in new Func<Task>[] { () => ReadAsync(client), async () => await client.SearchStudiesAsync(cancellationToken: Token).CountAsync(Token), () => StoreAsync(client) })
        {
            var e = await Assert.ThrowsAsync<DicomWebException>(ask);
            Assert.Equal(FaultCode.ProtocolViolation, e.Fault.Code);
            Assert.DoesNotContain("t0ken", e.ToString(), StringComparison.Ordinal);
        }
        Assert.Equal(3, asked.Count);
        Assert.All(asked, static u => Assert.Equal("pacs.test", u.Authority));
    }

    [Fact]
    public async Task Redirects_within_the_origin_are_followed_a_few_times_and_never_for_ever_or_for_a_store()
    {
        using var pacs = OneStudy();
        var redirects = 2;
        HttpResponseMessage? Answer(HttpRequestMessage request)
        {
            if (redirects-- <= 0) return null;
            var answer = new HttpResponseMessage(HttpStatusCode.TemporaryRedirect);
            answer.Headers.TryAddWithoutValidation("Location", "/dicom-web/studies/2.25.900");
            return answer;
        }
        pacs.Script = new() { Answers = Answer };
        Assert.Equal(3, await ReadAsync(WebPeers.Client(pacs)));
        redirects = int.MaxValue;
        Assert.Equal(FaultCode.ProtocolViolation, (await Assert.ThrowsAsync<DicomWebException>(() => ReadAsync(WebPeers.Client(pacs)))).Fault.Code);
        Assert.InRange(pacs.Requests.Count, 5, 8);
        var before = pacs.Requests.Count;
        Assert.Equal(FaultCode.ProtocolViolation, (await Assert.ThrowsAsync<DicomWebException>(() => StoreAsync(WebPeers.Client(pacs)))).Fault.Code);
        Assert.Equal(before + 1, pacs.Requests.Count);
    }

    [Theory]
    [InlineData("{\"a\":1}")]
    [InlineData("[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]},\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.3\"]}}]")]
    [InlineData("[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]}},")]
    [InlineData("[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]}}")]
    [InlineData("[{\"00280010\":{\"vr\":\"OB\",\"InlineBinary\":\"####\"},\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]}}]")]
    [InlineData("[{\"00080018\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]}}]")]
    [InlineData("<html/>")]
    [InlineData("[[]]")]
    [InlineData("[1e400]")]
    [InlineData("\u0000")]
    public async Task Json_that_is_no_answer_is_a_fault_and_never_fewer_results(string json)
    {
        using var pacs = new ScriptedWebPacs();
        pacs.Script = new() { Answers = _ => JsonOf(json) };
        var e = await Assert.ThrowsAnyAsync<MigrationException>(async () => await WebPeers.Client(pacs).SearchStudiesAsync(cancellationToken: Token).CountAsync(Token));
        Assert.True(e.Fault.Code is FaultCode.MalformedJson or FaultCode.MalformedValue or FaultCode.ProtocolViolation, e.Fault.ToString());
        Assert.DoesNotContain("html", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]},\"00280010\":{\"vr\":\"US\",\"Value\":[1e400]}}]")]
    [InlineData("[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]},\"00280010\":{\"vr\":\"US\",\"Value\":[\"many\"]}}]")]
    [InlineData("[{\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1.2\"]},\"00201208\":{\"vr\":\"IS\",\"Value\":[-5]}}]")]
    public async Task A_value_beside_the_uid_that_does_not_fit_its_vr_is_a_fault_or_passed_over(string json)
    {
        using var pacs = new ScriptedWebPacs();
        pacs.Script = new() { Answers = r => JsonOf(r.RequestUri!.Query.Contains("offset=0", StringComparison.Ordinal) ? json : "[]") };
        try
        {
            var unit = Assert.Single(await WebPeers.Source(pacs).DiscoverAsync(null, Token).ToListAsync(Token));
            Assert.Equal(("1.2", null), (unit.Key, unit.Instances));
        }
        catch (SourceUnavailableException e) { Assert.True(e.Fault.Code is FaultCode.MalformedJson or FaultCode.MalformedValue); }
    }

    [Fact]
    public async Task Json_that_is_nested_without_end_is_refused()
    {
        using var pacs = new ScriptedWebPacs();
        pacs.Script = new() { Answers = _ => JsonOf("[" + string.Concat(Enumerable.Repeat("{\"00081199\":{\"vr\":\"SQ\",\"Value\":[", 100_000))) };
        await Assert.ThrowsAnyAsync<MigrationException>(async () => await WebPeers.Client(pacs).SearchStudiesAsync(cancellationToken: Token).CountAsync(Token));
    }

    [Fact]
    public async Task An_instance_that_holds_the_whole_boundary_is_an_exception_and_never_stored_cut_short()
    {
        using var pacs = new ScriptedWebPacs();
        foreach (var instance in WebPeers.OfOneStudy(3, 2_000))
        {
            var bytes = instance.Bytes.ToArray();
            if (instance.SopInstanceUid.EndsWith(".2", StringComparison.Ordinal)) "\r\n--scripted-boundary\r\nContent-Type: application/dicom\r\n\r\n"u8.CopyTo(bytes.AsSpan(bytes.Length - 500));
            pacs.Add(instance with { Bytes = bytes });
        }
        var (account, _, to, instances) = await WebPeers.RunAsync(new(), filled: pacs);
        Assert.Equal(2, account.Count(EvidenceLevel.L4));
        Assert.Equal(2, to.Instances.Count);
        Assert.DoesNotContain(to.Instances, static i => i.SopInstanceUid.EndsWith(".2", StringComparison.Ordinal));
        Assert.Contains(instances, static i => i.Current.State is InstanceState.Excepted);
    }

    internal static HttpResponseMessage JsonOf(string json) => new(HttpStatusCode.OK) { Content = new StringContent(json, Encoding.UTF8, "application/dicom+json") };

    private static ScriptedWebPacs OneStudy()
    {
        var pacs = new ScriptedWebPacs();
        foreach (var instance in WebPeers.OfOneStudy(3, 2_000)) pacs.Add(instance);
        return pacs;
    }

    private static async Task<int> ReadAsync(DicomWebClient client)
    {
        var count = 0;
        await foreach (var instance in client.RetrieveAsync(Study, Token))
        {
            if (instance.Fault is null) await instance.Body.CopyToAsync(Stream.Null, Token);
            count++;
        }
        return count;
    }

    private static Task<StowResult> StoreAsync(DicomWebClient client) => client.StoreAsync([StowInstance.FromMemory("1.2", new byte[200], new(new byte[10]))], Token);

    /// <summary>The same text again and again.</summary>
    private sealed class EndlessStream : MemoryStream
    {
        public long Given { get; set; }
        public string Text { get; set; } = "[       ";
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var i = 0; i < buffer.Length; i++) buffer.Span[i] = Given + i > 0 && Text[0] == '[' ? (byte)' ' : (byte)Text[(int)((Given + i) % Text.Length)];
            Given += buffer.Length;
            return new(buffer.Length);
        }
    }
}
