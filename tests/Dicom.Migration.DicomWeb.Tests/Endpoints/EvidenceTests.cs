using System.Net;
using System.Text;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.DicomWeb.Tests.Services;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>The target shows what every target does, against the scripted archive.</summary>
public sealed class DicomWebEvidenceContractTests : EvidenceTargetContract, IDisposable
{
    private readonly ScriptedWebPacs _pacs = new() { Script = new() { LongestInline = 4 } };
    protected override Task<IEvidenceTarget> OpenAsync(CancellationToken cancellationToken) => Task.FromResult<IEvidenceTarget>(WebPeers.Target(_pacs));
    public void Dispose() => _pacs.Dispose();
}

/// <summary>L1, L3 and L4 say no more than the archive shows.</summary>
public sealed class EvidenceTests : IDisposable
{
    private const int Count = 3;
    private readonly ScriptedWebPacs _pacs = new();
    private readonly List<StoredReference> _references = [];
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public EvidenceTests()
    {
        foreach (var instance in WebPeers.OfOneStudy(Count, 500))
        {
            _pacs.Add(instance);
            _references.Add(new(instance.StudyInstanceUid, instance.SeriesInstanceUid, instance.SopClassUid, instance.SopInstanceUid));
        }
    }

    public void Dispose() => _pacs.Dispose();

