using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Tests.Services;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>Five hundred peers that send a little at a time, or stop in the middle, beside one that behaves: its C-ECHO is answered before any of the others goes on, and soon.</summary>
[Collection(nameof(Alone))]
public sealed class SlowCrowdTests(TestPki pki) : IClassFixture<TestPki>
{
    private const int RequestLength = 1_024;
    private static readonly int Crowd = int.Parse(Environment.GetEnvironmentVariable("DICOM_MIGRATION_CROWD") ?? "500", CultureInfo.InvariantCulture); // 2,000 is a threat that was named
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(250);
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";
    private static readonly ContextProposal[] Proposals = [new("1.2.840.10008.1.1", [Elements.Implicit]), new(Ct, [Elements.Explicit])];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static DimseListener Listen(bool isInline) => new(new DimseListenerOptions
    {
        Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0), MaxConnections = 10_000, MaxAssociations = 10_000, MaxConnectionsPerAddress = 1_000, RunsHandlerInline = isInline,
    }, new FuzzHandler(), TimeProvider.System);

    [Theory, InlineData(false), InlineData(true)]
    public async Task Requests_that_come_byte_by_byte_from_five_hundred_peers_hold_up_no_known_one(bool isInline)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lets a client bind to any address of 127/8.");
        var request = LongRequest();
        await using var listener = Listen(isInline);
        await using var known = await ConnectAsync(listener);
        var crowd = new List<Socket>();
        try
        {
            for (var i = 0; i < Crowd; i++) crowd.Add(await ConnectAsync(listener, i));
            var longest = TimeSpan.Zero;
            for (var at = 0; at < request.Length; at++)
            {
                foreach (var peer in crowd) await peer.SendAsync(request.AsMemory(at, 1), Token);
                if (at % 32 != 0) continue;
                var watch = Stopwatch.StartNew();
                Assert.True((await known.EchoAsync(Token)).IsSuccess);
                longest = watch.Elapsed > longest ? watch.Elapsed : longest;
            }

            foreach (var peer in crowd) Assert.Equal((byte)PduType.AssociateAccept, await AnswerAsync(peer)); // slow is not wrong
            Tell("requests byte by byte", isInline, longest);
            Assert.InRange(longest, TimeSpan.Zero, Soon);
        }
        finally
        {
            crowd.ForEach(static s => s.Dispose());
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Five_hundred_peers_that_stop_inside_a_C_STORE_hold_up_no_known_one(bool isInline)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lets a client bind to any address of 127/8.");
        await using var listener = Listen(isInline);
        await using var known = await ConnectAsync(listener);
        Assert.True((await known.EchoAsync(Token)).IsSuccess);
        var threads = Process.GetCurrentProcess().Threads.Count;
        var crowd = new List<Socket>();
        try
        {
            var store = Store(100_000, 16_384);
            var request = LongRequest();
            // In the header of a PDU, in its body, in the header of a value, between two PDUs, after the command alone, before the last fragment.
            int[] stops = [3, 60, store.CommandLength, store.CommandLength + 4, store.CommandLength + 9, store.CommandLength + 8_000, store.CommandLength + 16_390, store.CommandLength + 90_000, store.Bytes.Length - 1];
            for (var i = 0; i < Crowd; i++)
            {
                var peer = await ConnectAsync(listener, i);
                crowd.Add(peer);
                await peer.SendAsync(request, Token);
                Assert.Equal((byte)PduType.AssociateAccept, await AnswerAsync(peer));
                await peer.SendAsync(store.Bytes.AsMemory(0, stops[i % stops.Length]), Token);
            }

            var longest = TimeSpan.Zero;
            for (var i = 0; i < 100; i++)
            {
                var watch = Stopwatch.StartNew();
                Assert.True((await known.EchoAsync(Token)).IsSuccess);
                await using var later = await ConnectAsync(listener);
                Assert.True((await later.EchoAsync(Token)).IsSuccess);
                longest = watch.Elapsed > longest ? watch.Elapsed : longest;
            }

            Assert.InRange(longest, TimeSpan.Zero, Soon);
            // A thread for each of them would be five hundred.
            Assert.InRange(Process.GetCurrentProcess().Threads.Count, 1, threads + 50);
            for (var i = 0; i < Crowd; i++) await crowd[i].SendAsync(store.Bytes.AsMemory(stops[i % stops.Length]), Token);
            foreach (var peer in crowd) Assert.Equal((byte)PduType.DataTransfer, await AnswerAsync(peer)); // the answer, as if it had never stopped
            Tell("stalled in a C-STORE (two echoes and an association)", isInline, longest);
        }
        finally
        {
            crowd.ForEach(static s => s.Dispose());
        }
    }

    [Fact]
    public async Task Five_hundred_TLS_handshakes_that_stop_hold_up_no_known_peer()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux lets a client bind to any address of 127/8.");
        var (ours, theirs) = (pki.Make("rsa", "both"), pki.Good());
        await using var listener = new DimseListener(new DimseListenerOptions
        {
            Security = new DimseTls(() => ours), EndPoint = new IPEndPoint(IPAddress.Loopback, 0), MaxConnections = 10_000, MaxConnectionsPerAddress = 1_000,
        }, new FuzzHandler(), TimeProvider.System);
        var tls = new DimseTls(() => theirs);
        await using var known = await TlsPeers.ConnectAsync(listener, tls);
        Assert.True((await known.EchoAsync(Token)).IsSuccess);
        var threads = Process.GetCurrentProcess().Threads.Count;
        var (crowd, hello) = (new List<Socket>(), TlsPeers.Hello(3, [0]));
        try
        {
            // Nothing; a part of the record's header; half a hello; a whole one, whose answer nobody reads.
            int[] stops = [0, 3, hello.Length / 2, hello.Length];
            for (var i = 0; i < Crowd; i++)
            {
                var peer = await ConnectAsync(listener, i);
                crowd.Add(peer);
                await peer.SendAsync(hello.AsMemory(0, stops[i % stops.Length]), Token);
            }

            foreach (var peer in crowd.Where((_, i) => i % stops.Length == 3)) Assert.Equal(1, await peer.ReceiveAsync(new byte[1], Token)); // all are as far as they will get
            var longest = TimeSpan.Zero;
            for (var i = 0; i < 50; i++)
            {
                var watch = Stopwatch.StartNew();
                Assert.True((await known.EchoAsync(Token)).IsSuccess);
                await using var later = await TlsPeers.ConnectAsync(listener, tls);
                Assert.True((await later.EchoAsync(Token)).IsSuccess);
                longest = watch.Elapsed > longest ? watch.Elapsed : longest;
            }

            Tell("stalled in a TLS handshake (two echoes and an association over TLS)", false, longest);
            Assert.InRange(longest, TimeSpan.Zero, Soon);
            Assert.InRange(Process.GetCurrentProcess().Threads.Count, 1, threads + 50);
            Assert.True(listener.Connections > Crowd, "The crowd is not here any more.");
        }
        finally
        {
            crowd.ForEach(static s => s.Dispose());
        }
    }

    private static void Tell(string what, bool isInline, TimeSpan longest) => TestContext.Current.TestOutputHelper?.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{Crowd} peers, {what}, inline {isInline}: longest {longest.TotalMilliseconds:F1} ms"));

    private static Task<DimseAssociation> ConnectAsync(DimseListener listener) =>
        DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", Proposals, new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);

    private static async Task<Socket> ConnectAsync(DimseListener listener, int number)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(IPAddress.Parse($"127.0.1.{1 + number % 100}"), 0));
        await socket.ConnectAsync(listener.EndPoint, Token);
        return socket;
    }

    /// <summary>An A-ASSOCIATE-RQ of just <see cref="RequestLength"/> bytes.</summary>
    private static byte[] LongRequest()
    {
        var bare = Request(0).Length;
        var request = Request(RequestLength - bare);
        Assert.Equal(RequestLength, request.Length);
        return request;

        static byte[] Request(int more) => Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, [new ProposedContext(1, Ct, [Elements.Explicit])],
            [new ExtendedNegotiationItem(Ct, new byte[more])]));
    }

    /// <summary>A C-STORE as it goes over the wire.</summary>
    private static (byte[] Bytes, int CommandLength) Store(int length, int fragment)
    {
        var command = new CommandSet().WithUid(CommandSet.AffectedSopClassUid, Ct).With(CommandSet.Field, CommandField.StoreRequest).With(CommandSet.MessageId, 1).With(CommandSet.Priority, 0)
            .With(CommandSet.DataSetType, 0).WithUid(CommandSet.AffectedSopInstanceUid, "1.2.3").Encode();
        var bytes = Pdus.Value(1, true, true, command).ToList();
        for (var at = 0; at < length; at += fragment) bytes.AddRange(Pdus.Value(1, false, at + fragment >= length, new byte[Math.Min(fragment, length - at)]));
        return ([.. bytes], 12 + command.Length);
    }

    /// <summary>Reads one PDU.</summary>
    /// <returns>Its type.</returns>
    private static async Task<byte> AnswerAsync(Socket peer)
    {
        using var stream = new NetworkStream(peer);
        var header = new byte[6];
        await stream.ReadExactlyAsync(header, Token);
        await stream.ReadExactlyAsync(new byte[(header[4] << 8) | header[5]], Token);
        return header[0];
    }
}
