using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence;

/// <summary>A body as a stream whose bytes are digested as they are read: D1, whatever is unpacked behind it.</summary>
internal sealed class DigestedBody(PipeReader body) : Stream
{
    private readonly Stream _inner = body.AsStream(leaveOpen: true);
    private readonly ByteDigest _digest = new();

    /// <summary>Bytes read so far.</summary>
    public long Count { get; private set; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => Count; set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await _inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _digest.Append(buffer.Span[..count]);
        Count += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Reads what is left, and gives the digest of all.</summary>
    public async ValueTask<LedgerDigest> FinishAsync(CancellationToken cancellationToken)
    {
        var rest = new byte[64 * 1024];
        while (await ReadAsync(rest, cancellationToken).ConfigureAwait(false) > 0) { }
        return new LedgerDigest(_digest.Finish());
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
            _digest.Dispose();
        }
        base.Dispose(disposing);
    }
}
