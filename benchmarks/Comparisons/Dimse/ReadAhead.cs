using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Threading.Channels;

namespace Comparisons.Dimse;

/// <summary>Files that are read whole and hashed ahead of whoever sends them, by threads of their own, as the engine's readers do it. What is sent is the memory that was hashed.</summary>
internal sealed class ReadAhead : IDisposable
{
    private const int MostReaders = 2; // the engine's default
    private const int Spare = 2; // one that waits to be sent, and one that is being read
    private readonly StoreObject[] _objects;
    private readonly string[] _paths;
    private readonly int _count;
    private readonly Stack<Held> _free = []; // under a lock of its own; what was used last is still in the cache
    private readonly Channel<Held> _ready = Channel.CreateUnbounded<Held>();
    private readonly Thread[] _readers;
    private int _next = -1;
    private int _reading;
    private bool _isOver;

    /// <summary>Starts to read.</summary>
    /// <param name="objects">What is known of the files.</param> <param name="paths">The files.</param> <param name="count">Objects in all; the files are read again and again.</param>
    /// <param name="outstanding">Most objects that are sent at a time; of memory there is as much as for two more.</param>
    public ReadAhead(StoreObject[] objects, string[] paths, int count, int outstanding)
    {
        (_objects, _paths, _count) = (objects, paths, count);
        var capacity = objects.Max(static o => o.File.Length) + 1; // one more byte than there is: a file that grew is noticed
        for (var i = 0; i < outstanding + Spare; i++) _free.Push(new Held(capacity));
        _readers = [.. Enumerable.Range(0, Math.Min(outstanding, MostReaders)).Select(_ => new Thread(Run) { IsBackground = true, Name = "read ahead" })];
        _reading = _readers.Length;
        foreach (var reader in _readers) reader.Start();
    }

    /// <summary>What can be sent. Each has to be given back.</summary>
    public ChannelReader<Held> Ready => _ready.Reader;

    /// <summary>It was sent, and answered.</summary>
    public void Return(Held held)
    {
        lock (_free)
        {
            _free.Push(held);
            Monitor.Pulse(_free);
        }
    }

    public void Dispose()
    {
        lock (_free)
        {
            _isOver = true;
            Monitor.PulseAll(_free);
        }

        foreach (var reader in _readers) reader.Join();
    }

    private void Run()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> digest = stackalloc byte[32];
        try
        {
            for (var i = Interlocked.Increment(ref _next); i < _count && Rent() is { } held; i = Interlocked.Increment(ref _next))
            {
                var item = _objects[i % _objects.Length];
                using (var file = File.OpenHandle(_paths[i % _paths.Length]))
                    if (RandomAccess.Read(file, held.Bytes, 0) != item.File.Length) throw new InvalidDataException("A file is not what it was.");
                held.Item = item;
                hash.AppendData(held.DataSet.Span);
                hash.GetHashAndReset(digest);
                held.Digest = StoreObject.Fold(digest);
                _ready.Writer.TryWrite(held);
            }

            if (Interlocked.Decrement(ref _reading) == 0) _ready.Writer.TryComplete();
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            _ready.Writer.TryComplete(e);
        }
    }

    private Held? Rent()
    {
        lock (_free)
        {
            while (_free.Count == 0 && !_isOver) Monitor.Wait(_free); // it does not spin: whoever sends has a use for the processor
            return _isOver ? null : _free.Pop();
        }
    }

    /// <summary>An object in memory that is used again.</summary>
    internal sealed class Held(int capacity)
    {
        public byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(capacity);
        public StoreObject Item { get; set; } = null!;
        public ulong Digest { get; set; }
        public ReadOnlyMemory<byte> DataSet => Bytes.AsMemory(Item.Offset, Item.File.Length - Item.Offset);
        public PipeReader Open() => PipeReader.Create(new ReadOnlySequence<byte>(DataSet));
    }
}
