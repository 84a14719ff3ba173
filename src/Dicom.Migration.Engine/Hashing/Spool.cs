using System.IO.Pipelines;
using System.Security.Cryptography;

namespace Dicom.Migration.Engine;

/// <summary>Takes a body off its source, hashing it once while it comes, and keeps it until the target has it.</summary>
/// <param name="folder">Where objects larger than <paramref name="largestInMemory"/> go; on a volume that is trusted like the archive itself.</param>
/// <param name="largestInMemory">In bytes. Default 4 MiB: larger objects go to disk as they come.</param>
internal sealed class Spool(string folder, int largestInMemory = 4 << 20)
{
    private static long _counter;

    /// <summary>Reads <paramref name="body"/> to its end.</summary>
    /// <exception cref="EngineException">The spool cannot be written; the source has not been changed by it.</exception>
    public async Task<SpooledObject> TakeAsync(PipeReader body, long? length, IDisposable? budget, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var memory = new MemoryStream(length is { } known && known <= largestInMemory ? (int)known : 0);
        FileStream? file = null;
        try
        {
            while (true)
            {
                var read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
                foreach (var segment in read.Buffer)
                {
                    hash.AppendData(segment.Span);
                    if (file is null && memory.Length + segment.Length > largestInMemory)
                    {
                        file = Create();
                        memory.Position = 0;
                        await memory.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
                        memory.SetLength(0);
                        memory.Capacity = 0;
                    }
                    await ((Stream?)file ?? memory).WriteAsync(segment, cancellationToken).ConfigureAwait(false);
                }
                body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) break;
            }
            if (file is null) return new SpooledObject(memory, hash.GetHashAndReset(), budget);
            await file.FlushAsync(cancellationToken).ConfigureAwait(false);
            return new SpooledObject(file, hash.GetHashAndReset(), budget);
        }
        catch
        {
            if (file is not null) await file.DisposeAsync().ConfigureAwait(false);
            budget?.Dispose();
            throw;
        }
    }

    private FileStream Create()
    {
        try
        {
            Directory.CreateDirectory(folder);
            // The name is a counter of our own: nothing that a peer sent ever becomes a path.
            var path = Path.Join(folder, FormattableString.Invariant($"{Environment.ProcessId:x}-{Interlocked.Increment(ref _counter):x}.spool"));
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                BufferSize = 0,
                Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
            };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            return new FileStream(path, options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(new Fault(FaultCode.WriteFailed), "The spool folder cannot be written; name another one.", e);
        }
    }
}
