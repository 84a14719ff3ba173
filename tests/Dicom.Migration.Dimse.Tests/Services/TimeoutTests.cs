using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>ARTIM and idle timers, on a clock that the test moves.</summary>
public class TimeoutTests
{
    private const string Verification = "1.2.840.10008.1.1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_that_asks_for_nothing_is_closed_when_ARTIM_expires()
    {
        var time = new TimersSeen();
        await using var listener = new DimseListener(new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new RecordingHandler(), time);
        using var client = new TcpClient();
        await client.ConnectAsync(listener.EndPoint, Token);
        await time.WaitForAsync(TimeSpan.FromSeconds(30), Token);
        time.Advance(TimeSpan.FromSeconds(30));
        var buffer = new byte[16];
        while (await client.GetStream().ReadAsync(buffer, Token) > 0)
        {
        }
    }

    [Fact]
    public async Task A_peer_that_falls_silent_is_aborted_when_the_idle_time_is_over()
    {
        var time = new TimersSeen();
        await using var listener = new DimseListener(new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new RecordingHandler(), time);
        using var client = new TcpClient();
        await client.ConnectAsync(listener.EndPoint, Token);
        var stream = client.GetStream();
        await stream.WriteAsync(Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, [new ProposedContext(1, Verification, ["1.2.840.10008.1.2"])], [])), Token);
        var header = new byte[6];
        await stream.ReadExactlyAsync(header, Token);
        await stream.ReadExactlyAsync(new byte[(header[4] << 8) | header[5]], Token);
        await time.WaitForAsync(TimeSpan.FromSeconds(60), Token); // of the send
        await time.WaitForAsync(TimeSpan.FromSeconds(60), Token); // of the read
        time.Advance(TimeSpan.FromSeconds(60));
        var abort = new byte[10];
        await stream.ReadExactlyAsync(abort, Token);
        Assert.Equal([7, 0, 0, 0, 0, 4, 0, 0, 2, 0], abort);
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_the_request_is_a_timeout()
    {
        var time = new TimersSeen();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var connecting = DimseAssociation.ConnectAsync("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port, "SCP",
            [new ContextProposal(Verification, ["1.2.840.10008.1.2"])], new DimseClientOptions { Security = DimseSecurity.Plaintext }, time, null, Token);
        using var peer = await silent.AcceptTcpClientAsync(Token);
        await peer.GetStream().ReadExactlyAsync(new byte[74], Token); // the request is out
        time.Advance(TimeSpan.FromSeconds(30));
        var e = await Assert.ThrowsAsync<AssociationException>(() => connecting);
        Assert.Equal(FaultCode.PeerTimeout, e.Fault.Code);
    }

    /// <summary>A fake clock that tells which timers were started.</summary>
    private sealed class TimersSeen : FakeTimeProvider
    {
        private readonly Channel<TimeSpan> _started = Channel.CreateUnbounded<TimeSpan>();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            _started.Writer.TryWrite(dueTime);
            return timer;
        }

        public async Task WaitForAsync(TimeSpan dueTime, CancellationToken cancellationToken)
        {
            while (await _started.Reader.ReadAsync(cancellationToken) != dueTime)
            {
            }
        }
    }
}
