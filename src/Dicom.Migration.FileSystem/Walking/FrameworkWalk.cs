using Dicom.Migration.FileSystem.Media;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Walking;

/// <summary>Opens each file by the framework's own means, on any system.</summary>
internal sealed class FrameworkWalk(string root) : IFileWalk
{
    private readonly Stack<DirectoryInfo> _pending = new([new DirectoryInfo(root)]);
    private readonly Queue<FileSystemInfo> _entries = [];
    private SafeFileHandle? _file;

    public string Path { get; private set; } = "";
    public long Length { get; private set; }

    public bool MoveNext(out Fault? fault)
    {
        _file?.Dispose();
        (_file, fault) = (null, null);
        while (true)
        {
            if (_entries.TryDequeue(out var entry))
            {
                // A link to a directory is one of these, too: it is not followed.
                if (entry is DirectoryInfo below && entry.LinkTarget is null && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint)) _pending.Push(below);
                else
                {
                    (Path, fault) = (KeyOf(entry), Open(entry));
                    return true;
                }
            }
            else if (!_pending.TryPop(out var directory)) return false;
            else if (List(directory) is { } refused)
            {
                if (directory.FullName == new DirectoryInfo(root).FullName) throw new SourceUnavailableException(refused, "The folder cannot be opened or listed.");
                (Path, fault) = (KeyOf(directory) + "/", refused);
                return true;
            }
        }
    }

    private Fault? List(DirectoryInfo directory)
    {
        try
        {
            foreach (var entry in directory.EnumerateFileSystemInfos()) _entries.Enqueue(entry);
            return null;
        }
        catch (UnauthorizedAccessException) { return new Fault(FaultCode.AccessDenied); }
        catch (DirectoryNotFoundException) { return new Fault(FaultCode.SourceGone); }
        catch (IOException) { return new Fault(FaultCode.ReadFailed); }
    }

    private Fault? Open(FileSystemInfo entry)
    {
        try
        {
            if (entry is not FileInfo file || entry.LinkTarget is not null || entry.Attributes.HasFlag(FileAttributes.ReparsePoint)) return new Fault(FaultCode.NotARegularFile);
            Length = file.Length;
            if (Length == 0) return null; // a pipe has no length either: opening it would wait for its other end
            _file = File.OpenHandle(entry.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            Length = RandomAccess.GetLength(_file);
            return null;
        }
        catch (NotSupportedException) { return new Fault(FaultCode.NotARegularFile); }
        catch (UnauthorizedAccessException) { return new Fault(FaultCode.AccessDenied); }
        catch (FileNotFoundException) { return new Fault(FaultCode.SourceGone); }
        catch (IOException) { return new Fault(FaultCode.ReadFailed); }
    }

    private string KeyOf(FileSystemInfo entry) => System.IO.Path.GetRelativePath(root, entry.FullName).Replace(System.IO.Path.DirectorySeparatorChar, '/').Replace("%", "%25", StringComparison.Ordinal);

    public int Read(Span<byte> into, long offset)
    {
        try { return _file is null ? 0 : RandomAccess.Read(_file, into, offset); }
        catch (IOException e) { throw new FileSystemException(new Fault(FaultCode.ReadFailed, null, offset), e); }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
        _entries.Clear();
        _pending.Clear();
    }
}
