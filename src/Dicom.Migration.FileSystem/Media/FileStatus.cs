using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>What an open file is, asked of the descriptor and not of a path.</summary>
/// <param name="Mode">Type and permissions, as in st_mode.</param>
/// <param name="Size">In bytes.</param>
/// <param name="ModifiedTicks">Seconds and nanoseconds of the last change, folded into one number; for comparing only.</param>
/// <param name="ChangedTicks">The same of the last change of content, name or rights, which no program can set.</param>
/// <param name="Number">The file's number in its volume: a file that is put in the place of another has another one.</param>
internal readonly partial record struct FileStatus(int Mode, long Size, long ModifiedTicks, long ChangedTicks, ulong Number)
{
    private const int EmptyPath = 0x1000, NoFollow = 0x100; // AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW

    public bool IsRegular => (Mode & 0xF000) == 0x8000;
    public bool IsDirectory => (Mode & 0xF000) == 0x4000;

    /// <summary>The same as long as nothing has been done to the file: see <see cref="SourceUnit.Stamp"/>.</summary>
    public string Stamp => string.Create(CultureInfo.InvariantCulture, $"{Size:x}.{ModifiedTicks:x}.{ChangedTicks:x}.{Number:x}");

    /// <summary>Whether nobody has written to it in between; a new name or link changes no content.</summary>
    public bool HasContentOf(FileStatus other) => (Mode, Size, ModifiedTicks) == (other.Mode, other.Size, other.ModifiedTicks);

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

    // struct statx of linux/stat.h, the same on every architecture: mode at 28, inode at 32, size at 40, ctime at 96, mtime at 112.
    private static unsafe FileStatus Parse(byte* status) => new(*(ushort*)(status + 28), *(long*)(status + 40), Ticks(status + 112), Ticks(status + 96), *(ulong*)(status + 32));

    private static unsafe long Ticks(byte* time) => unchecked((*(long*)time * 1_000_000_000L) + *(uint*)(time + 8));

    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int statx(int directory, byte* path, int flags, uint mask, byte* buffer);

    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int statx(SafeFileHandle directory, byte* path, int flags, uint mask, byte* buffer);
}
