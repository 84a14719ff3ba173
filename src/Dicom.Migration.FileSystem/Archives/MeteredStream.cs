using Dicom.Migration.FileSystem.Media;

namespace Dicom.Migration.FileSystem.Archives;

/// <summary>What comes out of a container: counted against a limit, checked against its length and CRC-32, its errors named.</summary>
internal sealed class MeteredStream(Stream inner, MeteredStream.Budget budget, long? length = null, uint? crc32 = null) : ReadOnlyStream
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(static i =>
    {
        var value = (uint)i;
        for (var bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? 0xEDB88320 ^ (value >> 1) : value >> 1;
        return value;
    })];

    private long _count;
    private uint _crc = 0xFFFFFFFF;

    public override int Read(Span<byte> buffer)
    {
        int read;
        try { read = inner.Read(buffer); }
        catch (Exception e) when (IsDamage(e)) { throw Damaged(e); }
        return Checked(buffer[..read], buffer.Length);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try { read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false); }
        catch (Exception e) when (IsDamage(e)) { throw Damaged(e); }
        return Checked(buffer.Span[..read], buffer.Length);
    }

    /// <summary>Whether the framework says by this exception that a container is damaged.</summary>
    public static bool IsDamage(Exception e) => e is InvalidDataException or EndOfStreamException or IOException or NotSupportedException or FormatException or ArgumentException or OverflowException;

    private int Checked(ReadOnlySpan<byte> bytes, int wanted)
    {
        _count += bytes.Length;
        budget.Take(bytes.Length);
        if (crc32 is not null)
            foreach (var value in bytes) _crc = Table[(byte)(_crc ^ value)] ^ (_crc >> 8);
        // .NET's ZIP reader compares neither; a damaged entry would pass for a whole one.
        if (bytes.IsEmpty && wanted > 0 && ((length is { } l && l != _count) || (crc32 is { } c && c != ~_crc))) throw Damaged(null);
        return bytes.Length;
    }

    private FileSystemException Damaged(Exception? e) => new(new Fault(FaultCode.MalformedContainer, null, _count), e);

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>What one container may still unpack to, in bytes.</summary>
    internal sealed class Budget(long left)
    {
        private long _left = left;

        /// <exception cref="FileSystemException">It is used up.</exception>
        public void Take(long bytes)
        {
            if ((_left -= bytes) < 0) throw new FileSystemException(new Fault(FaultCode.ContainerLimit));
        }
    }
}
