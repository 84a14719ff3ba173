namespace Dicom.Migration.FileSystem.Media;

/// <summary>A directory held open, so that nothing below it is named by a path that someone else could bend.</summary>
internal sealed class DurableDirectory : IDisposable
{
    private readonly ILibC _libC;
    private int _descriptor;

    private DurableDirectory(ILibC libC, int descriptor) => (_libC, _descriptor) = (libC, descriptor);

    public int Descriptor => _descriptor;

    /// <summary>Opens a directory by the path that the host configured; links in it are the host's own affair.</summary>
    public static DurableDirectory OpenRoot(ILibC libC, string path) => new(libC, Checked(libC.OpenAt(LibC.WorkingDirectory, path, LibC.ReadOnly | LibC.Directory, 0)));

    /// <summary>Opens, and makes if need be, a directory by one name below this; a link in its place is an error.</summary>
    public DurableDirectory OpenChild(string name)
    {
        var made = _libC.MakeDirectoryAt(_descriptor, name, 0x1F8); // rwxrwx---, less the umask
        if (made < 0 && made != -LibC.Exists) throw FileSystemException.OfWriting(made);
        return new DurableDirectory(_libC, Checked(_libC.OpenAt(_descriptor, name, LibC.ReadOnly | LibC.Directory | LibC.NoFollow, 0)));
    }

    /// <summary>Opens the same directory once more.</summary>
    public DurableDirectory Reopen() => new(_libC, Checked(_libC.OpenAt(_descriptor, ".", LibC.ReadOnly | LibC.Directory, 0)));

    /// <summary>Opens a directory by one name below this, making none; minus the error number in <paramref name="error"/> if that fails.</summary>
    public DurableDirectory? TryOpenExisting(string name, out int error)
    {
        error = _libC.OpenAt(_descriptor, name, LibC.ReadOnly | LibC.Directory | LibC.NoFollow, 0);
        return error < 0 ? null : new DurableDirectory(_libC, error);
    }

    /// <summary>Makes the names in it durable; after an error it has to be given up.</summary>
    public void Sync() => Checked(_libC.Sync(_descriptor));

    public void Dispose()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0) _libC.Close(descriptor);
    }

    private static int Checked(int result) => result < 0 ? throw FileSystemException.OfWriting(result) : result;
}
