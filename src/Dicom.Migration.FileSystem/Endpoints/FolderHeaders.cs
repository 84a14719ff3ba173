using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem.Walking;

namespace Dicom.Migration.FileSystem;

/// <summary>The headers of all files below a folder, one after the other through one reader: what an archive holds, at little more than the cost of opening its files.</summary>
/// <remarks>Files come as their directories have them, in no order of names. Links are not followed. Nothing is passed over: what cannot be read comes
/// with a <see cref="Fault"/>. Holds open one directory and one file, and a pathname for each directory still to come. Any system, fastest on Linux. Not thread-safe.</remarks>
public sealed class FolderHeaders : IDisposable
{
    private readonly IFileWalk _files;
    private readonly ReadAt _read;

    /// <summary>Opens nothing before <see cref="MoveNext"/>.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="options">Limits and dictionary of the reader, or <see langword="null"/> for the defaults.</param>
    public FolderHeaders(string path, DataSetReaderOptions? options = null)
        : this(OperatingSystem.IsLinux() ? new DescriptorWalk(path) : new FrameworkWalk(path), options) => ArgumentException.ThrowIfNullOrWhiteSpace(path);

    internal FolderHeaders(IFileWalk files, DataSetReaderOptions? options) => (_files, _read, Reader) = (files, files.Read, new Part10FileReader(options));

    /// <summary>Stands before the first element of the current file; has none open if there is a <see cref="Fault"/>. A <see cref="FileSystemException"/> comes through it where the device fails.</summary>
    public Part10FileReader Reader { get; }

    /// <summary>Where the current file lies below the folder, with slashes; a directory that cannot be listed ends in one. As in the key of a
    /// <see cref="FolderSource"/>'s unit, each byte that is not UTF-8, and "%", is written as "%" and two digits.</summary>
    public string Path => _files.Path;

    /// <summary>Bytes of the current file; 0 if it cannot be opened.</summary>
    public long Length { get; private set; }

    /// <summary>Why there is nothing to read: it cannot be opened, is no regular file, or is no DICOM.</summary>
    public Fault? Fault { get; private set; }

    /// <summary>Goes on to the next file and reads what stands before its data set.</summary>
    /// <returns><see langword="false"/> after the last.</returns>
    /// <exception cref="SourceUnavailableException">The folder itself cannot be listed.</exception>
    public bool MoveNext()
    {
        Reader.Dispose();
        if (!_files.MoveNext(out var fault)) return false;
        (Fault, Length) = (fault, fault is null ? _files.Length : 0);
        if (fault is not null) return true;
        try { Reader.Open(_read, Length); }
        catch (MigrationException e) { Fault = e.Fault; }
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reader.Dispose();
        _files.Dispose();
    }
}
