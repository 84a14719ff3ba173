using System.Globalization;
using System.IO.Enumeration;
using Dicom.Migration.FileSystem.Media;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Walking;

/// <summary>Lists and opens what lies below a root without ever following a link out of it: every directory on the way is opened by itself, links refused.</summary>
internal sealed class TreeWalker(string root)
{
    private const char Replacement = '\uFFFD';
    private const int AccessDenied = 13, NoDeviceOrAddress = 6;

    /// <summary>Every file, link and special file, in ordinal order of the names on its path; a directory that cannot be listed ends in a slash.</summary>
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
        var entries = new List<Found>();
        var prefix = directory.Length == 0 ? "" : directory + "/";
        var skipTo = after is { Length: > 0 } ? after[0] : null;
        try
        {
            using var handle = Open(directory, isDirectory: true, out var fault);
            if (handle is null) return directory.Length == 0 ? throw new SourceUnavailableException(fault, "The source folder cannot be opened.") : false;
            // Through the descriptor, so that what is listed is what was opened.
            entries.AddRange(new FileSystemEnumerable<Found>($"/proc/self/fd/{handle.DangerousGetHandle()}", (ref FileSystemEntry entry) =>
            {
                var isLink = (entry.Attributes & FileAttributes.ReparsePoint) != FileAttributes.None;
                return new Found(prefix + entry.FileName.ToString(), entry.IsDirectory && !isLink, isLink || entry.IsDirectory ? null : entry.Length, null);
            }, new EnumerationOptions { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false, RecurseSubdirectories = false }));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (directory.Length == 0) throw new SourceUnavailableException(new Fault(e is IOException ? FaultCode.ReadFailed : FaultCode.AccessDenied), "The source folder cannot be listed.", e);
            return false;
        }
        Distinguish(entries);
        entries.Sort(static (a, b) => string.CompareOrdinal(b.Path, a.Path)); // the last is on top of the stack
        foreach (var entry in entries)
        {
            var order = skipTo is null ? 1 : string.CompareOrdinal(entry.Path, prefix + skipTo);
            if (order > 0) pending.Push(entry);
            else if (order == 0 && entry.IsDirectory && after!.Length > 1) pending.Push(entry with { After = after[1..] });
        }
        return true;
    }

    // .NET puts U+FFFD for what is not UTF-8, so that two names may look the same: each stays a unit of its own, although none can be opened.
    private static void Distinguish(List<Found> entries)
    {
        if (!entries.Exists(static e => e.Path.Contains(Replacement, StringComparison.Ordinal))) return;
        var taken = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < entries.Count; i++)
        {
            var path = entries[i].Path;
            for (var number = 1; !taken.Add(path); number++) path = string.Create(CultureInfo.InvariantCulture, $"{entries[i].Path}{Replacement}{number}");
            entries[i] = entries[i] with { Path = path };
        }
    }

    /// <summary>Opens a file or directory below the root.</summary>
    /// <param name="path">Relative, with slashes.</param>
    /// <param name="isDirectory">What it has to be.</param>
    /// <param name="fault">Why it cannot be opened.</param>
    public SafeFileHandle? Open(string path, bool isDirectory, out Fault fault)
    {
        var libC = LibC.Instance;
        var names = path.Length == 0 ? [] : path.Split('/');
        fault = new Fault(FaultCode.PathNotFound);
        if (names.Any(static n => n is "" or "." or ".." || n.Contains('\0', StringComparison.Ordinal))) return null;
        var current = libC.OpenAt(LibC.WorkingDirectory, root, LibC.ReadOnly | LibC.Directory, 0);
        for (var i = 0; i < names.Length && current >= 0; i++)
        {
            // NonBlocking: opening a pipe must not wait for its other end.
            var flags = LibC.ReadOnly | LibC.NoFollow | LibC.NonBlocking | (isDirectory || i < names.Length - 1 ? LibC.Directory : 0);
            var next = libC.OpenAt(current, names[i], flags, 0);
            libC.Close(current);
            current = next;
        }
        if (current >= 0) return new SafeFileHandle(current, ownsHandle: true);
        fault = new Fault(-current switch
        {
            LibC.NoEntry when path.Contains(Replacement, StringComparison.Ordinal) => FaultCode.NameNotUtf8,
            LibC.NoEntry => FaultCode.SourceGone,
            AccessDenied or 1 => FaultCode.AccessDenied,
            LibC.TooManyLinks or LibC.NotADirectory or NoDeviceOrAddress => FaultCode.NotARegularFile,
            _ => FaultCode.ReadFailed,
        });
        return null;
    }

    /// <summary>One entry of the tree.</summary>
    internal sealed record Found(string Path, bool IsDirectory, long? Bytes, string[]? After);
}
