using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>The rest of an open file as a body: an end without an exception is the end that the file had when it was opened.</summary>
internal sealed partial class FileBody : ReadOnlyStream
{
    private readonly SafeFileHandle _handle;
    private readonly FileStatus _opened;
    private long _offset;

    private FileBody(SafeFileHandle handle, FileStatus opened, long offset) => (_handle, _opened, _offset) = (handle, opened, offset);

    /// <summary>Takes the handle over and closes it when the reader is completed.</summary>
    public static PipeReader Open(SafeFileHandle handle, FileStatus opened, long offset) =>
        PipeReader.Create(new FileBody(handle, opened, offset), new StreamPipeReaderOptions(bufferSize: 131_072, minimumReadSize: 32_768));

    /// <summary>Asks the kernel to forget its copy, so that what is read next comes from the device. Only clean pages go; an error changes nothing.</summary>
    public static void Forget(SafeFileHandle handle) => _ = posix_fadvise(handle, 0, 0, 4);

    public override int Read(Span<byte> buffer)
    {
        try { return Checked(RandomAccess.Read(_handle, buffer, _offset), buffer.Length); }
        catch (IOException e) { throw new FileSystemException(new Fault(FaultCode.ReadFailed, null, _offset), e); }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try { return Checked(await RandomAccess.ReadAsync(_handle, buffer, _offset, cancellationToken).ConfigureAwait(false), buffer.Length); }
        catch (IOException e) { throw new FileSystemException(new Fault(FaultCode.ReadFailed, null, _offset), e); }
    }

    private int Checked(int read, int wanted)
    {
        _offset += read;
        if (read == 0 && wanted > 0 && (_offset != _opened.Size || !FileStatus.Of(_handle).HasContentOf(_opened)))
            throw new FileSystemException(new Fault(FaultCode.SourceChanged, null, _offset));
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _handle.Dispose();
        base.Dispose(disposing);
    }

    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int posix_fadvise(SafeFileHandle handle, long offset, long length, int advice);
}
