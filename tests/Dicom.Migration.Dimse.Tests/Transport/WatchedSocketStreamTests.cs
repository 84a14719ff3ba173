using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dicom.Migration.Dimse.Transport;

namespace Dicom.Migration.Dimse.Tests.Transport;

/// <summary>The stream of an accepted connection, against a plain socket of the framework. Where the system has no queue of readiness it is the framework's, and the sentences hold as well.</summary>
public sealed class WatchedSocketStreamTests : IAsyncLifetime
{
    private const int Long = 64 << 20; // far above what both sides' socket buffers hold
    private Socket _peer = null!;
    private Stream _stream = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => (_peer, _stream) = await ConnectAsync();

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _peer.Dispose();
    }

    [Fact]
    public async Task What_is_more_than_the_buffers_hold_arrives_whole_both_ways_at_once()
    {
        var sent = RandomNumberGenerator.GetBytes(Long);
        await Task.WhenAll(_stream.WriteAsync(sent, Stop).AsTask(), ReadAndCompareAsync(), EchoAsync());

        async Task EchoAsync()
        {
            using var peer = new NetworkStream(_peer, ownsSocket: false);
            var piece = new byte[100_000];
            for (var rest = Long; rest > 0;)
            {
                var count = await peer.ReadAsync(piece.AsMemory(0, Math.Min(piece.Length, rest)), Stop);
                Assert.NotEqual(0, count);
                await peer.WriteAsync(piece.AsMemory(0, count), Stop);
                rest -= count;
            }
        }

        async Task ReadAndCompareAsync()
        {
            var got = new byte[Long];
            await _stream.ReadExactlyAsync(got, Stop);
            Assert.True(got.AsSpan().SequenceEqual(sent));
        }
    }

    [Fact]
    public async Task Pieces_are_written_one_after_the_other_and_whole_however_many_and_however_little_room_there_is()
    {
        Assert.SkipUnless(_stream is WatchedSocketStream, "This system's connections take no pieces.");
        var random = new Random(7);
        int[] lengths = [0, 1, 12, 131_066, 0, 3 << 20, .. Enumerable.Range(0, 200).Select(_ => random.Next(0, 300_000)), 0];
        var sent = RandomNumberGenerator.GetBytes(lengths.Sum());
        var pieces = new List<ReadOnlyMemory<byte>>();
        for (var (i, at) = (0, 0); i < lengths.Length; at += lengths[i++]) pieces.Add(sent.AsMemory(at, lengths[i]));
        var write = ((WatchedSocketStream)_stream).WriteAsync(pieces, Stop).AsTask();
        Assert.False(write.IsCompleted); // it waits for room
        var got = new byte[sent.Length];
        using var peer = new NetworkStream(_peer, ownsSocket: false);
        await peer.ReadExactlyAsync(got, Stop);
        await write;
        Assert.True(got.AsSpan().SequenceEqual(sent));
    }

    [Fact]
    public async Task Pieces_that_wait_for_room_can_be_cancelled_and_are_ended_by_closing()
    {
        Assert.SkipUnless(_stream is WatchedSocketStream, "This system's connections take no pieces.");
        List<ReadOnlyMemory<byte>> pieces = [new byte[100], new byte[Long]];
        using var cancel = new CancellationTokenSource();
        var write = ((WatchedSocketStream)_stream).WriteAsync(pieces, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        write = ((WatchedSocketStream)_stream).WriteAsync(pieces, Stop).AsTask();
        await _stream.DisposeAsync();
        Assert.True(await Record.ExceptionAsync(() => write) is IOException or ObjectDisposedException);
    }

    [Fact]
    public async Task What_is_long_is_waited_for_and_a_peer_that_stops_in_the_middle_of_it_is_not()
    {
        Assert.SkipUnless(_stream is WatchedSocketStream, "This system's connections wait for nothing.");
        var stream = (WatchedSocketStream)_stream;
        var (sent, got, at) = (RandomNumberGenerator.GetBytes(1_000_000), new byte[1_000_000], 0);
        await _peer.SendAsync(sent.AsMemory(0, 2_000), Stop); // a peer that sends
        while (at < 2_000) at += await stream.ReadAsync(got.AsMemory(at, 2_000 - at), Stop);
        var rest = _peer.SendAsync(sent.AsMemory(at, 900_000 - at), Stop).AsTask(); // and ends before what it is asked for is full
        while (at < 900_000)
        {
            var count = await stream.ReadMuchAsync(got.AsMemory(at, Math.Min(131_072, got.Length - at)), default, Math.Min(131_072, got.Length - at), Stop);
            Assert.NotEqual(0, count);
            at += count;
        }

        await rest;
        var read = stream.ReadMuchAsync(got.AsMemory(at), default, got.Length - at, Stop).AsTask();
        Assert.False(read.IsCompleted);
        await _peer.SendAsync(sent.AsMemory(at), Stop);
        for (at += await read; at < sent.Length;) at += await stream.ReadMuchAsync(got.AsMemory(at), default, got.Length - at, Stop);
        Assert.True(got.AsSpan().SequenceEqual(sent));
    }

    [Theory, InlineData(0), InlineData(12), InlineData(4_096)]
    public async Task What_comes_beyond_what_is_long_is_taken_along_and_nothing_is_lost_between(int least)
    {
        Assert.SkipUnless(_stream is WatchedSocketStream, "This system's connections take nothing along.");
        var stream = (WatchedSocketStream)_stream;
        var (random, sent, got) = (new Random(least), RandomNumberGenerator.GetBytes(20_000_000), new MemoryStream());
        var sending = SendAsync();
        var (buffer, beyond, sawBoth) = (new byte[131_072], new byte[4_096], false);
        while (got.Length < sent.Length)
        {
            var length = random.Next(1, buffer.Length + 1);
            var count = await stream.ReadMuchAsync(buffer.AsMemory(0, length), beyond, length + least, Stop);
            Assert.NotEqual(0, count);
            got.Write(buffer, 0, Math.Min(count, length));
            if (count <= length) continue;
            sawBoth = true;
            got.Write(beyond, 0, count - length);
        }

        await sending;
        Assert.True(sawBoth);
        Assert.True(got.ToArray().AsSpan().SequenceEqual(sent));
        var last = stream.ReadMuchAsync(buffer, beyond, buffer.Length + least, Stop);
        _peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await last);

        async Task SendAsync()
        {
            var pieces = new Random(least + 1);
            for (var (at, count) = (0, 0); at < sent.Length; at += count)
            {
                count = Math.Min(sent.Length - at, pieces.Next(3) == 0 ? pieces.Next(1, 200) : pieces.Next(1, 200_000));
                for (var done = 0; done < count;) done += await _peer.SendAsync(sent.AsMemory(at + done, count - done), Stop);
            }
        }
    }

    [Theory, InlineData(0), InlineData(120)]
    public async Task A_peer_that_sends_the_same_again_and_again_and_then_less_is_heard_to_its_last_byte(int less)
    {
        Assert.SkipUnless(_stream is WatchedSocketStream, "This system's connections expect nothing.");
        var stream = (WatchedSocketStream)_stream;
        int[] turns = [.. Enumerable.Repeat(526_000, 20), .. Enumerable.Repeat(300_000, 8), 10_000, 526_000, 526_000, 526_000, 1, 526_000 - 2_000, 526_000, 526_000 - 3, 526_000 - less, 526_000 + 2_000_000];
        var (buffer, beyond, answer) = (new byte[131_072], new byte[4_096], new byte[1]);
        foreach (var turn in turns)
        {
            var (sent, got) = (RandomNumberGenerator.GetBytes(turn), new MemoryStream());
            var sending = SendAsync(sent);
            while (got.Length < turn)
            {
                var least = (int)Math.Min(buffer.Length + 12, turn - got.Length); // as the reader of PDUs says it
                var count = await stream.ReadMuchAsync(buffer, beyond, least, Stop);
                Assert.NotEqual(0, count);
                got.Write(buffer, 0, Math.Min(count, buffer.Length));
                if (count > buffer.Length) got.Write(beyond, 0, count - buffer.Length);
            }

            await sending;
            Assert.True(got.ToArray().AsSpan().SequenceEqual(sent));
            await stream.WriteAsync(new byte[1], Stop);
            Assert.Equal(1, await _peer.ReceiveAsync(answer, Stop));
        }

        async Task SendAsync(byte[] bytes)
        {
            for (var done = 0; done < bytes.Length;) done += await _peer.SendAsync(bytes.AsMemory(done, Math.Min(131_078, bytes.Length - done)), Stop);
        }
    }

    [Fact]
    public async Task Bytes_that_come_one_by_one_are_read_as_they_come()
    {
        var one = new byte[1];
        for (var i = 0; i < 500; i++)
        {
            var read = _stream.ReadAsync(one, Stop);
            await _peer.SendAsync(new[] { (byte)i }, Stop);
            Assert.Equal((1, (byte)i), (await read, one[0]));
        }
    }

    [Fact]
    public async Task A_read_that_is_cancelled_loses_nothing_and_the_next_one_gets_it()
    {
        var buffer = new byte[16];
        for (var i = 0; i < 100; i++)
        {
            using var cancel = new CancellationTokenSource();
            var read = _stream.ReadAsync(buffer, cancel.Token).AsTask();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
            await _peer.SendAsync(new[] { (byte)i }, Stop);
            Assert.Equal((1, (byte)i), (await _stream.ReadAsync(buffer, Stop), buffer[0]));
        }
    }

    [Fact]
    public async Task A_cancellation_that_races_with_what_comes_loses_nothing()
    {
        var (buffer, got) = (new byte[16], 0);
        for (var i = 0; i < 500; i++)
        {
            using var cancel = new CancellationTokenSource();
            var read = _stream.ReadAsync(buffer, cancel.Token).AsTask();
            await Task.WhenAll(_peer.SendAsync(new byte[1], Stop).AsTask(), cancel.CancelAsync());
            try
            {
                got += await read;
            }
            catch (OperationCanceledException)
            {
                // what came is there for the next read
            }
        }

        while (got < 500) got += await _stream.ReadAsync(buffer, Stop);
        Assert.Equal(500, got);
    }

    [Fact]
    public async Task A_write_that_waits_for_room_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var write = _stream.WriteAsync(new byte[Long], cancel.Token).AsTask();
        Assert.False(write.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
    }

    [Fact]
    public async Task A_peer_that_closes_ends_the_read_with_nothing()
    {
        var read = _stream.ReadAsync(new byte[16], Stop);
        _peer.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await read);
    }

    [Fact]
    public async Task A_peer_that_resets_fails_the_read()
    {
        var read = _stream.ReadAsync(new byte[16], Stop).AsTask();
        _peer.LingerState = new LingerOption(true, 0);
        _peer.Dispose();
        await Assert.ThrowsAsync<IOException>(() => read);
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (true) await _stream.WriteAsync(new byte[100_000], Stop);
        });
    }

    [Fact]
    public async Task Closing_ends_what_waits_and_what_comes_after()
    {
        var read = _stream.ReadAsync(new byte[16], Stop).AsTask();
        var write = _stream.WriteAsync(new byte[Long], Stop).AsTask();
        await _stream.DisposeAsync();
        Assert.True(await Record.ExceptionAsync(() => read) is IOException or ObjectDisposedException);
        Assert.True(await Record.ExceptionAsync(() => write) is IOException or ObjectDisposedException);
        Assert.True(await Record.ExceptionAsync(() => _stream.ReadAsync(new byte[1], Stop).AsTask()) is IOException or ObjectDisposedException);
        Assert.True(await Record.ExceptionAsync(() => _stream.WriteAsync(new byte[1], Stop).AsTask()) is IOException or ObjectDisposedException);
    }

    [Fact]
    public async Task A_closed_socket_s_number_given_to_the_next_one_wakes_nobody_else()
    {
        // Numbers of file descriptors are given again at once: each connection here waits while the one before it is closed.
        for (var i = 0; i < 200; i++)
        {
            var (other, stream) = await ConnectAsync();
            var read = stream.ReadAsync(new byte[4], Stop).AsTask();
            await DisposeAsync();
            (_peer, _stream) = (other, stream);
            await other.SendAsync(new byte[] { 1, 2, 3, 4 }, Stop);
            Assert.Equal(4, await read);
        }
    }

    [Fact]
    public async Task A_connection_that_is_not_taken_can_be_given_up()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        using var cancel = new CancellationTokenSource();
        // The listener takes none: the first few wait to be taken, and each after them waits for an answer that does not come.
        var attempts = Enumerable.Range(0, 8).Select(_ => WatchedSocketStream.ConnectAsync("127.0.0.1", port, cancel.Token)).ToList();
        await await Task.WhenAny(attempts);
        await cancel.CancelAsync();
        var ends = new List<Exception?>();
        foreach (var attempt in attempts) ends.Add(await Record.ExceptionAsync(async () => await (await attempt).DisposeAsync()));
        Assert.Contains(ends, static e => e is OperationCanceledException);
        Assert.All(ends, static e => Assert.True(e is null or OperationCanceledException));
    }

    [Fact]
    public async Task Whoever_blocks_where_it_was_woken_keeps_no_other_connection_from_being_read()
    {
        using var gate = new ManualResetEventSlim();
        var others = new List<(Socket Peer, Stream Stream, Task Blocked)>();
        try
        {
            for (var i = 0; i <= Environment.ProcessorCount; i++)
            {
                var (peer, stream) = await ConnectAsync();
                others.Add((peer, stream, BlockAsync(stream)));
            }

            foreach (var (peer, _, _) in others) await peer.SendAsync(new byte[1], Stop);
            for (var i = 0; i < 10; i++)
            {
                var read = _stream.ReadAsync(new byte[1], Stop).AsTask();
                await _peer.SendAsync(new byte[1], Stop);
                Assert.Equal(1, await read.WaitAsync(TimeSpan.FromMinutes(1), Stop));
            }
        }
        finally
        {
            gate.Set();
            foreach (var (peer, stream, blocked) in others)
            {
                await blocked;
                await stream.DisposeAsync();
                peer.Dispose();
            }
        }

        async Task BlockAsync(Stream stream)
        {
            await stream.ReadExactlyAsync(new byte[1], Stop).ConfigureAwait(false);
            gate.Wait(Stop);
        }
    }

    [Fact]
    public async Task A_system_that_cannot_be_told_to_acknowledge_each_segment_is_slower_and_not_wrong()
    {
        var (peer, stream) = await ConnectAsync();
        await using var owned = stream;
        using (peer)
        {
            Assert.Equal(OperatingSystem.IsWindows(), SocketStream.TryAcknowledgeEach(peer));
            await peer.SendAsync(new byte[] { 7 }, Stop);
            var read = new byte[2];
            Assert.Equal((1, 7), (await stream.ReadAsync(read, Stop), read[0]));
        }
    }

    [Fact]
    public async Task A_port_where_nobody_listens_refuses()
    {
        using var taken = new Socket(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound, and never listening
        var e = await Assert.ThrowsAsync<SocketException>(() => WatchedSocketStream.ConnectAsync("127.0.0.1", ((IPEndPoint)taken.LocalEndPoint!).Port, Stop));
        Assert.Equal(SocketError.ConnectionRefused, e.SocketErrorCode);
    }

    internal static async Task<(Socket Peer, Stream Stream)> ConnectAsync()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        listener.Listen();
        var peer = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(listener.LocalEndPoint!, Stop);
        return (peer, WatchedSocketStream.Over(await listener.AcceptAsync(Stop)));
    }
}
