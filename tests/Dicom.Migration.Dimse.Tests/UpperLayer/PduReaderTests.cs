using System.Buffers;
using Dicom.Migration.Dimse.Transport;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.UpperLayer;

/// <summary>However a stream comes, and whatever was asked for at a time, it holds the same PDUs.</summary>
public class PduReaderTests
{
    private const int Limit = 131_072;

    [Fact]
    public async Task The_same_PDUs_come_out_whatever_pieces_they_come_in()
    {
        var random = new Random(1);
        byte[][] pdus = [.. Enumerable.Range(0, 60).Select(i => Data((byte)(i % 3 == 0 ? 1 : 0), Bytes(random, i % 7 == 3 ? random.Next(2, Limit - 6) : random.Next(2, 20_000))))];
        byte[] all = [.. pdus.SelectMany(static p => p)];
        foreach (var most in new[] { 1, 5, 11, 4_096, 32_768, 65_536, int.MaxValue })
        {
            Assert.Equal(pdus, await ReadAllAsync(new PieceStream(all, random, most)));
            Assert.Equal(pdus, await ReadAllAsync(new BeyondStream(new PieceStream(all, random, most))));
        }
    }

    [Theory]
    [InlineData(32_761, 0)] // shorter than a long one
    [InlineData(60_000, 1)] // a command
    public async Task Only_a_long_fragment_of_a_data_set_comes_in_parts(int length, byte control)
    {
        var pdu = Data(control, Bytes(new Random(2), length));
        var reader = new PduReader(AsyncDuplexStream.Of(new PieceStream(pdu, new Random(3), 1_000)), Limit);
        Assert.Equal(pdu.Length, Pdu.HeaderLength + (await TakeAsync(reader)).Body.Length);
    }

    [Fact]
    public async Task A_PDU_of_two_values_comes_whole()
    {
        var (first, second) = (Data(0, Bytes(new Random(4), 40_000)), Data(2, Bytes(new Random(5), 10)));
        byte[] values = [.. first.Skip(6), .. second.Skip(6)];
        byte[] pdu = [4, 0, 0, (byte)(values.Length >> 16), (byte)(values.Length >> 8), (byte)values.Length, .. values];
        var frame = await TakeAsync(new PduReader(AsyncDuplexStream.Of(new PieceStream(pdu, new Random(6), 1_000)), Limit));
        Assert.Equal(values, frame.Body.ToArray());
    }

    [Fact]
    public async Task A_stream_that_ends_inside_a_PDU_says_so()
    {
        var pdu = Data(0, Bytes(new Random(7), 50_000));
        foreach (var length in new[] { 1, 11, 12, 20_000, pdu.Length - 1 })
        {
            var reader = new PduReader(AsyncDuplexStream.Of(new PieceStream(pdu[..length], new Random(8), 3_000)), Limit);
            PduFrame frame;
            while (!reader.TryTake(out frame) && await reader.FillAsync(TestContext.Current.CancellationToken)) Assert.True(reader.IsInside);
            var scratch = new byte[Limit];
            while (frame.Missing > 0 && await reader.ReadRestAsync(scratch, isLast: true, TestContext.Current.CancellationToken) > 0) Assert.True(reader.IsInside);
            Assert.True(reader.IsInside);
        }
    }

    [Fact]
    public async Task A_PDU_above_its_limit_is_refused_before_any_of_it_is_taken()
    {
        var reader = new PduReader(AsyncDuplexStream.Of(new PieceStream(Data(0, new byte[Limit]), new Random(9), 12)), Limit);
        var e = await Assert.ThrowsAsync<AssociationException>(() => TakeAsync(reader));
        Assert.Equal(FaultCode.MessageTooLong, e.Fault.Code);
    }

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Data(byte control, byte[] fragment)
    {
        var pdu = new byte[12 + fragment.Length];
        PduWriter.WriteDataHeader(pdu, 1, (control & 1) != 0, (control & 2) != 0, fragment.Length);
        fragment.CopyTo(pdu, 12);
        return pdu;
    }

    private static async Task<PduFrame> TakeAsync(PduReader reader)
    {
        PduFrame frame;
        while (!reader.TryTake(out frame)) Assert.True(await reader.FillAsync(TestContext.Current.CancellationToken));
        return frame;
    }

    private static async Task<List<byte[]>> ReadAllAsync(Stream stream)
    {
        var reader = new PduReader(AsyncDuplexStream.Of(stream), Limit);
        var pdus = new List<byte[]>();
        while (true)
        {
            if (!reader.TryTake(out var frame))
            {
                if (await reader.FillAsync(TestContext.Current.CancellationToken)) continue;
                Assert.False(reader.IsInside);
                return pdus;
            }

            var length = (int)frame.Body.Length + frame.Missing;
            List<byte> pdu = [(byte)frame.Type, 0, 0, (byte)(length >> 16), (byte)(length >> 8), (byte)length, .. frame.Body.ToArray()];
            var scratch = new byte[30_000];
            for (var missing = frame.Missing; missing > 0;)
            {
                var count = await reader.ReadRestAsync(scratch.AsMemory(0, Math.Min(missing, scratch.Length)), isLast: false, TestContext.Current.CancellationToken);
                Assert.NotEqual(0, count);
                pdu.AddRange(scratch.AsSpan(0, count));
                missing -= count;
            }

            pdus.Add([.. pdu]);
        }
    }

    /// <summary>Gives what comes after a long fragment along with it.</summary>
    private sealed class BeyondStream(PieceStream inner) : AsyncDuplexStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override async ValueTask<int> ReadMuchAsync(Memory<byte> buffer, Memory<byte> beyond, int least, CancellationToken cancellationToken)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            return count < buffer.Length || beyond.IsEmpty ? count : count + await inner.ReadAsync(beyond, cancellationToken);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }

    /// <summary>Gives at most so many bytes at a time.</summary>
    private sealed class PieceStream(byte[] bytes, Random random, int most) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, most == int.MaxValue ? most : random.Next(1, most + 1))], cancellationToken);
    }
}
