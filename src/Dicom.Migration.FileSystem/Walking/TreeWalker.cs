using System.Buffers;
using System.Runtime.InteropServices;
using Dicom.Migration.FileSystem.Media;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Walking;

/// <summary>Lists and opens what lies below a root without ever following a link out of it: every directory on the way is opened by itself, links refused.</summary>
internal sealed class TreeWalker(string root)
{
    private const int AccessDenied = 13, NoDeviceOrAddress = 6, DirectoryBuffer = 65_536;
    private const byte UnknownType = 0, DirectoryType = 4, RegularType = 8; // d_type of struct linux_dirent64

    /// <summary>Every file, link and special file, in ordinal order of the keys of the names on its path; a directory that cannot be listed ends in a slash.</summary>
    /// <param name="after">A path listed before: goes on behind it, whether it still exists or not.</param>
    /// <param name="below">A directory, to list no more than what is below it.</param>
    /// <exception cref="SourceUnavailableException">The root itself cannot be listed.</exception>
    /// <remarks>Holds the names of one directory for each level: about 100 bytes each.</remarks>
    public IEnumerable<Found> List(string? after, string below = "")
    {
        var pending = new Stack<Found>();
        Push(pending, below, after?.Split('/'));
        while (pending.TryPop(out var found))
        {
            if (!found.IsDirectory) yield return found;
            else if (!Push(pending, found.Path, found.After)) yield return found with { Path = found.Path + "/" };
        }
    }

    /// <summary>What one directory holds; nothing if it cannot be listed.</summary>
    public IEnumerable<Found> ListDirectory(string directory)
    {
        var found = new Stack<Found>();
        Push(found, directory, null);
        return found;
    }

    // Names before the cursor's are left out; the cursor's own name is gone into if it is a directory.
    private bool Push(Stack<Found> pending, string directory, string[]? after)
    {
        var prefix = directory.Length == 0 ? "" : directory + "/";
        var skipTo = after is { Length: > 0 } ? after[0] : null;
        using var handle = Open(directory, isDirectory: true, out var fault);
        var entries = handle is null ? null : ReadEntries(handle, prefix, out fault);
        if (entries is null) return directory.Length == 0 ? throw new SourceUnavailableException(fault, "The source folder cannot be opened or listed.") : false;
        entries.Sort(static (a, b) => string.CompareOrdinal(b.Path, a.Path)); // the last is on top of the stack
        foreach (var entry in entries)
        {
            var order = skipTo is null ? 1 : string.CompareOrdinal(entry.Path, prefix + skipTo);
            if (order > 0) pending.Push(entry);
            else if (order == 0 && entry.IsDirectory && after!.Length > 1) pending.Push(entry with { After = after[1..] });
        }
        return true;
    }

    // By the system's own calls: .NET puts U+FFFD for the bytes of a name that are not UTF-8, and could open none of these.
    private static List<Found>? ReadEntries(SafeFileHandle directory, string prefix, out Fault fault)
    {
        var (entries, buffer) = (new List<Found>(), ArrayPool<byte>.Shared.Rent(DirectoryBuffer));
        try
        {
            while (true)
            {
                var length = LibC.ReadDirectory(directory, buffer);
                fault = FaultOf(length);
                if (length < 0) return null;
                if (length == 0) return entries;
                // struct linux_dirent64: length of the entry at 16, type at 18, name from 19 on to its NUL.
                for (ReadOnlySpan<byte> rest = buffer.AsSpan(0, length), entry; !rest.IsEmpty; rest = rest[entry.Length..])
                {
                    entry = rest[..MemoryMarshal.Read<ushort>(rest[16..])];
                    var name = entry[19..];
                    name = name[..(name.IndexOf((byte)0) + 1)];
                    if (name is [(byte)'.', 0] or [(byte)'.', (byte)'.', 0]) continue;
                    var type = entry[18];
                    var status = type is UnknownType or RegularType ? FileStatus.OfEntry(directory, name) : null;
                    var isDirectory = type is DirectoryType || status is { IsDirectory: true };
                    entries.Add(new Found(prefix + EntryName.Key(name[..^1]), isDirectory, status is { IsRegular: true } file ? file : null, null));
                }
            }
        }
        finally { ArrayPool<byte>.Shared.Return(buffer); }
    }

    /// <summary>Opens a file or directory below the root.</summary>
    /// <param name="path">Relative, of keys with slashes between them.</param>
    /// <param name="isDirectory">What it has to be.</param>
    /// <param name="fault">Why it cannot be opened.</param>
    public SafeFileHandle? Open(string path, bool isDirectory, out Fault fault)
    {
        fault = new Fault(FaultCode.PathNotFound);
        var libC = LibC.Instance;
        Span<byte> name = stackalloc byte[EntryName.MaxBytes + 1];
        var current = libC.OpenAt(LibC.WorkingDirectory, root, LibC.ReadOnly | LibC.Directory, 0);
        ReadOnlySpan<char> rest = path;
        while (!rest.IsEmpty && current >= 0)
        {
            var slash = rest.IndexOf('/');
            var isName = EntryName.TryDecode(slash < 0 ? rest : rest[..slash], name, out _);
            // NonBlocking: opening a pipe must not wait for its other end.
            var flags = LibC.ReadOnly | LibC.NoFollow | LibC.NonBlocking | (isDirectory || slash >= 0 ? LibC.Directory : 0);
            var next = isName ? LibC.OpenAt(current, name, flags) : 0;
            libC.Close(current);
            if (!isName) return null;
            current = next;
            rest = slash < 0 ? [] : rest[(slash + 1)..];
        }
        if (current >= 0) return new SafeFileHandle(current, ownsHandle: true);
        fault = FaultOf(current);
        return null;
    }

    /// <summary>The fault of what a system call returned, below zero.</summary>
    public static Fault FaultOf(int result) => new(-result switch
    {
        LibC.NoEntry => FaultCode.SourceGone,
        AccessDenied or 1 => FaultCode.AccessDenied,
        LibC.TooManyLinks or LibC.NotADirectory or NoDeviceOrAddress => FaultCode.NotARegularFile,
        _ => FaultCode.ReadFailed,
    });

    /// <summary>One entry of the tree.</summary>
    internal sealed record Found(string Path, bool IsDirectory, FileStatus? File, string[]? After);
}
