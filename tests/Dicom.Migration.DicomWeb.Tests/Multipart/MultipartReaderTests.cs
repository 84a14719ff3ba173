using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Dicom.Migration.DicomWeb.Multipart;
using FsCheck;
using FsCheck.Xunit;

namespace Dicom.Migration.DicomWeb.Tests.Multipart;

/// <summary>RFC 2046 §5.1: parts come out as they went in, however the stream is cut; a body that ends too early says so.</summary>
public sealed class MultipartReaderTests
{
    private const string Boundary = "abc";
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // What looks like a boundary and is none: its start, its bytes with more behind, a close that goes on, bare line feeds.
    private static readonly byte[][] Lookalikes = Array.ConvertAll(
        ["\r", "\r\n", "\r\n-", "\r\n--", "\r\n--ab", "\r\n--abcd", "\r\n--abc-", "\r\n--abc--x", "\r\n--abc x", "\n--abc\r\n", "--abc\r\n", "\r\r\n--ab\r\n--", "\r\n--abc\r", "\r\n--abc \t"], Encoding.ASCII.GetBytes);

    [Property(MaxTest = 300)]
    public async Task<bool> Every_part_comes_out_as_it_went_in_however_the_stream_is_cut(NonNull<byte[]>[] contents, PositiveInt piece, int seed)
    {
        var random = new System.Random(seed);
        var parts = contents.Select(c => (byte[])[.. c.Get, (byte)'.', .. Lookalikes[random.Next(Lookalikes.Length)], (byte)'.', .. c.Get]).ToList();
        // Full stops around a lookalike: with other bytes beside it, it could be a boundary.
        var read = await MultipartSample.ReadAllAsync(new MultipartReader(MultipartSample.InPieces(MultipartSample.Write(Boundary, parts), piece.Get), Boundary));
        return read.Count == parts.Count && read.Zip(parts).All(p => p.First.AsSpan().SequenceEqual(p.Second));
    }

