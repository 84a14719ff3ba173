using System.Net;
using System.Net.Http.Headers;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>What real servers were seen to do (Orthanc 1.10.1 unless another is named), over real sockets where it is about connections.</summary>
public sealed class QuirkTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private static readonly SourceUnit Unit = new("2.25.900", SourceUnitKind.Study) { Instances = 16 };

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_study_without_length_and_chunks_is_whole_at_its_final_boundary_alone(bool isCut)
    {
        using var pacs = Filled();
        pacs.Script = new() { GivesNoLength = true, BreaksOffQuietly = true, BreaksOffAfter = path => isCut && path.EndsWith("studies/2.25.900", StringComparison.Ordinal) ? 20_000 : null };
        await using var server = new SocketPacs(pacs);
        var read = await ReadAsync(server.Client());
        Assert.Equal(WebPeers.Content(pacs), read);
        Assert.Equal(isCut, pacs.Requests.Any(static r => r.Contains("/instances/", StringComparison.Ordinal)));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_connection_that_ends_inside_a_length_or_a_chunk_loses_nothing(bool hasLength)
    {
        using var pacs = Filled();
        pacs.Script = new() { BreaksOffAfter = static path => path.EndsWith("studies/2.25.900", StringComparison.Ordinal) ? 20_000 : null, HasNoLength = !hasLength };
        await using var server = new SocketPacs(pacs);
        Assert.Equal(WebPeers.Content(pacs), await ReadAsync(server.Client()));
    }

    [Fact]
    public async Task A_server_that_cuts_a_study_at_any_64_kib_loses_nothing_and_only_what_is_missing_is_asked_for_again()
    {
        using var pacs = Filled(16, 50_000); // not a divisor of the cuts: they fall into bodies, heads and boundaries
        var whole = WebPeers.Content(pacs);
        var cuts = 0;
        for (var cut = 65_536; cut < 16 * 50_500; cut += 65_536, cuts++)
        {
            pacs.Script = new() { BreaksOffAfter = path => path.EndsWith("studies/2.25.900", StringComparison.Ordinal) ? cut : null, BreaksOffQuietly = cuts % 2 == 0, GivesNoLength = cuts % 2 == 0 };
            pacs.Requests.Clear();
            Assert.Equal(whole, await ReadAsync(WebPeers.Client(pacs)));
            var arrived = cut / 50_700; // whole ones before the cut, roughly: head and boundary come to some 600 bytes
            var alone = pacs.Requests.Count(static r => r.Contains("/instances/", StringComparison.Ordinal));
            Assert.InRange(alone, 16 - arrived - 1, 16 - arrived);
            Assert.Equal(alone, pacs.Requests.Where(static r => r.Contains("/instances/", StringComparison.Ordinal)).Distinct().Count());
        }
        Assert.Equal(12, cuts);
    }

    [Fact]
    public async Task A_server_that_cuts_every_answer_at_64_kib_gives_what_is_shorter_and_the_rest_are_exceptions()
    {
        using var pacs = Filled(6, 40_000);
        foreach (var large in WebPeers.OfOneStudy(2, 90_000, "2.25.901")) pacs.Add(large);
        var (account, _, to, _) = await WebPeers.RunAsync(new() { BreaksOffAfter = static _ => 65_536 }, filled: pacs);
        Assert.Equal((6, 6), ((int)account.Count(EvidenceLevel.L4), to.Instances.Count));
        Assert.False(account.IsClosed && account.Count(InstanceState.Verified) == account.Discovered);
    }

    [Fact]
    public async Task Idle_connections_are_let_go_before_the_server_closes_them_and_one_that_is_closed_first_stores_all_the_same()
    {
        using (var handler = DicomWebHandler.Create()) Assert.True(handler.PooledConnectionIdleTimeout < TimeSpan.FromSeconds(1));
        using var pacs = new ScriptedWebPacs();
        await using var server = new SocketPacs(pacs) { RequestsPerConnection = 1 };
        var client = server.Client();
        var stored = 0;
        foreach (var instance in WebPeers.OfOneStudy(8, 3_000))
        {
            // Either the client notices in time, or says that it does not know: then it is sent again, and nothing is there twice.
            for (var attempt = 0; ; attempt++)
            {
                Assert.InRange(attempt, 0, 3);
                try
                {
                    var result = await client.StoreAsync([StowInstance.FromMemory(instance.SopInstanceUid, ScriptedWebPacs.ToFile(instance).AsMemory(..^instance.Bytes.Length), new(instance.Bytes))], Token);
                    Assert.True(result.IsStored(instance.SopInstanceUid));
                    stored++;
                    break;
                }
                catch (DicomWebException e) { Assert.True(e.Fault.IsTransient, e.Message); }
            }
        }
        Assert.Equal((8, 8), (stored, pacs.Instances.Count));
        Assert.True(server.Opened >= 8);
    }

    [Fact]
    public async Task Instances_are_read_as_they_are_stored_and_decompressed_ones_are_never_asked_for()
    {
        using var pacs = new ScriptedWebPacs();
        foreach (var instance in MadeUpInstances.Create(5, 24).Where(static i => i.TransferSyntax.IsExplicitVr && !i.TransferSyntax.IsDeflated && !i.TransferSyntax.IsBigEndian)) pacs.Add(instance);
        // Without transfer-syntax=* this server gives other bytes than it holds: two less, as a stand-in for decompressed ones.
        pacs.Script = new() { Transcodes = static i => i with { Bytes = i.Bytes[..^2] } };
        var (account, from, to, _) = await WebPeers.RunAsync(pacs.Script, pacs.Script, pacs);
        Assert.Equal(from.Instances.Count, account.Count(EvidenceLevel.L4));
        Assert.Equal(WebPeers.Content(from), WebPeers.Content(to));
    }

    [Fact]
    public async Task Compression_is_not_asked_for_on_pixel_data_over_a_real_connection_either()
    {
        using var pacs = Filled();
        pacs.Script = new() { Compresses = true };
        await using var server = new SocketPacs(pacs);
        Assert.Equal(WebPeers.Content(pacs), await ReadAsync(server.Client()));
        Assert.All(pacs.RequestHeaders, static h => Assert.False(h.Contains("Accept-Encoding")));
    }

    [Fact]
    public async Task A_store_is_never_form_data_and_success_without_a_body_stores_nothing()
    {
        using var pacs = new ScriptedWebPacs();
        using (var invoker = new HttpMessageInvoker(pacs, disposeHandler: false))
        using (var form = new HttpRequestMessage(HttpMethod.Post, new Uri(ScriptedWebPacs.Root, "studies")) { Content = new MultipartFormDataContent { new ByteArrayContent([1]) } })
            Assert.Equal(HttpStatusCode.OK, (await invoker.SendAsync(form, Token)).StatusCode); // the quirk itself
        var types = new List<MediaTypeHeaderValue?>();
        pacs.Script = new() { Answers = r => { types.Add(r.Content?.Headers.ContentType); return new(HttpStatusCode.OK) { Content = new ByteArrayContent([]) }; } };
        var result = await WebPeers.Client(pacs).StoreAsync([StowInstance.FromMemory("1.2", new byte[200], new(new byte[10]))], Token);
        Assert.False(result.IsStored("1.2"));
        Assert.Equal(FaultCode.ProtocolViolation, result.FaultOf("1.2")!.Value.Code);
        Assert.Equal("multipart/related", Assert.Single(types)!.MediaType);
    }

    [Fact]
    public async Task Of_400_partly_stored_the_good_ones_are_stored_and_only_the_bad_one_is_sent_again_alone()
    {
        using var pacs = new ScriptedWebPacs();
        pacs.Script = new() { Lists = static i => i.SopInstanceUid.EndsWith(".1.2", StringComparison.Ordinal) ? WebPacsListing.LeftOut : WebPacsListing.Stored, StoreStatus = static (_, _) => 400 };
        await using var session = await WebPeers.Target(pacs).OpenSessionAsync(Token);
        var receipts = new List<(string Uid, StoreReceipt Receipt)>();
        foreach (var instance in WebPeers.OfOneStudy(4, 100)) receipts.Add((instance.SopInstanceUid, await session.StoreAsync(WebPeers.Outgoing(instance), Token)));
        await session.FlushAsync(Token);
        foreach (var (uid, receipt) in receipts) Assert.Equal(!uid.EndsWith(".1.2", StringComparison.Ordinal), (await receipt.Acknowledged).IsStored);
        Assert.Equal((3, 2), (pacs.Instances.Count, pacs.Requests.Count(static r => r.StartsWith("POST", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_study_under_two_patients_is_fetched_instance_by_instance()
    {
        using var pacs = Filled(3, 200);
        foreach (var other in WebPeers.OfOneStudy(5, 300, patient: "P2").Skip(3)) pacs.Add(other);
        var (account, from, to, _) = await WebPeers.RunAsync(new() { SplitsStudiesByPatient = true }, filled: pacs);
        Assert.Equal(5, account.Count(EvidenceLevel.L4));
        Assert.Equal(WebPeers.Content(from), WebPeers.Content(to));
        Assert.Equal(0, account.Count(FaultCode.NotDelivered));
    }

    private static ScriptedWebPacs Filled(int count = 16, int bytes = 4_000)
    {
        var pacs = new ScriptedWebPacs();
        foreach (var instance in WebPeers.OfOneStudy(count, bytes)) pacs.Add(instance);
        return pacs;
    }

    /// <summary>Reads the study through the source: each instance once, by name and digest.</summary>
    private static async Task<List<string>> ReadAsync(DicomWebClient client)
    {
        var source = new DicomWebSource("old", client, new DicomWebSourceOptions(), TimeProvider.System);
        var read = new List<string>();
        await foreach (var item in source.ReadAsync(Unit, Token))
        {
            using var content = new MemoryStream();
            await Assert.IsType<SourceInstance>(item).Body.CopyToAsync(content, Token);
            read.Add(item.Place + " " + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(content.ToArray())));
        }
        return [.. read.Order(StringComparer.Ordinal)];
    }
}
