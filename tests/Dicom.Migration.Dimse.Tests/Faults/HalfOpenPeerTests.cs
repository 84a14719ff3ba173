using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Tests.Endpoints;
using Dicom.Migration.Dimse.Tests.Services;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>Peers that keep the connection and do nothing, or too little: the default limits, on a clock that runs thirty times as fast.</summary>
public sealed class HalfOpenPeerTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2", Find = "1.2.840.10008.5.1.4.1.2.2.1";
    private readonly ScaledTime _time = new(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_that_accepts_and_says_nothing_is_a_timeout()
    {
        await using var peer = new RawPeer(static (_, token) => Task.Delay(Timeout.Infinite, token));
        await using var target = Target(peer, TimeSpan.FromSeconds(30));
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => target.OpenSessionAsync(Token));
        Assert.Equal(FaultCode.PeerTimeout, e.Fault.Code);
    }

    [Fact]
    public async Task A_peer_that_says_nothing_after_its_acceptance_is_a_timeout()
    {
        await using var peer = new RawPeer(static async (stream, token) =>
        {
            await AcceptAsync(stream, token);
            await stream.CopyToAsync(Stream.Null, token);
        });
        Assert.Equal(FaultCode.PeerTimeout, (await StoreAsync(peer, 1_000)).Fault?.Code);
    }

    [Fact]
    public async Task A_peer_that_stops_reading_in_mid_object_is_a_timeout()
    {
        await using var peer = new RawPeer(static async (stream, token) =>
        {
            await AcceptAsync(stream, token);
            await stream.ReadExactlyAsync(new byte[100_000], token);
            await Task.Delay(Timeout.Infinite, token);
        });
        Assert.Equal(FaultCode.PeerTimeout, (await StoreAsync(peer, 32 << 20)).Fault?.Code);
    }

    [Fact]
    public async Task A_peer_that_takes_one_byte_a_second_is_a_timeout()
    {
        await using var peer = new RawPeer(async (stream, token) =>
        {
            await AcceptAsync(stream, token);
            while (await stream.ReadAsync(new byte[1], token) > 0) await Task.Delay(TimeSpan.FromSeconds(1), _time, token);
        });
        Assert.Equal(FaultCode.PeerTimeout, (await StoreAsync(peer, 32 << 20)).Fault?.Code);
    }

    [Theory]
    [InlineData(1_000, false)] // 100 and some bytes: longer than a minute for one PDU
    [InlineData(100, true)] // within it
    public async Task A_slow_answer_is_waited_for_as_long_as_one_pdu_may_take(int millisecondsPerByte, bool isInTime)
    {
        await using var peer = new RawPeer(async (stream, token) =>
        {
            await AcceptAsync(stream, token);
            var hearing = stream.CopyToAsync(Stream.Null, token);
            await AnswerSlowlyAsync(stream, TimeSpan.FromMilliseconds(millisecondsPerByte), token); // then it closes: nobody waits for its release
            stream.Socket.Shutdown(SocketShutdown.Both);
            await hearing;
        });
        var outcome = await StoreAsync(peer, 1_000);
        Assert.Equal((isInTime, isInTime ? null : FaultCode.PeerTimeout), (outcome.IsStored, outcome.Fault?.Code));
    }

    [Fact]
    public async Task A_peer_that_answers_just_before_each_timeout_is_no_dead_one()
    {
        await using var peer = new RawPeer(async (stream, token) =>
        {
            await AcceptAsync(stream, token);
            for (ushort id = 1; id <= 2; id++)
            {
                await Task.Delay(TimeSpan.FromSeconds(35), _time, token); // two answers in 70 s, and a limit of 60 s for each
                await stream.WriteAsync(Answer(id), token);
            }
        });
        await using var target = Target(peer);
        await using var session = await target.OpenSessionAsync(Token);
        for (var i = 0; i < 2; i++) Assert.True((await (await session.StoreAsync(Outgoing(1_000), Token)).Acknowledged).IsStored);
    }

    [Fact]
    public async Task A_query_without_an_end_is_cancelled_when_its_time_is_over()
    {
        var archive = new SmallArchive { FindsForEver = true };
        archive.Instances["1.2.3"] = Elements.Instance(Ct, "1.2.3");
        await using var listener = new DimseListener(new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, archive, TimeProvider.System);
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", [new ContextProposal(Find, [Elements.Explicit]), new ContextProposal("1.2.840.10008.1.1", [Elements.Implicit])],
            new DimseClientOptions { Security = DimseSecurity.Plaintext, QueryTimeout = TimeSpan.FromSeconds(20) }, _time, null, Token);
        var e = await Assert.ThrowsAsync<AssociationException>(async () => await association.FindAsync(Find, Elements.Element(0x00080052, "CS", "STUDY"), Token).CountAsync(Token));
        Assert.Equal(FaultCode.QueryTooLarge, e.Fault.Code);
        await archive.Cancelled.Task.WaitAsync(Token);
        Assert.True((await association.EchoAsync(Token)).IsSuccess); // and the association goes on
    }

    // Where it is another limit that is tested, a busy machine has time to make its associations.
    private DimseTarget Target(RawPeer peer, TimeSpan? artim = null) => new("new", Archives.Reach(new DimseTargetOptions { OperationsWindow = 1, ArtimTimeout = artim ?? TimeSpan.FromMinutes(10) }, peer.Port, DimseRetrieval.Get), _time);

    private async Task<StoreOutcome> StoreAsync(RawPeer peer, int length)
    {
        await using var target = Target(peer);
        await using var session = await target.OpenSessionAsync(Token);
        return await (await session.StoreAsync(Outgoing(length), Token)).Acknowledged;
    }

    private static Dicom.Migration.OutgoingInstance Outgoing(int length) => new()
    {
        StudyInstanceUid = "1.2", SeriesInstanceUid = "1.2.3", SopClassUid = Ct, SopInstanceUid = "1.2.3.4", TransferSyntax = TransferSyntax.ExplicitVrLittleEndian,
        Length = length, Body = PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(new byte[length])),
    };

    /// <summary>Reads a request for an association, and accepts all of it.</summary>
    private static async Task AcceptAsync(NetworkStream stream, CancellationToken token)
    {
        var header = new byte[6];
        await stream.ReadExactlyAsync(header, token);
        var body = new byte[BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(2))];
        await stream.ReadExactlyAsync(body, token);
        var request = (AssociateRequest)PduParser.Parse(new PduFrame(PduType.AssociateRequest, new System.Buffers.ReadOnlySequence<byte>(body)));
        await stream.WriteAsync(Pdus.Encode(new AssociateAccept(request.CalledAeTitle, request.CallingAeTitle, Associate.DicomApplicationContext,
            [.. request.Contexts.Select(static c => new ContextResult(c.Id, 0, c.TransferSyntaxes[0]))], [new MaximumLength(131_072)])), token);
    }

    private async Task AnswerSlowlyAsync(NetworkStream stream, TimeSpan pause, CancellationToken token)
    {
        var bytes = Answer(1);
        for (var i = 0; i < bytes.Length; i++)
        {
            await stream.WriteAsync(bytes.AsMemory(i, 1), token);
            await Task.Delay(pause, _time, token);
        }
    }

    private static byte[] Answer(ushort messageId)
    {
        var command = new CommandSet().With(CommandSet.Field, 0x8001).With(CommandSet.MessageIdBeingRespondedTo, messageId).With(CommandSet.DataSetType, CommandSet.NoDataSet).With(CommandSet.Status, 0)
            .WithUid(CommandSet.AffectedSopClassUid, Ct).WithUid(CommandSet.AffectedSopInstanceUid, "1.2.3.4").Encode();
        var pdu = new byte[12 + command.Length];
        PduWriter.WriteDataHeader(pdu, 3, true, true, command.Length); // context 1 is that of C-ECHO
        command.CopyTo(pdu, 12);
        return pdu;
    }

    /// <summary>Takes every connection, and does with each what it is told, until it is disposed.</summary>
    private sealed class RawPeer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _serving;

        public RawPeer(Func<NetworkStream, CancellationToken, Task> serveAsync)
        {
            _listener.Start();
            _serving = Task.Run(async () =>
            {
                var peers = new List<Task>();
                try
                {
                    while (true)
                    {
                        var peer = await _listener.AcceptTcpClientAsync(_stop.Token);
                        peers.Add(Task.Run(async () =>
                        {
                            using (peer) await serveAsync(peer.GetStream(), _stop.Token);
                        }));
                    }
                }
                catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
                {
                    await Task.WhenAll(peers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            });
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _serving;
            _listener.Dispose();
            _stop.Dispose();
        }
    }
}
