using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>What an open file is, asked of the descriptor and not of a path.</summary>
/// <param name="Mode">Type and permissions, as in st_mode.</param>
/// <param name="Size">In bytes.</param>
/// <param name="ModifiedTicks">Seconds and nanoseconds of the last change, folded into one number; for comparing only.</param>
internal readonly partial record struct FileStatus(int Mode, long Size, long ModifiedTicks)
{
    private const int EmptyPath = 0x1000, NoFollow = 0x100; // AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW

    public bool IsRegular => (Mode & 0xF000) == 0x8000;
    public bool IsDirectory => (Mode & 0xF000) == 0x4000;

    public static FileStatus Of(SafeFileHandle handle) => TryOf(handle, [0], EmptyPath) ?? throw new FileSystemException(new Fault(FaultCode.ReadFailed));

    /// <summary>What an open file is; <see langword="null"/> if that cannot be told.</summary>
    public static unsafe FileStatus? Of(int descriptor)
    {
        byte* buffer = stackalloc byte[256], nothing = stackalloc byte[1];
        return statx(descriptor, nothing, EmptyPath, 0x7FF, buffer) < 0 ? null : Parse(buffer);
    }

    /// <summary>What an entry of a directory is, a link being a link; <see langword="null"/> if that cannot be told.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">Ends in NUL.</param>
    public static FileStatus? OfEntry(SafeFileHandle directory, ReadOnlySpan<byte> name) => TryOf(directory, name, NoFollow);

    private static unsafe FileStatus? TryOf(SafeFileHandle handle, ReadOnlySpan<byte> name, int flags)
    {
        var buffer = stackalloc byte[256];
        fixed (byte* path = name)
            return statx(handle, path, flags, 0x7FF, buffer) < 0 ? null : Parse(buffer);
    }

    // struct statx of linux/stat.h, the same on every architecture: mode at 28, size at 40, mtime at 112.
    private static unsafe FileStatus Parse(byte* status) =>
        new(*(ushort*)(status + 28), *(long*)(status + 40), unchecked((*(long*)(status + 112) * 1_000_000_000L) + *(uint*)(status + 120)));

    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int statx(int directory, byte* path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int statx(SafeFileHandle directory, byte* path, int flags, uint mask, byte* buffer);
}
