using System.Net;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Services;

/// <summary>Each call of the client against an archive that answers it.</summary>
public sealed class ClientCallTests : IDisposable
{
    private readonly ScriptedWebPacs _pacs = new();
    private readonly PacsInstance _held = WebPeers.OfOneStudy(1, 2_000).Single();
    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private DicomWebResource Instance => new(_held.StudyInstanceUid, _held.SeriesInstanceUid, _held.SopInstanceUid);

    public ClientCallTests() => _pacs.Add(_held);

    public void Dispose() => _pacs.Dispose();

    [Fact]
    public async Task Each_level_is_searched_at_its_own_path_and_given_back()
    {
        var client = WebPeers.Client(_pacs, static o => o.PageSize = 5);
        Assert.Equal(_held.StudyInstanceUid, (await client.SearchStudiesAsync(cancellationToken: Token).SingleAsync(Token)).GetString(new DicomTag(0x0020000D)));
        Assert.Equal(_held.SeriesInstanceUid, (await client.SearchSeriesAsync(Instance, null, Token).SingleAsync(Token)).GetString(new DicomTag(0x0020000E)));
        Assert.Equal(_held.SopInstanceUid, (await client.SearchInstancesAsync(new DicomWebResource(_held.StudyInstanceUid, _held.SeriesInstanceUid), null, Token).SingleAsync(Token)).GetString(new DicomTag(0x00080018)));
        Assert.Contains($"GET studies/{_held.StudyInstanceUid}/series?limit=5&offset=0", _pacs.Requests);
        Assert.Contains($"GET studies/{_held.StudyInstanceUid}/series/{_held.SeriesInstanceUid}/instances?limit=5&offset=1", _pacs.Requests);
    }

    [Fact]
    public async Task Whatever_is_searched_for_stays_one_parameter()
    {
        _pacs.Script = new() { Answers = static _ => AttackedClientTests.JsonOf("[]") };
        var query = new DicomWebQuery { IsFuzzy = true }.Match(new DicomTag(0x00100020), "a&limit=9#?/%2e é*").Include(new DicomTag(0x00201208)).IncludeAll();
        Assert.Equal(0, await WebPeers.Client(_pacs).SearchStudiesAsync(query, Token).CountAsync(Token));
        Assert.Equal("GET studies?00100020=a%26limit%3D9%23%3F%2F%252e%20%C3%A9%2A&includefield=00201208&includefield=all&fuzzymatching=true&limit=1000&offset=0", Assert.Single(_pacs.Requests));
    }

    [Fact]
    public async Task No_content_is_no_match()
    {
        _pacs.Script = new() { Answers = static _ => new(HttpStatusCode.NoContent) { Content = new ByteArrayContent([]) } };
        Assert.Equal(0, await WebPeers.Client(_pacs).SearchStudiesAsync(cancellationToken: Token).CountAsync(Token));
    }

    [Fact]
    public async Task Metadata_frames_and_bulk_data_come_as_they_are()
    {
        var client = WebPeers.Client(_pacs);
        Assert.Equal(_held.SopInstanceUid, (await client.RetrieveMetadataAsync(Instance, Token).SingleAsync(Token)).GetString(new DicomTag(0x00080018)));
        await foreach (var frame in client.RetrieveFramesAsync(Instance, [1, 3], Token)) Assert.Equal("application/octet-stream", frame.Headers.ContentType);
        Assert.Contains(_pacs.Requests, static r => r.EndsWith("/frames/1,3", StringComparison.Ordinal));
        foreach (var uri in new[] { $"studies/{_held.StudyInstanceUid}", ScriptedWebPacs.Root + $"studies/{_held.StudyInstanceUid}", $"/dicom-web/studies/{_held.StudyInstanceUid}" })
            Assert.Equal(1, await client.RetrieveBulkDataAsync(uri, Token).CountAsync(Token));
        Assert.Throws<ArgumentException>(() => client.RetrieveFramesAsync(Instance, [], Token));
        Assert.Throws<ArgumentException>(() => client.RetrieveFramesAsync(Instance, [0], Token));
    }

    [Theory, InlineData("/wado"), InlineData("http://pacs.test/wado?x=y")]
    public async Task Wado_uri_gives_the_data_set_and_asks_for_it_as_it_is_stored(string service)
    {
        _pacs.Script = new() { Answers = _ => File(ScriptedWebPacs.ToFile(_held)) };
        await using var instance = await WebPeers.Client(_pacs).RetrieveByUriAsync(new Uri(service, UriKind.RelativeOrAbsolute), Instance, Token);
        using var body = new MemoryStream();
        await instance.Body.CopyToAsync(body, Token);
        Assert.Equal(_held.Bytes.ToArray(), body.ToArray());
        var asked = Assert.Single(_pacs.Requests);
        Assert.EndsWith($"?requestType=WADO&studyUID={_held.StudyInstanceUid}&seriesUID={_held.SeriesInstanceUid}&objectUID={_held.SopInstanceUid}&contentType=application%2Fdicom&transferSyntax=*", asked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wado_uri_refuses_an_answer_whose_end_is_no_sign_and_a_service_elsewhere()
    {
        var client = WebPeers.Client(_pacs);
        _pacs.Script = new() { Answers = _ => File(ScriptedWebPacs.ToFile(_held), hasLength: false) };
        Assert.Equal(FaultCode.ProtocolViolation, (await Assert.ThrowsAsync<DicomWebException>(() => client.RetrieveByUriAsync(new Uri("/wado", UriKind.Relative), Instance, Token))).Fault.Code);
        _pacs.Requests.Clear();
        Assert.Equal(FaultCode.ProtocolViolation, (await Assert.ThrowsAsync<DicomWebException>(() => client.RetrieveByUriAsync(new Uri("http://evil.test/wado"), Instance, Token))).Fault.Code);
        Assert.Empty(_pacs.Requests);
    }

    [Fact]
    public async Task Only_the_eraser_deletes_and_says_whether_there_was_anything()
    {
        var eraser = new DicomWebEraser(WebPeers.Client(_pacs));
        Assert.Equal(FaultCode.Refused, (await Assert.ThrowsAsync<DicomWebException>(() => eraser.DeleteAsync(Instance, Token))).Fault.Code);
        _pacs.Script = new() { Deletes = true };
        Assert.True(await eraser.DeleteAsync(Instance, Token));
        Assert.False(await eraser.DeleteAsync(Instance, Token));
        Assert.Empty(_pacs.Instances);
    }

    private static HttpResponseMessage File(byte[] file, bool hasLength = true)
    {
        var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = hasLength ? new ByteArrayContent(file) : new StreamContent(new Unseekable(file)) };
        answer.Content.Headers.ContentType = new("application/dicom");
        return answer;
    }

    private sealed class Unseekable(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
