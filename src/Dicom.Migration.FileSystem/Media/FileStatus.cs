using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>What an open file is, asked of the descriptor and not of a path.</summary>
/// <param name="Mode">Type and permissions, as in st_mode.</param>
/// <param name="Size">In bytes.</param>
/// <param name="ModifiedTicks">Seconds and nanoseconds of the last change, folded into one number; for comparing only.</param>
internal readonly partial record struct FileStatus(int Mode, long Size, long ModifiedTicks)
{
    public bool IsRegular => (Mode & 0xF000) == 0x8000;

    public static unsafe FileStatus Of(SafeFileHandle handle)
    {
        // struct statx of linux/stat.h, the same on every architecture: mode at 28, size at 40, mtime at 112. 0x1000 is AT_EMPTY_PATH.
        var buffer = stackalloc byte[256];
        if (statx(handle, "", 0x1000, 0x7FF, buffer) < 0) throw new FileSystemException(new Fault(FaultCode.ReadFailed));
        return new FileStatus(*(ushort*)(buffer + 28), *(long*)(buffer + 40), unchecked((*(long*)(buffer + 112) * 1_000_000_000L) + *(uint*)(buffer + 120)));
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int statx(SafeFileHandle handle, string path, int flags, uint mask, byte* buffer);
}
