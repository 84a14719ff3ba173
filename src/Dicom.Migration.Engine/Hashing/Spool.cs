using System.IO.Pipelines;
using System.Security.Cryptography;
using Dicom.Migration.Engine.Pacing;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.Engine;

/// <summary>Takes a body off its source, hashing it once while it comes, and keeps it until the target has it.</summary>
/// <remarks>Each object has a share of the byte budget before its first byte is read; one larger than <paramref name="largestInMemory"/>, or
/// longer than its source said, goes to a file.</remarks>
/// <param name="folder">Where larger objects go; on a volume that is trusted like the archive itself.</param>
/// <param name="budget">Bounds what is in memory.</param>
/// <param name="largestInMemory">In bytes.</param>
internal sealed class Spool(string folder, ByteBudget budget, int largestInMemory)
{
    private const string Extension = ".spool";
    private readonly BlockPool _pool = new();
    private readonly string _prefix = Guid.NewGuid().ToString("N");
    private long _counter;

    /// <summary>Removes what a run left in the folder that was killed before a file of it had lost its name. What another run has open loses only its name.</summary>
    public static void RemoveAbandoned(string folder)
    {
        try
        {
            foreach (var path in Directory.EnumerateFiles(folder, "*" + Extension))
                if (Path.GetFileName(path.AsSpan()) is { Length: > 33 } name && name[32] == '-' && Guid.TryParseExact(name[..32], "N", out _)) File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { } // there is no folder yet; or it cannot be written, which whoever writes will tell
    }

    /// <summary>Waits for room, and reads <paramref name="body"/> to its end.</summary>
    /// <param name="body">One encoded data set.</param>
    /// <param name="length">Its length in bytes, if it is known; a claim and no more.</param>
    /// <param name="cancellationToken">Ends the wait and the reading.</param>
    /// <exception cref="EngineException">The spool cannot be written; the source has not been changed by it.</exception>
    public async Task<SpooledObject> TakeAsync(PipeReader body, long? length, CancellationToken cancellationToken)
    {
        var expected = length is { } known && known > largestInMemory ? 1 : length ?? largestInMemory;
        var share = await budget.AcquireAsync(BlockPool.RoundUp(expected), cancellationToken).ConfigureAwait(false);
        BlockPool.Block? first = null;
        SafeFileHandle? file = null;
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            if (length > largestInMemory) file = Create();
            var (total, held, last) = (0L, 0L, (BlockPool.Block?)null);
            while (true)
            {
                var read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
                foreach (var segment in read.Buffer)
                {
                    hash.AppendData(segment.Span);
                    var rest = segment;
                    while (file is null && !rest.IsEmpty)
                    {
                        if (last is null || last.Length == BlockPool.BlockLength)
                        {
                            if (held + BlockPool.BlockLength > share.Bytes) // more than its share: on to disk, with what is here already
                            {
                                file = Create();
                                for (var block = first; block is not null; block = block.Following) Write(file, block.Memory.Span, block.Offset);
                                _pool.Return(first);
                                (first, last) = (null, null);
                                share.ShrinkTo(BlockPool.BlockLength);
                                break;
                            }
                            var next = _pool.Rent();
                            last?.Link(next);
                            first ??= next;
                            last = next;
                            held += BlockPool.BlockLength;
                        }
                        rest = rest[last.Append(rest.Span)..];
                        total = last.Offset + last.Length;
                    }
                    if (rest.IsEmpty) continue;
                    Write(file!, rest.Span, total);
                    total += rest.Length;
                }
                body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) break;
            }
            if (file is null) share.ShrinkTo(Math.Max(BlockPool.BlockLength, held));
            return new SpooledObject(_pool, first, last, file, total, new LedgerDigest(hash.GetHashAndReset()), share);
        }
        catch
        {
            _pool.Return(first);
            file?.Dispose();
            share.Dispose();
            throw;
        }
    }

    private static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        try { RandomAccess.Write(file, bytes, offset); }
        catch (IOException e) { throw NotWritten(e); }
    }

    private SafeFileHandle Create()
    {
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            // The name is a counter of our own: nothing that a peer sent ever becomes a path.
            var path = Path.Join(folder, FormattableString.Invariant($"{_prefix}-{Interlocked.Increment(ref _counter):x}{Extension}"));
            var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
            if (OperatingSystem.IsWindows()) return handle; // there the kernel keeps the promise of DeleteOnClose, however the process ends
            try
            {
                File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                File.Delete(path); // before it holds anything: without a name it goes with the process, and no copy of an object stays behind
                return handle;
            }
            catch
            {
                handle.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { throw NotWritten(e); }
    }

    // .NET keeps errno in HResult: ENOSPC and EDQUOT; on Windows ERROR_DISK_FULL.
    private static EngineException NotWritten(Exception e) => e.HResult is 28 or 122 or unchecked((int)0x80070070)
        ? new(new Fault(FaultCode.DiskFull), "The volume of the spool folder is full; make room, or name another folder.", e)
        : new(new Fault(FaultCode.WriteFailed), "The spool folder cannot be written; look at its disk, or name another folder.", e);
}
