using System.Net;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.DicomWeb.Tests.Services;
using Dicom.Migration.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Http;

/// <summary>A peer that asks to be left alone is left alone by all, for as long as it asks, within limits.</summary>
public sealed class PeerGateTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly FakeTimeProvider _clock = new(Start);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("7", 7)]
    [InlineData("  7 ", 7)]
    [InlineData("Thu, 01 Jan 2026 00:00:09 GMT", 9)]
    [InlineData("Thursday, 01-Jan-26 00:00:09 GMT", 9)]
    [InlineData("Thu Jan  1 00:00:09 2026", 9)]
    [InlineData(null, 2)]
    [InlineData("0", 2)]
    [InlineData("-5", 2)]
    [InlineData("soon", 2)]
    [InlineData("1e3", 2)]
    [InlineData("Wed, 01 Jan 2020 00:00:00 GMT", 2)]
    [InlineData("Thu, 01 Jan 2099 00:00:00 GMT", 300)]
    [InlineData("86400", 300)]
    [InlineData("2147483648", 300)]
    [InlineData("99999999999999999999", 300)]
    public async Task The_pause_is_as_long_as_it_is_asked_for_and_neither_nothing_nor_for_ever(string? retryAfter, int seconds)
    {
        foreach (var status in new[] { HttpStatusCode.TooManyRequests, HttpStatusCode.ServiceUnavailable })
        {
            var (clock, gate) = (new FakeTimeProvider(Start), default(PeerGate));
            gate = new PeerGate(clock);
            using var pacs = new ScriptedWebPacs();
            pacs.Script = new() { Answers = _ => Busy(status, retryAfter) };
            var e = await Assert.ThrowsAsync<DicomWebException>(() => AskAsync(WebPeers.Client(pacs, time: clock, gate: gate)));
            Assert.Equal(FaultCode.PeerBusy, e.Fault.Code);
            Assert.True(e.Fault.IsTransient);
            var waiting = gate.WaitAsync(Token).AsTask();
            clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.False(waiting.IsCompleted);
            clock.Advance(TimeSpan.FromMilliseconds(1));
            await waiting;
        }
    }

    [Fact]
    public async Task All_clients_of_a_peer_wait_at_one_gate_and_none_asks_before_it_opens()
    {
        var gate = new PeerGate(_clock);
        using var pacs = new ScriptedWebPacs();
        pacs.Script = new() { Answers = _ => Busy(HttpStatusCode.ServiceUnavailable, "30") };
        var clients = Enumerable.Range(0, 10).Select(_ => WebPeers.Client(pacs, time: _clock, gate: gate)).ToList();
        await Assert.ThrowsAsync<DicomWebException>(() => AskAsync(clients[0]));
        pacs.Script = new() { Answers = static _ => AttackedClientTests.JsonOf("[]") };
        var asking = clients.SelectMany(static c => Enumerable.Range(0, 10).Select(_ => AskAsync(c))).ToList();
        _clock.Advance(TimeSpan.FromSeconds(29.9));
        Assert.Single(pacs.Requests);
        Assert.All(asking, static a => Assert.False(a.IsCompleted));
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await Task.WhenAll(asking);
        Assert.Equal(101, pacs.Requests.Count);
    }

    [Fact]
    public async Task A_longer_pause_holds_against_a_shorter_one_and_waiting_can_be_given_up()
    {
        var gate = new PeerGate(_clock);
        gate.Shut(TimeSpan.FromSeconds(60));
        gate.Shut(TimeSpan.FromSeconds(1));
        using var stop = new CancellationTokenSource();
        var (waiting, givenUp) = (gate.WaitAsync(Token).AsTask(), gate.WaitAsync(stop.Token).AsTask());
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.False(waiting.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await waiting;
        gate.Shut(TimeSpan.MaxValue); // no overflow, and no timer that is too long
        Assert.False(gate.WaitAsync(Token).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_run_goes_on_where_it_was_when_the_target_opens_again()
    {
        var posts = 0;
        var (account, from, to, _) = await WebPeers.RunAsync(new(), new() { Answers = r => r.Method == HttpMethod.Post && Interlocked.Increment(ref posts) == 1 ? Busy(HttpStatusCode.ServiceUnavailable, "0") : null }, configure: static o => o.DefaultPause = TimeSpan.FromMilliseconds(5));
        Assert.Equal(12, account.Count(EvidenceLevel.L4));
        Assert.Equal(WebPeers.Content(from), WebPeers.Content(to));
    }

    [Theory, InlineData(503), InlineData(502), InlineData(429), InlineData(0)]
    public async Task A_run_outlives_a_peer_that_is_away_for_a_while_whatever_it_is_asked(int status)
    {
        // Every request of both archives fails twice before it is answered: listing, reading, storing, and reading back. An object that happens to be stored alone
        // meets the failures of all requests that storing needs; with others in its group they share them.
        var (from, to) = (new System.Collections.Concurrent.ConcurrentDictionary<string, int>(), new System.Collections.Concurrent.ConcurrentDictionary<string, int>());
        HttpResponseMessage? Away(System.Collections.Concurrent.ConcurrentDictionary<string, int> seen, HttpRequestMessage r) => seen.AddOrUpdate(r.Method + r.RequestUri!.PathAndQuery, 1, static (_, n) => n + 1) > 2 ? null
            : status == 0 ? throw new HttpRequestException(HttpRequestError.ConnectionError, "refused") : Busy((HttpStatusCode)status, "0");
        var (account, source, target, instances) = await WebPeers.RunAsync(new() { Answers = r => Away(from, r) }, new() { Answers = r => Away(to, r) }, configure: static o => o.DefaultPause = TimeSpan.FromMilliseconds(5), attempts: 9);
        Assert.True(account.Count(EvidenceLevel.L4) == 12, string.Join(" ", instances.Select(static i => FormattableString.Invariant($"{i.Current.State}/{i.Current.Fault?.Code}"))));
        Assert.Equal(WebPeers.Content(source), WebPeers.Content(target));
    }

    private static HttpResponseMessage Busy(HttpStatusCode status, string? retryAfter)
    {
        var answer = new HttpResponseMessage(status) { Content = new ByteArrayContent([]) };
        if (retryAfter is not null) answer.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
        return answer;
    }

    private static Task<int> AskAsync(DicomWebClient client) => client.SearchStudiesAsync(cancellationToken: Token).CountAsync(Token).AsTask();
}
