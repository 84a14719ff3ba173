namespace Dicom.Migration.FileSystem.Media;

/// <summary>The folder of one run for files that have no name yet, and what dead runs left of theirs swept away.</summary>
/// <remarks>
/// A lock file stands beside each folder: made and locked before the folder, removed after it. So whoever can lock it knows that the owner
/// is gone, a folder without one has no owner, and a sweep that is itself killed halfway leaves what the next one still knows for abandoned.
/// </remarks>
internal sealed class UnfinishedPlace : IDisposable
{
    private const string LockExtension = ".lock";
    private const int Attempts = 16;

    private readonly string _folder;
    private readonly FileStream _lock;
    private bool _isDisposed;

    /// <exception cref="FileSystemException">The folder cannot be made.</exception>
    public UnfinishedPlace(DurableDirectory all, string path)
    {
        Sweep(path);
        (_lock, var name) = Own(path);
        _folder = Path.Combine(path, name);
        try { Directory = all.OpenChild(name); }
        catch
        {
            Release(_lock);
            throw;
        }
    }

    public DurableDirectory Directory { get; }

    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        Directory.Dispose();
        if (TryDelete(_folder)) Release(_lock);
        else _lock.Dispose(); // the lock file stays with the folder, for the next sweep
    }

    private static (FileStream Lock, string Name) Own(string path)
    {
        for (var attempt = 1; ; attempt++)
        {
            var name = Guid.NewGuid().ToString("N");
            var file = Path.Combine(path, name + LockExtension);
            FileStream own;
            try { own = new FileStream(file, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None); }
            catch (IOException) when (attempt < Attempts) { continue; } // a sweep may have locked it between its making and its locking
            if (File.Exists(file)) return (own, name);
            own.Dispose(); // a sweep was quicker and removed it: it would tell nobody that the owner lives
            if (attempt == Attempts) throw new FileSystemException(new Fault(FaultCode.WriteFailed));
        }
    }

    private static void Sweep(string path)
    {
        foreach (var file in System.IO.Directory.EnumerateFiles(path, "*" + LockExtension))
        {
            try
            {
                var owner = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                if (TryDelete(file[..^LockExtension.Length])) Release(owner);
                else owner.Dispose();
            }
            catch (IOException) { } // its owner lives, or another sweep has it
            catch (UnauthorizedAccessException) { }
        }
        foreach (var folder in System.IO.Directory.EnumerateDirectories(path))
            if (!File.Exists(folder + LockExtension)) TryDelete(folder);
    }

    // Removed while it is locked: nobody can take it for the lock of a living owner meanwhile.
    private static void Release(FileStream owner)
    {
        try { File.Delete(owner.Name); }
        catch (IOException) { }
        catch (UnauthorizedAccessException) { }
        owner.Dispose();
    }

    private static bool TryDelete(string folder)
    {
        try { System.IO.Directory.Delete(folder, recursive: true); }
        catch (DirectoryNotFoundException) { }
        catch (IOException) { return false; } // left for the next run: unfinished files are no instances
        catch (UnauthorizedAccessException) { return false; }
        return true;
    }
}
