using System.Net;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;

namespace Dicom.Migration.DicomWeb.Tests.Endpoints;

/// <summary>The pipeline of the endpoints' own clients tries again what only asks, and nothing that may have been carried out.</summary>
public sealed class HeadRetryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, InlineData(502), InlineData(504), InlineData(0)]
    public async Task A_question_is_asked_again_when_nobody_answered_it(int status)
    {
        var failures = HeadRetries.Most;
        using var pacs = WebPeers.Filled(4);
        pacs.Script = new() { Answers = r => failures-- > 0 ? Fail(status) : null };
        await using var services = Services(pacs);
        Assert.NotEmpty(await services.GetRequiredKeyedService<IMigrationSource>("old").DiscoverAsync(null, Token).ToListAsync(Token));
    }

    [Theory, InlineData(502, 3), InlineData(504, 3), InlineData(0, 3), InlineData(503, 1), InlineData(429, 1), InlineData(500, 1), InlineData(401, 1), InlineData(404, 1)]
    public async Task A_question_is_asked_so_often_and_no_more(int status, int requests)
    {
        using var pacs = new ScriptedWebPacs { Script = new() { Answers = _ => Fail(status) } };
        await using var services = Services(pacs);
        using var http = services.GetRequiredService<IHttpClientFactory>().CreateClient("source old");
        if (status == 0) await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri(ScriptedWebPacs.Root, "studies"), Token));
        else Assert.Equal(status, (int)(await http.GetAsync(new Uri(ScriptedWebPacs.Root, "studies"), Token)).StatusCode);
        Assert.Equal(requests, pacs.Requests.Count);
    }

    [Theory, InlineData(502), InlineData(504), InlineData(0), InlineData(503)]
    public async Task A_store_is_sent_once_by_the_pipeline_and_again_by_whoever_knows_what_became_of_it(int status)
    {
        using var pacs = new ScriptedWebPacs();
        pacs.Script = new() { Answers = r => r.Method == HttpMethod.Post ? Fail(status) : null };
        await using var services = Services(pacs);
        await using var session = await services.GetRequiredKeyedService<IMigrationTarget>("new").OpenSessionAsync(Token);
        var receipt = await session.StoreAsync(WebPeers.Outgoing(WebPeers.OfOneStudy(1, 100).Single()), Token);
        await session.FlushAsync(Token);
        var outcome = await receipt.Acknowledged;
        Assert.False(outcome.IsStored);
        Assert.True(outcome.Fault!.Value.IsTransient);
        Assert.Equal(1, pacs.Requests.Count(static r => r.StartsWith("POST", StringComparison.Ordinal)));
    }

    private static HttpResponseMessage Fail(int status) => status == 0 ? throw new HttpRequestException(HttpRequestError.ConnectionError, "refused") : new((HttpStatusCode)status) { Content = new ByteArrayContent([]) };

    private static ServiceProvider Services(ScriptedWebPacs pacs)
    {
        var services = new ServiceCollection();
        services.AddDicomMigration().FromDicomWeb("old", static o => o.BaseAddress = ScriptedWebPacs.Root).ToDicomWeb("new", static o => o.BaseAddress = ScriptedWebPacs.Root);
        services.PostConfigureAll<HttpClientFactoryOptions>(o => o.HttpMessageHandlerBuilderActions.Add(b => b.PrimaryHandler = pacs));
        services.AddSingleton<TimeProvider>(new HastyTime());
        return services.BuildServiceProvider();
    }
}
