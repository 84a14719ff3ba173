using System.IO.Compression;

namespace Dicom.Migration.DataSets;

/// <summary>Inflates a data set (PS3.5 §A.5) in bounded memory, and refuses one that grows beyond any image.</summary>
internal sealed class Inflater : IDisposable
{
    // Beyond 1 MiB the ratio may not pass 200:1; deflate's own limit is 1,032:1, images and their headers stay under 100:1.
    internal const long FreeLength = 1_048_576;
    internal const long MaxRatio = 200;
    private readonly CountedInput _input;
    private readonly DeflateStream _inflate;
    private readonly long _offset;
    private long _inflated;

    /// <param name="deflated">Stands at the start of the deflated bytes; not disposed.</param>
    /// <param name="offset">Their offset in the file, for errors.</param>
    internal Inflater(Stream deflated, long offset)
    {
        (_input, _offset) = (new CountedInput(deflated), offset);
        _inflate = new DeflateStream(_input, CompressionMode.Decompress, leaveOpen: true);
    }

    /// <returns>Bytes inflated; 0 at the end of the stream, if its last block is whole.</returns>
    /// <exception cref="DicomFormatException">Damaged or cut short (<see cref="FaultCode.MalformedDeflate"/>), or too large (<see cref="FaultCode.InflationLimit"/>).</exception>
    internal int Read(Span<byte> into)
    {
        try { return Check(_inflate.Read(into)); }
        catch (InvalidDataException e) { throw Bad(FaultCode.MalformedDeflate, e); }
    }

    /// <inheritdoc cref="Read"/>
    internal async ValueTask<int> ReadAsync(Memory<byte> into, CancellationToken cancellationToken)
    {
        try { return Check(await _inflate.ReadAsync(into, cancellationToken).ConfigureAwait(false)); }
        catch (InvalidDataException e) { throw Bad(FaultCode.MalformedDeflate, e); }
    }

    private int Check(int count)
    {
        // A stream that is whole is never asked for more than it has: the end of the input was met inside a block.
        if (count == 0 && _input.MetEnd) throw Bad(FaultCode.MalformedDeflate);
        _inflated += count;
        return _inflated > FreeLength && _inflated / MaxRatio > _input.Count ? throw Bad(FaultCode.InflationLimit) : count;
    }

    private DicomFormatException Bad(FaultCode code, Exception? inner = null) => new(new Fault(code, null, _offset + _input.Count), inner);

    /// <inheritdoc/>
    public void Dispose()
    {
        _inflate.Dispose();
        _input.Dispose();
    }

    private sealed class CountedInput(Stream inner) : Stream
    {
        internal long Count { get; private set; }
        internal bool MetEnd { get; private set; }
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => Count; set => throw new NotSupportedException(); }
        public override int Read(byte[] buffer, int offset, int count) => Note(inner.Read(buffer, offset, count), count);
        public override int Read(Span<byte> buffer) => Note(inner.Read(buffer), buffer.Length);
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Note(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false), buffer.Length);
        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private int Note(int read, int asked)
        {
            Count += read;
            MetEnd |= read == 0 && asked > 0;
            return read;
        }
    }
}