    [Fact]
    public async Task Every_split_of_a_sample_gives_the_same_parts()
    {
        byte[][] contents = [.. Lookalikes.Select(l => l.Append((byte)'.').ToArray()), [], [0, 255]];
        var bytes = MultipartSample.Write(Boundary, contents);
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var pipe = new Pipe(new PipeOptions(readerScheduler: PipeScheduler.Inline, useSynchronizationContext: false));
            var reading = MultipartSample.ReadAllAsync(new MultipartReader(pipe.Reader, Boundary));
            await pipe.Writer.WriteAsync(bytes.AsMemory(0, cut), Token);
            await pipe.Writer.WriteAsync(bytes.AsMemory(cut), Token);
            await pipe.Writer.CompleteAsync();
            Assert.Equal(contents, await reading);
        }
    }

    [Fact]
    public async Task A_body_cut_anywhere_before_its_final_boundary_is_cut_off_and_never_has_fewer_parts()
    {
        var bytes = MultipartSample.Write(Boundary, [[1, 2, 3], [4, 5, 6]]);
        var end = bytes.Length - 2; // the CR LF behind the final boundary is not needed
        for (var length = 0; length < end; length++)
        {
            var e = await Assert.ThrowsAsync<DicomWebException>(() => MultipartSample.ReadAllAsync(new MultipartReader(MultipartSample.InPieces(bytes[..length], 7), Boundary)));
            Assert.Equal(FaultCode.PeerClosedEarly, e.Fault.Code);
            Assert.True(e.Fault.IsTransient);
        }
        Assert.Equal(2, (await MultipartSample.ReadAllAsync(new MultipartReader(MultipartSample.InPieces(bytes[..end], 7), Boundary))).Count);
    }

    [Fact]
    public async Task A_part_left_unread_or_half_read_does_not_harm_the_next()
    {
        var bytes = MultipartSample.Write(Boundary, [new byte[5_000], [1], new byte[300], [2]]);
        for (var piece = 1; piece < 400; piece += 13)
        {
            var reader = new MultipartReader(MultipartSample.InPieces(bytes, piece), Boundary);
            var first = await reader.ReadPartAsync(Token);
            var read = await first!.Body.ReadAsync(Token);
            first.Body.AdvanceTo(read.Buffer.GetPosition(read.Buffer.Length / 2));
            await first.DisposeAsync();
            Assert.Equal([1], await ContentAsync((await reader.ReadPartAsync(Token))!));
            Assert.NotNull(await reader.ReadPartAsync(Token));
            Assert.Equal([2], await ContentAsync((await reader.ReadPartAsync(Token))!));
            Assert.Null(await reader.ReadPartAsync(Token));
            Assert.Null(await reader.ReadPartAsync(Token));
        }
    }

    [Fact]
    public async Task A_reader_that_examines_without_consuming_is_given_more_until_all_is_there()
    {
        var content = Enumerable.Range(0, 2_000).Select(static i => (byte)i).ToArray();
        var reader = new MultipartReader(MultipartSample.InPieces(MultipartSample.Write(Boundary, [content]), 50), Boundary);
        var body = (await reader.ReadPartAsync(Token))!.Body;
        while (true)
        {
            var read = await body.ReadAsync(Token);
            var all = read.Buffer.ToArray();
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (!read.IsCompleted) continue;
            Assert.Equal(content, all);
            break;
        }
        Assert.Null(await reader.ReadPartAsync(Token));
    }

    [Theory]
    [InlineData("", FaultCode.ProtocolViolation)]
    [InlineData("a ", FaultCode.ProtocolViolation)]
    [InlineData("a\r\nb", FaultCode.ProtocolViolation)]
    [InlineData("caf\u00e9", FaultCode.ProtocolViolation)]
    public void A_boundary_that_is_none_is_refused(string boundary, FaultCode code) =>
        Assert.Equal(code, Assert.Throws<DicomWebException>(() => new MultipartReader(PipeReader.Create(Stream.Null), boundary)).Fault.Code);

    [Fact]
    public void A_boundary_of_1000_characters_is_refused() =>
        Assert.Equal(FaultCode.MessageTooLong, Assert.Throws<DicomWebException>(() => new MultipartReader(PipeReader.Create(Stream.Null), new string('a', 1_000))).Fault.Code);

    [Theory]
    [InlineData("no colon\r\n", FaultCode.ProtocolViolation)]
    [InlineData(": no name\r\n", FaultCode.ProtocolViolation)]
    [InlineData("A: 1\r\nA: 2\r\n", FaultCode.ProtocolViolation)]
    public async Task A_header_that_is_none_is_refused(string header, FaultCode code) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<DicomWebException>(() => MultipartSample.ReadAllAsync(new MultipartReader(MultipartSample.InPieces(MultipartSample.Write(Boundary, [[1]], header), 9), Boundary)))).Fault.Code);

    [Fact]
    public async Task A_header_of_a_megabyte_is_refused_before_it_is_all_read()
    {
        var stream = new MemoryStream(MultipartSample.Write(Boundary, [[1]], $"A: {new string('x', 1_000_000)}\r\n"));
        var reader = new MultipartReader(PipeReader.Create(stream), Boundary);
        Assert.Equal(FaultCode.MessageTooLong, (await Assert.ThrowsAsync<DicomWebException>(async () => await reader.ReadPartAsync(Token))).Fault.Code);
        Assert.InRange(stream.Position, 1, 100_000);
    }

    [Fact]
    public async Task A_preamble_without_end_is_refused_before_it_is_all_read()
    {
        var stream = new MemoryStream(new byte[1_000_000]);
        Assert.Equal(FaultCode.ProtocolViolation, (await Assert.ThrowsAsync<DicomWebException>(async () => await new MultipartReader(PipeReader.Create(stream), Boundary).ReadPartAsync(Token))).Fault.Code);
        Assert.InRange(stream.Position, 1, 100_000);
    }

    [Fact]
    public async Task More_parts_than_the_limit_are_refused()
    {
        var reader = new MultipartReader(MultipartSample.InPieces(MultipartSample.Write(Boundary, Enumerable.Repeat(new byte[1], 4)), 64), Boundary, new MultipartLimits { MaxParts = 3 });
        Assert.Equal(FaultCode.MessageTooLong, (await Assert.ThrowsAsync<DicomWebException>(() => MultipartSample.ReadAllAsync(reader))).Fault.Code);
    }

    [Fact]
    public async Task Preamble_padding_epilogue_and_folded_headers_are_read_as_the_standard_says()
    {
        var bytes = Encoding.ASCII.GetBytes("preamble\r\n--abc \t\r\ncontent-TYPE: application/dicom;\r\n transfer-syntax=1.2\r\n\r\nx\r\n--abc--  \r\nepilogue\r\n--abc\r\n");
        var reader = new MultipartReader(MultipartSample.InPieces(bytes, 3), Boundary);
        var part = await reader.ReadPartAsync(Token);
        Assert.Equal("application/dicom; transfer-syntax=1.2", part!.Headers.ContentType);
        Assert.Equal("x"u8.ToArray(), await ContentAsync(part));
        Assert.Null(await reader.ReadPartAsync(Token));
    }

    private static async Task<byte[]> ContentAsync(MultipartPart part)
    {
        using var content = new MemoryStream();
        await part.Body.CopyToAsync(content, Token);
        return content.ToArray();
    }
}
