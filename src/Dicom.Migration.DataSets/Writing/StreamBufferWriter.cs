using System.Buffers;

namespace Dicom.Migration.DataSets;

/// <summary>Hands what is written to a stream, through one buffer.</summary>
internal sealed class StreamBufferWriter(Stream stream) : IBufferWriter<byte>
{
    private byte[] _buffer = new byte[65_536];
    private int _count;

    public void Advance(int count) => _count += count;
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Room(sizeHint);
        return _buffer.AsMemory(_count);
    }
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Room(sizeHint);
        return _buffer.AsSpan(_count);
    }

    internal void Flush()
    {
        stream.Write(_buffer, 0, _count);
        _count = 0;
    }

    private void Room(int sizeHint)
    {
        if (_buffer.Length - _count >= Math.Max(sizeHint, 1)) return;
        Flush();
        if (_buffer.Length < sizeHint) _buffer = new byte[sizeHint];
    }
}
