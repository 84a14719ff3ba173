namespace Dicom.Migration.Evidence;

/// <summary>Writes a file that is there whole or not at all, readable by its owner alone. What was there before stays until then.</summary>
/// <remarks>Its bytes are durable before it has its name; the name itself may be lost with the power, and the former file is back then.</remarks>
internal sealed class AtomicFile : IAsyncDisposable
{
    private readonly string _path;
    private readonly string _part;
    private bool _isDone;

    public AtomicFile(string folder, string name)
    {
        (_path, _part) = (Path.Join(folder, name), Path.Join(folder, $".{name}.{Guid.NewGuid():N}.part"));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous, BufferSize = 128 * 1024 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        Stream = new FileStream(_part, options);
    }

    public FileStream Stream { get; }

    /// <summary>Gives the file its name.</summary>
    public async Task<string> CommitAsync(CancellationToken cancellationToken)
    {
        await Stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        Stream.Flush(flushToDisk: true);
        await Stream.DisposeAsync().ConfigureAwait(false);
        File.Move(_part, _path, overwrite: true);
        _isDone = true;
        return _path;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDone) return;
        await Stream.DisposeAsync().ConfigureAwait(false);
        File.Delete(_part);
    }
}