    [Fact]
    public async Task One_query_shows_a_whole_study_at_l1()
    {
        Assert.All(await FaultsAsync(EvidenceLevel.L1), static f => Assert.Null(f));
        Assert.InRange(_pacs.Requests.Count, 1, 2); // and one that finds the end
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[{}]")]
    [InlineData("{\"a\"")]
    [InlineData("[{\"00080018\":{\"vr\":\"UI\",\"Value\":[\"2.25.1\"]}}]")]
    [InlineData("[{\"00080018\":{\"vr\":\"UI\",\"Value\":[\"2.25.900.1.1\"]}},{\"00080018\":{\"vr\":\"UI\",\"Value\":[\"2.25.900.1.1\"]}}]")]
    public async Task Metadata_that_is_not_of_the_instance_is_no_evidence(string json)
    {
        _pacs.Script = new() { Answers = _ => AttackedClientTests.JsonOf(json) };
        Assert.All(await FaultsAsync(EvidenceLevel.L3), static f => Assert.Equal(FaultCode.UnreadableAtTarget, f!.Value.Code));
    }

    [Theory]
    [InlineData(404, FaultCode.MissingAtTarget)]
    [InlineData(410, FaultCode.MissingAtTarget)]
    [InlineData(400, FaultCode.UnreadableAtTarget)]
    [InlineData(406, FaultCode.UnreadableAtTarget)]
    [InlineData(206, FaultCode.UnreadableAtTarget)]
    [InlineData(200, FaultCode.UnreadableAtTarget)]
    public async Task An_archive_that_says_something_else_than_the_instance_shows_nothing(int status, FaultCode code)
    {
        _pacs.Script = new() { Answers = _ => new((HttpStatusCode)status) { Content = new StringContent("<html>log in</html>", Encoding.UTF8, "text/html") } };
        foreach (var level in new[] { EvidenceLevel.L3, EvidenceLevel.L4 }) Assert.All(await FaultsAsync(level), f => Assert.Equal(code, f!.Value.Code));
    }

    [Theory, InlineData(401), InlineData(403), InlineData(429), InlineData(503), InlineData(500), InlineData(502)]
    public async Task An_archive_that_cannot_answer_is_unavailable_and_nothing_is_said_to_be_missing(int status)
    {
        foreach (var level in new[] { EvidenceLevel.L1, EvidenceLevel.L3, EvidenceLevel.L4 })
        {
            _pacs.Script = new() { Answers = _ => new((HttpStatusCode)status) };
            await Assert.ThrowsAsync<TargetUnavailableException>(() => FaultsAsync(level, static o => o.DefaultPause = TimeSpan.Zero));
        }
    }

    [Fact]
    public async Task What_a_list_leaves_out_is_asked_for_alone_before_it_is_said_to_be_missing()
    {
        _pacs.Script = new() { Cap = 1 };
        Assert.Equal([null, null, null], (await FaultsAsync(EvidenceLevel.L1)).Select(static f => f?.Code));
        Assert.InRange(_pacs.Requests.Count, 3, 4); // the list, its end, and the one that is not in it
        _references.Add(_references[0] with { SopInstanceUid = "2.25.900.1.77" });
        Assert.Equal([null, null, null, FaultCode.MissingAtTarget], (await FaultsAsync(EvidenceLevel.L1)).Select(static f => f?.Code));
        // It gives others than were asked for, and as many as its cap: whether it holds the third, nobody knows.
        _pacs.Script = new() { Cap = 1, Unmatched = ["00080018"] };
        Assert.Equal([null, null, FaultCode.QueryTooLarge, FaultCode.QueryTooLarge], (await FaultsAsync(EvidenceLevel.L1)).Select(static f => f?.Code));
    }

    [Fact]
    public async Task A_list_that_is_no_list_shows_nothing()
    {
        _pacs.Script = new() { Answers = _ => AttackedClientTests.JsonOf("[{\"00080018\":") };
        Assert.All(await FaultsAsync(EvidenceLevel.L1), static f => Assert.Equal(FaultCode.UnreadableAtTarget, f!.Value.Code));
    }

    [Fact]
    public async Task A_study_whose_listing_is_capped_is_read_whole_from_its_answer()
    {
        using var pacs = WebPeers.Filled(6);
        foreach (var instance in WebPeers.OfOneStudy(9, 300)) pacs.Add(instance);
        var (account, from, to, _) = await WebPeers.RunAsync(new() { Cap = 5, SendsUnrequested = true }, filled: pacs);
        Assert.Equal(15, account.Count(EvidenceLevel.L4));
        Assert.Equal(WebPeers.Content(from), WebPeers.Content(to));
    }

    [Fact]
    public async Task What_a_store_is_not_said_to_have_stored_is_not_stored()
    {
        foreach (var (json, isStored, code) in new (string, bool, FaultCode?)[]
        {
            (Item("00081199", ""), true, null),
            (Item("00081199", ",\"00081196\":{\"vr\":\"US\",\"Value\":[45056]}"), true, FaultCode.StoredWithWarning),
            (Item("00081198", ",\"00081197\":{\"vr\":\"US\",\"Value\":[273]}"), false, FaultCode.UidConflict),
            (Item("00081198", ",\"00081197\":{\"vr\":\"US\",\"Value\":[42752]}"), false, FaultCode.PeerBusy),
            (Item("00081198", ",\"00081197\":{\"vr\":\"US\",\"Value\":[290]}"), false, FaultCode.NotNegotiable),
            (Item("00081198", ""), false, FaultCode.Refused),
            (Item("00081199", "")[..^1] + "," + Item("00081198", ",\"00081197\":{\"vr\":\"US\",\"Value\":[272]}")[1..], false, FaultCode.Refused),
            (Item("00081199", "").Replace("1.2.3", "1.2.33", StringComparison.Ordinal), false, FaultCode.NotDelivered),
            (Item("0008119A", ",\"00081197\":{\"vr\":\"US\",\"Value\":[272]}"), false, FaultCode.NotDelivered),
            ("{}", false, FaultCode.NotDelivered),
            ("{\"00081190\":{\"vr\":\"UR\",\"Value\":[\"http://evil.test/1.2.3\"]}}", false, FaultCode.NotDelivered),
            ("", false, FaultCode.ProtocolViolation),
            // As others write it: in an array, behind a byte order mark, spelt with escapes, padded, in another order, numbers as text or with a point.
            ("[" + Item("00081199", "") + ",{}]", true, null),
            ("\uFEFF " + Item("00081199", ""), true, null),
            (Item("00081199", "").Replace("1.2.3", "1.2\\u002e3\\u0000", StringComparison.Ordinal), true, null),
            ("{\"00081199\":{\"Value\":[{\"00081155\":{\"Value\":[\"1.2.3 \"],\"vr\":\"UI\"}}],\"vr\":\"SQ\"}}", true, null),
            (Item("00081198", ",\"00081197\":{\"vr\":\"US\",\"Value\":[\"273\"]}"), false, FaultCode.UidConflict),
            (Item("00081198", ",\"00081197\":{\"vr\":\"US\",\"Value\":[273.0]}"), false, FaultCode.UidConflict),
            (Item("00081198", ",\"00081197\":{\"vr\":\"US\"}"), false, FaultCode.Refused),
            // Twice the same, or something else than it should be: it could mean anything, so it says nothing.
            (Item("00081199", "")[..^1] + "," + Item("00081199", "")[1..], false, FaultCode.ProtocolViolation),
            (Item("00081199", ",\"00081155\":{\"vr\":\"UI\",\"Value\":[\"1.2.4\"]}"), false, FaultCode.ProtocolViolation),
            (Item("00081199", ",\"0008115\\u0035\":{}"), false, FaultCode.ProtocolViolation),
            (Item("00081199", ",\"00081196\":{\"vr\":\"US\",\"Value\":[1.5]}"), false, FaultCode.ProtocolViolation),
            (Item("00081199", "").Replace("\"1.2.3\"", "\"1.2.3\",\"1.2.4\"", StringComparison.Ordinal), false, FaultCode.ProtocolViolation),
            (Item("00081199", "").Replace("\"1.2.3\"", "\"\\ud800\"", StringComparison.Ordinal), false, FaultCode.ProtocolViolation),
            (Item("00081199", "").Replace("\"1.2.3\"", "3", StringComparison.Ordinal), false, FaultCode.ProtocolViolation),
            (Item("00081199", "").Replace("[{", "[[{", StringComparison.Ordinal), false, FaultCode.ProtocolViolation),
            (Item("00081199", "")[..^1], false, FaultCode.ProtocolViolation),
            (Item("00081199", "").Replace("1.2.3", new string('1', 400), StringComparison.Ordinal), false, FaultCode.NotDelivered),
        })
            foreach (var status in new[] { 200, 202, 400, 409 })
            {
                _pacs.Script = new() { Answers = _ => { var answer = AttackedClientTests.JsonOf(json); answer.StatusCode = (HttpStatusCode)status; return answer; } };
                var result = await WebPeers.Client(_pacs).StoreAsync([StowInstance.FromMemory("1.2.3", new byte[8], new(new byte[2]))], Token);
                Assert.Equal((isStored, code), (result.IsStored("1.2.3"), result.FaultOf("1.2.3")?.Code));
            }
    }

    [Theory, InlineData(413, FaultCode.MessageTooLong), InlineData(415, FaultCode.NotNegotiable), InlineData(404, FaultCode.Refused), InlineData(204, FaultCode.ProtocolViolation)]
    public async Task A_status_without_lists_stores_nothing(int status, FaultCode code)
    {
        _pacs.Script = new() { Answers = _ => new((HttpStatusCode)status) { Content = new ByteArrayContent([]) } };
        var result = await WebPeers.Client(_pacs).StoreAsync([StowInstance.FromMemory("1.2.3", new byte[8], new(new byte[2]))], Token);
        Assert.Equal((false, code), (result.IsStored("1.2.3"), result.FaultOf("1.2.3")!.Value.Code));
    }

    private static string Item(string sequence, string more) => $"{{\"{sequence}\":{{\"vr\":\"SQ\",\"Value\":[{{\"00081155\":{{\"vr\":\"UI\",\"Value\":[\"1.2.3\"]}}{more}}}]}}}}";

    private async Task<List<Fault?>> FaultsAsync(EvidenceLevel level, Action<DicomWebEndpointOptions>? configure = null)
    {
        var faults = new List<Fault?>();
        await foreach (var item in WebPeers.Target(_pacs, configure).CollectAsync(level, _references, Token))
            await using (item)
                faults.Add(item.Fault);
        return faults;
    }
}
