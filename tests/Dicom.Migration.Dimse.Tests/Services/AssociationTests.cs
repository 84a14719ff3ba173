using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Our client against our listener, over loopback sockets.</summary>
public class AssociationTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";
    private const string Explicit = "1.2.840.10008.1.2.1";
    private static readonly ContextProposal[] Proposals =
        [new("1.2.840.10008.1.1", ["1.2.840.10008.1.2"]), new(Ct, ["1.2.840.10008.1.2"]), new(Ct, [Explicit]), new("1.2.3.999", [Explicit])];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Whether handlers, and callers with their answers, run where the association is read.</summary>
    protected virtual bool IsInline => false;

    private DimseListener Listen(IDimseHandler handler, DimseListenerOptions? options = null) =>
        new((options ?? new DimseListenerOptions { Security = DimseSecurity.Plaintext }) with { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), RunsHandlerInline = IsInline }, handler, TimeProvider.System);

    private Task<DimseAssociation> ConnectAsync(DimseListener listener, DimseClientOptions? options = null, string called = "SCP") =>
        DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, called, Proposals, (options ?? new DimseClientOptions { Security = DimseSecurity.Plaintext }) with { RunsCallerInline = IsInline }, TimeProvider.System, null, Token);

    private static PipeReader Body(byte[] bytes) => PipeReader.Create(new MemoryStream(bytes));

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    [Fact]
    public async Task Echoes_and_releases()
    {
        await using var listener = Listen(new RecordingHandler());
        await using var association = await ConnectAsync(listener);
        Assert.Equal([1, 3, 5], association.Contexts.Select(c => (int)c.Id));
        for (var i = 0; i < 20; i++) Assert.True((await association.EchoAsync(Token)).IsSuccess);
        await association.ReleaseAsync();
        await Assert.ThrowsAsync<AssociationException>(() => association.EchoAsync(Token));
    }

    [Theory]
    [InlineData(4_096)]
    [InlineData(262_144)]
    public async Task Stores_every_byte_whatever_the_length(int maxPdu)
    {
        var handler = new RecordingHandler();
        await using var listener = Listen(handler, new DimseListenerOptions { Security = DimseSecurity.Plaintext, MaxPduLength = maxPdu });
        await using var association = await ConnectAsync(listener);
        int[] lengths = [0, 1, 2, 4_089, 4_090, 4_091, 131_065, 131_066, 131_067, 131_068, 3_000_001];
        foreach (var length in lengths)
            Assert.True((await association.StoreAsync(Ct, $"1.2.{length}", Explicit, Body(Bytes(length)), Token)).IsSuccess);
        await association.ReleaseAsync();
        foreach (var length in lengths) Assert.True(handler.Stored[$"1.2.{length}"].AsSpan().SequenceEqual(Bytes(length)));
    }

    [Fact]
    public async Task As_many_operations_are_outstanding_as_both_allow()
    {
        var (arrived, all) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var handler = new RecordingHandler
        {
            // Each waits for three others: this ends only if four are under way at a time.
            Answer = async _ =>
            {
                if (Interlocked.Increment(ref arrived) == 4) all.SetResult();
                await all.Task;
                return DimseStatus.Success;
            },
        };
        await using var listener = Listen(handler, new DimseListenerOptions { Security = DimseSecurity.Plaintext, OperationsWindow = 4 });
        await using var association = await ConnectAsync(listener, new DimseClientOptions { Security = DimseSecurity.Plaintext, OperationsWindow = 16 });
        var statuses = await Task.WhenAll(Enumerable.Range(1, 40).Select(i => association.StoreAsync(Ct, $"1.2.{i}", Explicit, Body(Bytes(i * 5_000)), Token)));
        Assert.All(statuses, s => Assert.True(s.IsSuccess));
        await association.ReleaseAsync();
        for (var i = 1; i <= 40; i++) Assert.True(handler.Stored[$"1.2.{i}"].AsSpan().SequenceEqual(Bytes(i * 5_000)));
    }

    [Fact]
    public async Task A_called_title_that_is_not_ours_is_rejected_for_good()
    {
        await using var listener = Listen(new RecordingHandler());
        var e = await Assert.ThrowsAsync<AssociationException>(() => ConnectAsync(listener, called: "OTHER"));
        Assert.Equal(FaultCode.AssociationRejected, e.Fault.Code);
    }

    [Fact]
    public async Task What_was_not_negotiated_is_not_sent_and_the_association_goes_on()
    {
        await using var listener = Listen(new RecordingHandler());
        await using var association = await ConnectAsync(listener);
        var e = await Assert.ThrowsAsync<AssociationException>(() => association.StoreAsync("1.2.3.999", "1.2.3", Explicit, Body([]), Token));
        Assert.Equal(FaultCode.NotNegotiable, e.Fault.Code);
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
    }

    [Fact]
    public async Task A_handler_that_throws_fails_one_instance_alone()
    {
        var handler = new RecordingHandler { ReadsBody = false, Answer = s => s.SopInstanceUid is "1.1" ? throw new InvalidOperationException() : Task.FromResult(DimseStatus.OutOfResources) };
        await using var listener = Listen(handler);
        await using var association = await ConnectAsync(listener);
        Assert.Equal(DimseStatus.ProcessingFailure, await association.StoreAsync(Ct, "1.1", Explicit, Body(Bytes(5_000_000)), Token));
        Assert.Equal(DimseStatus.OutOfResources, await association.StoreAsync(Ct, "1.2", Explicit, Body(Bytes(5_000_000)), Token));
        await association.ReleaseAsync();
    }

    [Fact]
    public async Task Half_a_data_set_never_looks_whole()
    {
        var handler = new RecordingHandler();
        await using var listener = Listen(handler);
        await using (var association = await ConnectAsync(listener))
        {
            var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
            await pipe.Writer.WriteAsync(Bytes(300_000), Token);
            var storing = association.StoreAsync(Ct, "1.2", Explicit, pipe.Reader, Token);
            await handler.FirstBegun.Task.WaitAsync(Token);
            await pipe.Writer.CompleteAsync(new IOException());
            await Assert.ThrowsAsync<IOException>(() => storing);
            await handler.FirstBroken.Task.WaitAsync(Token);
            await Assert.ThrowsAsync<AssociationException>(() => association.EchoAsync(Token));
        }

        Assert.Empty(handler.Stored);
        await using var next = await ConnectAsync(listener);
        Assert.True((await next.EchoAsync(Token)).IsSuccess);
    }

    [Fact]
    public async Task A_data_set_that_cannot_be_read_at_all_costs_no_association()
    {
        var handler = new RecordingHandler();
        await using var listener = Listen(handler);
        await using var association = await ConnectAsync(listener);
        var pipe = new Pipe();
        await pipe.Writer.CompleteAsync(new IOException());
        await Assert.ThrowsAsync<IOException>(() => association.StoreAsync(Ct, "1.2", Explicit, pipe.Reader, Token));
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
        Assert.False(handler.FirstBegun.Task.IsCompleted);
    }

    [Fact]
    public async Task Nobody_there_is_unreachable()
    {
        int port;
        using (var socket = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        }

        var e = await Assert.ThrowsAsync<AssociationException>(() => DimseAssociation.ConnectAsync("127.0.0.1", port, "SCP", Proposals, new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token));
        Assert.Equal(FaultCode.PeerUnreachable, e.Fault.Code);
    }

    // Each is sent instead of, or after, a request for an association; an A-ABORT has to come back: source and reason of PS3.8 Table 9-26. In Sta2 it is the service user's (AA-1), from
    // Sta3 on the provider's (AA-8).
    public static TheoryData<bool, byte[], byte, byte> Attacks => new()
    {
        { false, "GET / HTTP/1.1\r\n"u8.ToArray(), 0, 0 },
        { false, [1, 0, 0xFF, 0xFF, 0xFF, 0xFF], 0, 0 },
        { false, [4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 3], 0, 0 }, // P-DATA first
        { false, [5, 0, 0, 0, 0, 4, 0, 0, 0, 0], 0, 0 }, // release first
        { true, [6, 0, 0, 0, 0, 4, 0, 0, 0, 0], 2, 2 }, // A-RELEASE-RP unasked
        { true, [2, 0, 0, 0, 0, 0], 2, 2 }, // A-ASSOCIATE-AC to an SCP
        { true, [3, 0, 0, 0, 0, 4, 0, 1, 1, 1], 2, 2 },
        { true, TlsPeers.Request, 2, 2 }, // a second A-ASSOCIATE-RQ
        { true, [4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 2], 2, 6 }, // data before a command
        { true, [4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 9, 3], 2, 6 }, // a context that was not accepted
        { true, [4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 1, 3], 2, 6 }, // value of length 0
        { true, [4, 0, 0xFF, 0xFF, 0xFF, 0xFF], 2, 6 },
        { true, [0xFF], 2, 1 },
        { true, [8, 0, 0, 0, 0, 0], 2, 1 },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task A_peer_that_breaks_the_protocol_is_aborted_and_harms_no_other(bool isAssociated, byte[] attack, byte source, byte reason)
    {
        await using var listener = Listen(new RecordingHandler());
        await using var other = await ConnectAsync(listener);
        using var client = new TcpClient();
        await client.ConnectAsync(listener.EndPoint, Token);
        var stream = client.GetStream();
        if (isAssociated)
        {
            await stream.WriteAsync(Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, [new ProposedContext(1, Ct, [Explicit])], [])), Token);
            var header = new byte[6];
            await stream.ReadExactlyAsync(header, Token);
            Assert.Equal(2, header[0]);
            await stream.ReadExactlyAsync(new byte[(header[4] << 8) | header[5]], Token);
        }

        await stream.WriteAsync(attack, Token);
        var answer = new byte[10];
        await stream.ReadExactlyAsync(answer, Token);
        Assert.Equal([7, 0, 0, 0, 0, 4, 0, 0, source, reason], answer);
        Assert.True((await other.EchoAsync(Token)).IsSuccess);
    }
}
