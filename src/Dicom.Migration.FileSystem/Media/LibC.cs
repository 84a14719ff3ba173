using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>The system calls of Linux.</summary>
internal sealed partial class LibC : ILibC
{
    public const int WorkingDirectory = -100;
    public const int ReadOnly = 0, WriteOnly = 1, Create = 0x40, Exclusive = 0x80, NonBlocking = 0x800, CloseOnExec = 0x80000;
    public const int NoEntry = 2, Interrupted = 4, IoError = 5, Exists = 17, NotADirectory = 20, Invalid = 22, NoSpace = 28, NotImplemented = 38, TooManyLinks = 40, OverQuota = 122;

    // Numbers of asm-generic/fcntl.h, which x86 uses, and of arm64's own fcntl.h.
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;
    public static int Directory { get; } = IsArm ? 0x4000 : 0x10000;
    public static int NoFollow { get; } = IsArm ? 0x8000 : 0x20000;

    public static LibC Instance { get; } = new();

    public int OpenAt(int directory, string name, int flags, int mode)
    {
        int result;
        do result = Outcome(openat(directory, name, flags | CloseOnExec, mode)); while (result == -Interrupted);
        return result;
    }

    /// <summary>Opens by the bytes of a name.</summary>
    /// <param name="directory">Descriptor of the directory that it is in.</param>
    /// <param name="name">Ends in NUL.</param>
    /// <param name="flags">Of open(2).</param>
    public static unsafe int OpenAt(int directory, ReadOnlySpan<byte> name, int flags)
    {
        int result;
        fixed (byte* start = name)
            do result = Outcome(openat(directory, start, flags | CloseOnExec, 0)); while (result == -Interrupted);
        return result;
    }

    /// <summary>Reads the next entries of a directory, as many as fit, as struct linux_dirent64 (getdents64(2)).</summary>
    /// <returns>Bytes read; 0 at the end.</returns>
    public static unsafe int ReadDirectory(SafeFileHandle directory, Span<byte> entries)
    {
        int result;
        fixed (byte* start = entries)
            do result = Outcome((int)getdents64(directory, start, entries.Length)); while (result == -Interrupted);
        return result;
    }

    /// <summary>Reads from an offset on.</summary>
    /// <returns>Bytes read; 0 at the end.</returns>
    public static unsafe int ReadAt(int descriptor, Span<byte> into, long offset)
    {
        int result;
        fixed (byte* start = into)
            do result = Outcome((int)pread(descriptor, start, into.Length, offset)); while (result == -Interrupted);
        return result;
    }

    /// <summary>Tells the kernel to read no more than what is asked for: it would fetch 64 KiB and more of a file that is read from its start.</summary>
    public static void ReadNothingAhead(int descriptor) => _ = posix_fadvise(descriptor, 0, 0, 1);

    public int MakeDirectoryAt(int directory, string name, int mode)
    {
        int result;
        do result = Outcome(mkdirat(directory, name, mode)); while (result == -Interrupted);
        return result;
    }

    public int RenameAt(int fromDirectory, string from, int toDirectory, string to, bool replace)
    {
        int result;
        do result = Outcome(renameat2(fromDirectory, from, toDirectory, to, replace ? 0u : 1u)); while (result == -Interrupted);
        if (replace || result is not (-Invalid or -NotImplemented)) return result;
        // The file system knows no RENAME_NOREPLACE (some network and FUSE file systems): a hard link refuses an existing name just as well.
        do result = Outcome(linkat(fromDirectory, from, toDirectory, to, 0)); while (result == -Interrupted);
        return result < 0 ? result : UnlinkAt(fromDirectory, from);
    }

    public int UnlinkAt(int directory, string name)
    {
        int result;
        do result = Outcome(unlinkat(directory, name, 0)); while (result == -Interrupted);
        return result;
    }

    public unsafe int Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        int result;
        fixed (byte* start = bytes)
            do result = Outcome((int)write(descriptor, start, bytes.Length)); while (result == -Interrupted);
        return result;
    }

    public unsafe int WriteAt(int descriptor, ReadOnlySpan<byte> bytes, long offset)
    {
        int result;
        fixed (byte* start = bytes)
            do result = Outcome((int)pwrite(descriptor, start, bytes.Length, offset)); while (result == -Interrupted);
        return result;
    }

    public int Sync(int descriptor)
    {
        int result;
        do result = Outcome(fsync(descriptor)); while (result == -Interrupted);
        return result;
    }

    public int SyncVolume(int descriptor)
    {
        if (!ReportsVolumeErrors(descriptor)) return -NotImplemented;
        int result;
        do result = Outcome(syncfs(descriptor)); while (result == -Interrupted);
        return result;
    }

    // syncfs(2): "since Linux 5.8, syncfs() will report an error if one or more inodes failed to be written back since the last call";
    // trusted on the file systems that it was tried on, by cutting them off without a sync.
    private static unsafe bool ReportsVolumeErrors(int descriptor)
    {
        const long Ext4 = 0xEF53, Xfs = 0x58465342;
        if (!Environment.Is64BitProcess || !OperatingSystem.IsOSPlatformVersionAtLeast("linux", 5, 8)) return false;
        var buffer = stackalloc long[32]; // struct statfs: f_type is first, 120 bytes in all
        return fstatfs(descriptor, buffer) == 0 && buffer[0] is Ext4 or Xfs;
    }

    // close(2): after EINTR the descriptor is gone all the same; trying again could close another's.
    public int Close(int descriptor) => Outcome(close(descriptor));

    // Loops instead of a delegate for each call: opening a file costs a call for every name on its path.
    private static int Outcome(int result) => result < 0 ? -Marshal.GetLastPInvokeError() : result;

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int openat(int directory, string name, int flags, int mode);
    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int openat(int directory, byte* name, int flags, int mode);
    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial nint getdents64(SafeFileHandle directory, byte* entries, nint count);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int mkdirat(int directory, string name, int mode);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int renameat2(int fromDirectory, string from, int toDirectory, string to, uint flags);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int linkat(int fromDirectory, string from, int toDirectory, string to, int flags);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int unlinkat(int directory, string name, int flags);
    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial nint write(int descriptor, byte* bytes, nint count);
    [LibraryImport("libc", EntryPoint = "pwrite64", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial nint pwrite(int descriptor, byte* bytes, nint count, long offset);
    [LibraryImport("libc", EntryPoint = "pread64", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial nint pread(int descriptor, byte* bytes, nint count, long offset);
    [LibraryImport("libc", EntryPoint = "posix_fadvise64"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int posix_fadvise(int descriptor, long offset, long length, int advice);
    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int fsync(int descriptor);
    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int syncfs(int descriptor);
    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int fstatfs(int descriptor, long* buffer);
    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int close(int descriptor);
}
