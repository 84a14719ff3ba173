using System.Runtime.InteropServices;

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

    public int OpenAt(int directory, string name, int flags, int mode) => Retry(() => openat(directory, name, flags | CloseOnExec, mode));

    public int MakeDirectoryAt(int directory, string name, int mode) => Retry(() => mkdirat(directory, name, mode));

    public int RenameAt(int fromDirectory, string from, int toDirectory, string to, bool replace)
    {
        var result = Retry(() => renameat2(fromDirectory, from, toDirectory, to, replace ? 0u : 1u));
        if (replace || result is not (-Invalid or -NotImplemented)) return result;
        // The file system knows no RENAME_NOREPLACE (some network and FUSE file systems): a hard link refuses an existing name just as well.
        result = Retry(() => linkat(fromDirectory, from, toDirectory, to, 0));
        return result < 0 ? result : UnlinkAt(fromDirectory, from);
    }

    public int UnlinkAt(int directory, string name) => Retry(() => unlinkat(directory, name, 0));

    public unsafe int Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
            while (true)
            {
                var written = (int)write(descriptor, start, bytes.Length);
                if (written >= 0) return written;
                var error = Marshal.GetLastPInvokeError();
                if (error != Interrupted) return -error;
            }
    }

    public int Sync(int descriptor) => Retry(() => fsync(descriptor));

    // close(2): after EINTR the descriptor is gone all the same; trying again could close another's.
    public int Close(int descriptor) => close(descriptor) < 0 ? -Marshal.GetLastPInvokeError() : 0;

    private static int Retry(Func<int> call)
    {
        while (true)
        {
            var result = call();
            if (result >= 0) return result;
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted) return -error;
        }
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int openat(int directory, string name, int flags, int mode);
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
    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int fsync(int descriptor);
    [LibraryImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int close(int descriptor);
}
