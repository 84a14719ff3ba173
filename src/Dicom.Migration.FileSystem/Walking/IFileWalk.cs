namespace Dicom.Migration.FileSystem.Walking;

/// <summary>Goes through the files below a folder, one open at a time.</summary>
internal interface IFileWalk : IDisposable
{
    /// <summary>Closes the file and opens the next one.</summary>
    /// <param name="fault">Why there is none open: a directory that cannot be listed, a file that cannot be opened, a link.</param>
    /// <returns><see langword="false"/> after the last.</returns>
    public bool MoveNext(out Fault? fault);

    /// <summary>Relative to the folder, with slashes; a directory ends in one. Names that are not UTF-8 are as in a unit's key.</summary>
    public string Path { get; }

    /// <summary>Bytes of the open file.</summary>
    public long Length { get; }

    /// <inheritdoc cref="DataSets.ReadAt"/>
    /// <exception cref="FileSystemException">The device fails.</exception>
    public int Read(Span<byte> into, long offset);
}
