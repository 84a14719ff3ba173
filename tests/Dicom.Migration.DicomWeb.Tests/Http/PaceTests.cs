using System.IO.Pipelines;
using System.Net;
using Dicom.Migration.DicomWeb.Http;
using Dicom.Migration.DicomWeb.Tests.Peers;
using Dicom.Migration.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.DicomWeb.Tests.Http;

/// <summary>A peer is waited for as long as it goes on, and no longer.</summary>
public sealed class PaceTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, InlineData(1, true), InlineData(127, true), InlineData(129, false), InlineData(5_000, false)]
    public async Task An_answer_that_drips_is_given_up_after_a_minute_of_waiting(int bytesPerSecond, bool isGivenUp)
    {
        using var pacs = new ScriptedWebPacs();
        var drip = new Drip(_clock, bytesPerSecond, 200);
        pacs.Script = new() { Answers = _ => { var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(drip) }; answer.Content.Headers.TryAddWithoutValidation("Content-Type", "application/dicom+json"); return answer; } };
        var asking = WebPeers.Client(pacs, time: _clock).SearchStudiesAsync(cancellationToken: Token).CountAsync(Token).AsTask();
        var e = await Assert.ThrowsAnyAsync<MigrationException>(() => asking);
        Assert.Equal(isGivenUp ? FaultCode.PeerTimeout : FaultCode.MalformedJson, e.Fault.Code); // blanks alone are no JSON
        Assert.InRange(drip.Reads, isGivenUp ? 59 : 200, isGivenUp ? 61 : 210);
    }

    [Fact]
    public async Task Silence_in_an_answer_and_before_it_is_a_timeout()
    {
        using var pacs = new ScriptedWebPacs();
        var silence = new Silence();
        pacs.Script = new() { Answers = _ => { var answer = new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(silence) }; answer.Content.Headers.TryAddWithoutValidation("Content-Type", "application/dicom+json"); return answer; } };
        var asking = WebPeers.Client(pacs, time: _clock).SearchStudiesAsync(cancellationToken: Token).CountAsync(Token).AsTask();
        await silence.Asked.Task;
        _clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(FaultCode.PeerTimeout, (await Assert.ThrowsAsync<DicomWebException>(() => asking)).Fault.Code);

        using var mute = new Mute();
        var waiting = WebPeers.Client(mute, time: _clock).SearchStudiesAsync(cancellationToken: Token).CountAsync(Token).AsTask();
        _clock.Advance(TimeSpan.FromMinutes(9));
        Assert.False(waiting.IsCompleted);
        _clock.Advance(TimeSpan.FromMinutes(1.1));
        Assert.Equal(FaultCode.PeerTimeout, (await Assert.ThrowsAsync<DicomWebException>(() => waiting)).Fault.Code);
    }

    [Fact]
    public async Task Each_silence_in_an_answer_is_waited_for_anew()
    {
        var body = new Pipe();
        using var stream = new PacedStream(body.Reader.AsStream(), new HttpResponseMessage(), 1_000, TimeSpan.FromSeconds(60), 0, _clock);
        var buffer = new byte[10];
        for (var i = 0; i < 5; i++)
        {
            var reading = stream.ReadAsync(buffer, Token);
            _clock.Advance(TimeSpan.FromSeconds(59));
            await body.Writer.WriteAsync(new byte[7], Token);
            Assert.Equal(7, await reading);
            _clock.Advance(TimeSpan.FromSeconds(61)); // that whoever reads takes does not count
        }
        using var giving = new CancellationTokenSource();
        var givenUp = stream.ReadAsync(buffer, giving.Token);
        await giving.CancelAsync();
        Assert.Equal(giving.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp.AsTask())).CancellationToken);
        var silent = stream.ReadAsync(buffer, Token);
        _clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(FaultCode.PeerTimeout, (await Assert.ThrowsAsync<DicomWebException>(() => silent.AsTask())).Fault.Code);
    }

    [Fact]
    public async Task A_store_that_takes_an_hour_and_goes_on_is_not_given_up_and_one_that_stands_still_is()
    {
        using var pacs = new ScriptedWebPacs();
        var instance = WebPeers.OfOneStudy(1, 1_000).Single();
        foreach (var isStuck in new[] { false, true })
        {
            var body = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1)); // a write is over when it is taken
            var storing = WebPeers.Client(pacs, time: _clock).StoreAsync([StowInstance.FromPipe(instance.SopInstanceUid, ScriptedWebPacs.ToFile(instance).AsMemory(..^instance.Bytes.Length), body.Reader, instance.Bytes.Length)], Token);
            for (var i = 0; i < 8 && !isStuck; i++)
            {
                await body.Writer.WriteAsync(instance.Bytes.Slice(i * 100, 100), Token);
                _clock.Advance(TimeSpan.FromMinutes(8));
            }
            if (!isStuck)
            {
                await body.Writer.WriteAsync(instance.Bytes[800..], Token);
                await body.Writer.CompleteAsync();
                Assert.True((await storing).IsStored(instance.SopInstanceUid));
                continue;
            }
            _clock.Advance(TimeSpan.FromMinutes(11));
            Assert.Equal(FaultCode.PeerTimeout, (await Assert.ThrowsAsync<DicomWebException>(() => storing)).Fault.Code);
        }
        Assert.Single(pacs.Instances);
    }

    /// <summary>So many blanks, one second later each time.</summary>
    private sealed class Drip(FakeTimeProvider clock, int bytes, int reads) : MemoryStream
    {
        public int Reads { get; private set; }
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (++Reads > reads) return new(0);
            clock.Advance(TimeSpan.FromSeconds(1));
            buffer.Span[..bytes].Fill((byte)' ');
            return new(bytes);
        }
    }

    private sealed class Silence : MemoryStream
    {
        public TaskCompletionSource Asked { get; } = new();
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }

    private sealed class Mute : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return new();
        }
    }
}
