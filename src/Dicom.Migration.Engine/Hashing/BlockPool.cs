using System.Buffers;
using System.Collections.Concurrent;

namespace Dicom.Migration.Engine;

/// <summary>Memory for bodies in flight, in blocks of one size that are used again and again: what the byte budget allows is all there ever is.</summary>
internal sealed class BlockPool
{
    /// <summary>64 KiB: few enough for an image of 512 KB, and a report does not waste much.</summary>
    public const int BlockLength = 64 * 1024;
    private readonly ConcurrentBag<Block> _free = [];

    /// <summary>What <paramref name="length"/> bytes take up in whole blocks.</summary>
    public static long RoundUp(long length) => Math.Max(1, (length + BlockLength - 1) / BlockLength) * BlockLength;

    public Block Rent() => _free.TryTake(out var block) ? block : new Block();

    /// <summary>Takes back a chain of blocks.</summary>
    public void Return(Block? first)
    {
        while (first is not null)
        {
            var next = first.Following;
            first.Unlink();
            _free.Add(first);
            first = next;
        }
    }

    /// <summary>A block in the chain of one object.</summary>
    internal sealed class Block : ReadOnlySequenceSegment<byte>
    {
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(BlockLength);

        public int Length { get; private set; }
        public Block? Following => (Block?)Next;
        public long Offset => RunningIndex;

        /// <summary>Copies as much as fits and returns how much that was.</summary>
        public int Append(ReadOnlySpan<byte> bytes)
        {
            var count = Math.Min(bytes.Length, BlockLength - Length);
            bytes[..count].CopyTo(_bytes.AsSpan(Length));
            Length += count;
            Memory = _bytes.AsMemory(0, Length);
            return count;
        }

        public void Link(Block next)
        {
            next.RunningIndex = RunningIndex + Length;
            Next = next;
        }

        public void Unlink() => (Next, RunningIndex, Length, Memory) = (null, 0, 0, default);
    }
}
