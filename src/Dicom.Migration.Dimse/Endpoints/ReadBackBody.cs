using System.Buffers;
using System.IO.Pipelines;

namespace Dicom.Migration.Dimse;

/// <summary>A body that an archive sends back. A short one is held before it is handed on, so that a lost connection is nobody's verdict; a long one is passed through.</summary>
internal static class ReadBackBody
{
    private const int LongestHeld = 4 << 20; // bytes: one lane's share, and all but multi-frame objects

    /// <returns><see langword="null"/> if it broke off while it was held.</returns>
    public static async Task<PipeReader?> TakeAsync(PipeReader body, CancellationToken cancellationToken)
    {
        var held = new ArrayBufferWriter<byte>(65_536);
        try
        {
            while (held.WrittenCount <= LongestHeld)
            {
                var read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
                foreach (var segment in read.Buffer) held.Write(segment.Span);
                body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) return PipeReader.Create(new ReadOnlySequence<byte>(held.WrittenMemory));
            }
        }
        catch (MigrationException)
        {
            return null;
        }

        return PipeReader.Create(new PrefixedStream(held.WrittenMemory, body.AsStream(leaveOpen: true)), new StreamPipeReaderOptions(bufferSize: 65_536));
    }

    /// <summary>Bytes that are here, and the stream that goes on behind them.</summary>
    private sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest) : Stream
    {
        private ReadOnlyMemory<byte> _prefix = prefix;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_prefix.IsEmpty) return rest.ReadAsync(buffer, cancellationToken);
            var count = Math.Min(_prefix.Length, buffer.Length);
            _prefix[..count].CopyTo(buffer);
            _prefix = _prefix[count..];
            return ValueTask.FromResult(count);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
