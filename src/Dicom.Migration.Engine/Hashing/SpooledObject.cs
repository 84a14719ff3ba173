using System.Buffers;
using System.IO.Pipelines;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.Engine;

/// <summary>One encoded data set on its way: in memory while it is small, in a file of the spool when it is not. Disposing it gives the space back.</summary>
internal sealed class SpooledObject : IDisposable
{
    private readonly BlockPool _pool;
    private readonly SafeFileHandle? _file;
    private BlockPool.Block? _first;
    private readonly ReadOnlySequence<byte> _memory;
    private IDisposable? _share;

    /// <summary>Takes over the blocks, the file if there is one, and the share of the budget.</summary>
    public SpooledObject(BlockPool pool, BlockPool.Block? first, BlockPool.Block? last, SafeFileHandle? file, long length, LedgerDigest digest, IDisposable share)
    {
        (_pool, _first, _file, _share, Length, Digest) = (pool, first, file, share, length, digest);
        _memory = first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Length);
    }

    /// <summary>SHA-256 of the bytes as they arrived: D1.</summary>
    public LedgerDigest Digest { get; }

    /// <summary>In bytes.</summary>
    public long Length { get; }

    /// <summary>Why it could not be read. Whoever was given the body may have made something of the exception that blames the object, or itself.</summary>
    public EngineException? Failure { get; private set; }

    /// <summary>Reads from a place; fewer bytes than asked for, or none, only at the end.</summary>
    /// <exception cref="EngineException">The spool file cannot be read; the object is still at its source.</exception>
    public int ReadAt(long offset, Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, Math.Max(0, Length - offset));
        if (count == 0) return 0;
        if (_file is not null) return ReadFile(_file, buffer[..count], offset);
        _memory.Slice(offset, count).CopyTo(buffer);
        return count;
    }

    private int ReadFile(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        IOException? cause = null;
        try
        {
            if (RandomAccess.Read(file, buffer, offset) is > 0 and var read) return read;
        }
        catch (IOException e) { cause = e; }
        throw Failure = new EngineException(new Fault(cause is null ? FaultCode.SpoolCorrupted : FaultCode.ReadFailed), "A file of the spool folder cannot be read any more; look at its disk, and run again.", cause);
    }

    /// <summary>The bytes from their start, as a stream; any number of readers.</summary>
    public Stream OpenStream() => new SpooledStream(this);

    /// <summary>The bytes from their start, without copying what is in memory.</summary>
    public PipeReader OpenBody() => _file is null ? PipeReader.Create(_memory) : PipeReader.Create(OpenStream(), new StreamPipeReaderOptions(bufferSize: 128 * 1024));

    /// <summary>The first bytes in one piece or several, copied only if they lie in a file.</summary>
    public ReadOnlySequence<byte> Start(int length)
    {
        if (_file is null) return _memory.Slice(0, Math.Min(length, Length));
        var bytes = new byte[Math.Min(length, Length)];
        for (var at = 0; at < bytes.Length;) at += ReadAt(at, bytes.AsSpan(at));
        return new ReadOnlySequence<byte>(bytes);
    }

    public void Dispose()
    {
        _pool.Return(Interlocked.Exchange(ref _first, null));
        _file?.Dispose(); // deleted with its last handle
        Interlocked.Exchange(ref _share, null)?.Dispose();
    }
}
