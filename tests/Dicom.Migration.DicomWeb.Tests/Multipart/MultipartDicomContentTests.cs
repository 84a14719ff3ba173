using System.Buffers;
using System.IO.Pipelines;
using Dicom.Migration.DicomWeb.Multipart;

namespace Dicom.Migration.DicomWeb.Tests.Multipart;

/// <summary>What is written together is the same bytes, in few steps.</summary>
public sealed class MultipartDicomContentTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, InlineData(1, 1), InlineData(65_535, 3), InlineData(65_536, 3), InlineData(131_000, 2), InlineData(131_072, 2), InlineData(131_073, 2), InlineData(400_000, 2)]
    public async Task Instances_of_any_size_are_written_whole_and_in_order(int size, int count)
    {
        foreach (var isPiped in new[] { false, true })
        {
            var bodies = Enumerable.Range(0, count).Select(i => Bytes(size, i)).ToArray();
            using var content = new MultipartDicomContent([.. bodies.Select((b, i) => isPiped
                ? StowInstance.FromPipe($"1.2.{i}", Bytes(300, 100 + i), PipeReader.Create(new ReadOnlySequence<byte>(b)), b.Length)
                : StowInstance.FromMemory($"1.2.{i}", Bytes(300, 100 + i), new ReadOnlySequence<byte>(b)))]);
            using var written = new Steps();
            await content.CopyToAsync(written, Token);
            Assert.Equal(content.Headers.ContentLength, written.Length);
            var boundary = content.Headers.ContentType!.Parameters.Single(static p => p.Name == "boundary").Value!;
            var reader = new MultipartReader(PipeReader.Create(new ReadOnlySequence<byte>(written.ToArray())), boundary);
            for (var i = 0; i < count; i++)
            {
                var part = await reader.ReadPartAsync(Token);
                var read = await part!.Body.ReadAtLeastAsync(size + 301, Token);
                Assert.True(read.IsCompleted);
                Assert.Equal([.. Bytes(300, 100 + i), .. bodies[i]], read.Buffer.ToArray());
                part.Body.AdvanceTo(read.Buffer.End);
            }
            Assert.Null(await reader.ReadPartAsync(Token));
        }
    }

    [Fact]
    public async Task Small_instances_are_not_written_one_by_one()
    {
        using var content = new MultipartDicomContent([.. Enumerable.Range(0, 100).Select(i => StowInstance.FromMemory($"1.2.{i}", Bytes(300, i), new ReadOnlySequence<byte>(Bytes(10_240, i))))]);
        using var written = new Steps();
        await content.CopyToAsync(written, Token);
        Assert.InRange(written.Count, 8, 10); // 1.06 MB in pieces of nearly 128 KiB
    }

    private static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private sealed class Steps : MemoryStream
    {
        public int Count { get; private set; }
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Count++;
            return base.WriteAsync(buffer, cancellationToken);
        }
    }
}
