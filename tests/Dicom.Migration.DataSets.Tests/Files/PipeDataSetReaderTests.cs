using System.IO.Pipelines;

namespace Dicom.Migration.DataSets.Tests;

public sealed class PipeDataSetReaderTests
{
    [Fact]
    public async Task Gives_the_tokens_of_the_bytes_however_the_pipe_is_cut()
    {
        var token = TestContext.Current.CancellationToken;
        var sample = DataSetReaderTests.Everything(new Bytes()).ToArray();
        var expected = ReaderTrace.Of(sample, TransferSyntax.ExplicitVrLittleEndian, null);
        for (var piece = 1; piece < 40; piece++)
        {
            var pipe = new Pipe(new PipeOptions(minimumSegmentSize: 16, pauseWriterThreshold: 0, useSynchronizationContext: false));
            foreach (var chunk in sample.Chunk(piece)) await pipe.Writer.WriteAsync(chunk, token);
            await pipe.Writer.CompleteAsync();
            var reader = new PipeDataSetReader(pipe.Reader, TransferSyntax.ExplicitVrLittleEndian);
            var (count, bytes) = (0, "");
            while (await reader.ReadAsync(token))
            {
                if (reader.Element.Token == DataSetToken.Value) { bytes += Convert.ToHexString(reader.Piece.Span); continue; }
                Assert.Equal((expected[count].Token, expected[count].Tag, expected[count].Header), (reader.Element.Token, reader.Element.Tag, reader.Element.HeaderOffset));
                count++;
            }
            Assert.Equal((expected.Count, string.Concat(expected.Select(e => e.Bytes))), (count, bytes));
            await pipe.Reader.CompleteAsync();
        }
    }
}
