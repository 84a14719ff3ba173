using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse;
using Microsoft.Win32.SafeHandles;

namespace Comparisons.Dimse;

/// <summary>A C-STORE SCU in a process of its own: out of memory, or out of files, whose data sets are hashed while they are sent.</summary>
internal static class Sender
{
    /// <summary>The process: warms up against a receiver of its own, sends, and says what it took.</summary>
    public static async Task<int> RunAsync(int port, string called, string source, int count, int lanes, int window, int warmUp, CancellationToken cancellationToken)
    {
        var paths = Directory.Exists(source) ? Directory.GetFiles(source).Order(StringComparer.Ordinal).ToArray() : null;
        StoreObject[] objects = paths is null ? StoreObject.Make(source, Math.Min(count, 100)) : [.. paths.Select(static p => StoreObject.Read(File.ReadAllBytes(p)))];
        if (warmUp > 0)
        {
            await using var listener = Receiver.Listen(new Receiver("discard"));
            await SendAsync(listener.EndPoint.Port, "RECEIVER", objects, paths, warmUp, lanes, window, cancellationToken);
        }

        GC.Collect();
        var usage = Usage.Now();
        var sum = await SendAsync(port, called, objects, paths, count, lanes, window, cancellationToken);
        Console.WriteLine(new Figures(count, objects.Length == 0 ? 0 : Enumerable.Range(0, count).Sum(i => (long)objects[i % objects.Length].DataSet.Length), sum, usage.Since()));
        return 0;
    }

    /// <summary>Sends so many, over so many associations at a time, with so many requests outstanding on each.</summary>
    /// <returns>The sum of the digests of what came out of files.</returns>
    public static async Task<ulong> SendAsync(int port, string called, StoreObject[] objects, string[]? paths, int count, int lanes, int window, CancellationToken cancellationToken)
    {
        var (next, sum) = (-1, 0UL);
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(_ => Task.Run(LaneAsync, cancellationToken)));
        return sum;

        async Task LaneAsync()
        {
            var options = new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "SENDER", OperationsWindow = window };
            await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", port, called, StoreObject.Contexts(objects), options, TimeProvider.System, null, cancellationToken);
            await Task.WhenAll(Enumerable.Range(0, association.OperationsWindow).Select(_ => StoreAsync(association)));
            await association.ReleaseAsync();
        }

        async Task StoreAsync(DimseAssociation association)
        {
            using var body = paths is null ? null : new FileBody();
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                var item = objects[i % objects.Length];
                var reader = body is null ? item.Open() : body.Open(paths![i % objects.Length], item.Offset);
                var status = await association.StoreAsync(item.SopClassUid, item.SopInstanceUid, TransferSyntax.ExplicitVrLittleEndian.Uid, reader, cancellationToken);
                if (!status.IsSuccess) throw new InvalidOperationException($"C-STORE ended with {status}.");
                if (body is not null) Interlocked.Add(ref sum, body.Close());
            }
        }
    }

    /// <summary>A file that is read and hashed piece by piece, each piece while the one before it is sent.</summary>
    private sealed class FileBody : PipeReader, IDisposable
    {
        private const int Piece = 262_144;
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private (byte[] Bytes, int Length) _current = (new byte[Piece + Piece], 0);
        private byte[] _spare = new byte[Piece + Piece];
        private SafeFileHandle? _file;
        private long _offset;
        private int _start;
        private bool _isAtEnd;
        private Task<int>? _ahead;

        public FileBody Open(string path, int offset)
        {
            _file = File.OpenHandle(path);
            (_offset, _start, _current.Length, _isAtEnd) = (offset, 0, 0, false);
            _ahead = Task.Run(ReadPiece);
            return this;
        }

        public ulong Close()
        {
            _file?.Dispose();
            Span<byte> digest = stackalloc byte[32];
            _hash.GetHashAndReset(digest);
            return StoreObject.Fold(digest);
        }

        public override bool TryRead(out ReadResult result) => throw new NotSupportedException();

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            if (!_isAtEnd)
            {
                // What is left of the last piece stands before the new one, in room kept for it.
                var count = await _ahead!;
                var left = _current.Length - _start;
                Buffer.BlockCopy(_current.Bytes, _start, _spare, Piece - left, left);
                (_spare, _current) = (_current.Bytes, (_spare, Piece + count));
                _start = Piece - left;
                _isAtEnd = count == 0;
                if (!_isAtEnd) _ahead = Task.Run(ReadPiece, CancellationToken.None);
            }

            return new ReadResult(new ReadOnlySequence<byte>(_current.Bytes, _start, _current.Length - _start), isCanceled: false, _isAtEnd);
        }

        public override void AdvanceTo(SequencePosition consumed) => _start = consumed.GetInteger();
        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);
        public override void CancelPendingRead()
        {
            // nothing is ever pending for long
        }

        public override void Complete(Exception? exception = null) => _file?.Dispose();

        public void Dispose()
        {
            _file?.Dispose();
            _hash.Dispose();
        }

        private int ReadPiece()
        {
            var count = RandomAccess.Read(_file!, _spare.AsSpan(Piece), _offset);
            _hash.AppendData(_spare, Piece, count);
            _offset += count;
            return count;
        }
    }
}
