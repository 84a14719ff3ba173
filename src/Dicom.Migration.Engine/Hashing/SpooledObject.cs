namespace Dicom.Migration.Engine;

/// <summary>One encoded data set on its way: in memory while it is small, in a file of the spool when it is not. Disposing it gives the space back.</summary>
internal sealed class SpooledObject : IAsyncDisposable
{
    private readonly MemoryStream? _memory;
    private readonly FileStream? _file;
    private readonly IDisposable? _budget;

    public SpooledObject(MemoryStream memory, byte[] digest, IDisposable? budget) => (_memory, Digest, _budget, Length) = (memory, digest, budget, memory.Length);

    public SpooledObject(FileStream file, byte[] digest, IDisposable? budget) => (_file, Digest, _budget, Length) = (file, digest, budget, file.Length);

    /// <summary>SHA-256 of the bytes as they arrived: D1.</summary>
    public byte[] Digest { get; }

    /// <summary>In bytes.</summary>
    public long Length { get; }

    /// <summary>The bytes from their start. One reader at a time; the stream belongs to this object.</summary>
    public Stream OpenRead()
    {
        var stream = (Stream?)_memory ?? _file!;
        stream.Position = 0;
        return stream;
    }

    public async ValueTask DisposeAsync()
    {
        if (_memory is not null) await _memory.DisposeAsync().ConfigureAwait(false);
        if (_file is not null) await _file.DisposeAsync().ConfigureAwait(false); // deleted with its last handle
        _budget?.Dispose();
    }
}
