using System.Runtime.InteropServices;
using System.Text;

namespace Comparisons;

/// <summary>What reading a header can cost at the least: open a file, ask its length, read its first 4 KiB and close it, and nothing else.</summary>
internal static partial class HeaderFloor
{
    /// <returns>Bytes read.</returns>
    public static unsafe long Pass(byte[][] paths)
    {
        var (buffer, status, sum) = (new byte[4_096], new byte[256], 0L);
        fixed (byte* into = buffer, told = status)
        {
            foreach (var path in paths)
            {
                int file;
                fixed (byte* name = path) file = open(name, 0x80000, 0); // O_RDONLY, O_CLOEXEC
                if (file < 0) throw new IOException("A file cannot be opened.");
                fixed (byte* name = "\0"u8) _ = statx(file, name, 0x1000, 0x7FF, told); // AT_EMPTY_PATH
                sum += pread(file, into, buffer.Length, 0);
                _ = close(file);
            }
        }
        return sum;
    }

    /// <summary>Names as the system takes them, relative to the folder, which becomes the working directory.</summary>
    public static byte[][] Names(string folder)
    {
        Directory.SetCurrentDirectory(folder);
        return [.. Directory.EnumerateFiles(".").Select(static path => Encoding.UTF8.GetBytes(path + "\0"))];
    }

    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int open(byte* path, int flags, int mode);
    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial int statx(int directory, byte* path, int flags, uint mask, byte* buffer);
    [LibraryImport("libc", EntryPoint = "pread64"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial nint pread(int descriptor, byte* bytes, nint count, long offset);
    [LibraryImport("libc"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int close(int descriptor);
}
