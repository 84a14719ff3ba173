using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem.Archives;
using Dicom.Migration.FileSystem.Media;
using Dicom.Migration.FileSystem.Walking;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem;

/// <summary>Any tree of files: instances are known by their content, whatever the files are called, in ZIP, TAR and GZ files too. Linux only.</summary>
/// <remarks>Every entry of the tree is a unit, links, pipes and devices as well, so that all are accounted for. The tree is walked in ordinal order of names.</remarks>
public sealed class FolderSource : IMigrationSource
{
    /// <summary>Rule for a DICOMDIR beside which there are instances that it does not name. They are migrated like all others, with the note <see cref="FaultCode.DicomDirFileUnlisted"/>.</summary>
    public const string IncompleteMediaDirectory = "media-directory-incomplete";
    /// <summary>Rule for what a <see cref="FolderTarget"/> left unfinished in a folder that is a source now: its whole objects are beside it.</summary>
    public const string Unfinished = "unfinished-file";

    private readonly FolderSourceOptions _options;
    private readonly Lazy<MediaFolders> _media;

    /// <summary>A source that opens nothing before it is asked.</summary>
    /// <param name="name">Names it in configuration, logs and the ledger.</param>
    /// <param name="options">Where to read, and the limits.</param>
    public FolderSource(string name, FolderSourceOptions options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(options);
        (Name, _options, _media) = (name, options, new Lazy<MediaFolders>(() => new MediaFolders(Walker(), options.MaxMediaDirectoryRecords)));
    }

    /// <inheritdoc/>
    public string Name { get; }
    /// <inheritdoc/>
    public string Address => "folder:" + Path.TrimEndingDirectorySeparator(Path.GetFullPath(_options.Path));

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceUnit> DiscoverAsync(SourceCursor? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var found = Walker().List(after?.Value).GetEnumerator();
        while (await Task.Run(found.MoveNext, cancellationToken).ConfigureAwait(false))
            yield return new SourceUnit(found.Current.Path, SourceUnitKind.File) { Bytes = found.Current.File?.Size, Stamp = found.Current.File?.Stamp, Cursor = new SourceCursor(found.Current.Path) };
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (unit.Key.Split('/').Contains(FolderTarget.IncomingName, StringComparer.Ordinal))
        {
            yield return new SourceFinding("", Unfinished);
            yield break;
        }
        using var handle = Open(unit.Key, out var status, out var fault);
        if (handle is null)
        {
            yield return new SourceFinding("", fault);
            yield break;
        }
        var start = default(FileStart);
        try { start = FileStart.Read(handle); }
        catch (FileSystemException e) { fault = e.Fault; }
        if (start is null)
        {
            yield return new SourceFinding("", fault);
            yield break;
        }
        if (start.Kind is FileKind.MediaDirectory)
        {
            foreach (var finding in await Task.Run(() => Compare(unit.Key, handle), cancellationToken).ConfigureAwait(false)) yield return finding;
            yield break;
        }
        if (start.Kind is not FileKind.Container)
        {
            yield return start.Kind is FileKind.Instance
                ? Instance("", start, FileBody.Open(handle, status, start.Envelope.Length), status.Size, _media.Value.IsUnlisted(unit.Key))
                : Finding("", unit.Key, start);
            yield break;
        }
        using var container = new FileStream(new SafeFileHandle(handle.DangerousGetHandle(), ownsHandle: false), FileAccess.Read, 65_536);
        container.Position = 0;
        var limits = new ContainerLimits(_options.MaxContainerEntries, _options.MaxContainerRatio);
        await foreach (var entry in ContainerReader.ReadAsync(container, limits, status.Size, cancellationToken).ConfigureAwait(false))
        {
            if (entry.Content is null)
            {
                yield return new SourceFinding(entry.Place, entry.Fault ?? new Fault(FaultCode.MalformedContainer));
                continue;
            }
            using var content = entry.Content;
            var found = await ReadEntryAsync(entry.Place, content, cancellationToken).ConfigureAwait(false);
            yield return found;
            // What was handed out and not read to its end is skipped by the container's own reader.
        }
    }

    private TreeWalker Walker() => OperatingSystem.IsLinux() ? new TreeWalker(_options.Path) : throw new PlatformNotSupportedException("A folder can be a source on Linux only.");

    private SafeFileHandle? Open(string key, out FileStatus status, out Fault fault)
    {
        status = default;
        var isDirectory = key.EndsWith('/');
        var handle = Walker().Open(isDirectory ? key[..^1] : key, isDirectory, out fault);
        if (handle is null) return null;
        try
        {
            // A directory that could not be listed and now can be: what is in it has to be discovered first.
            if (isDirectory) fault = new Fault(FaultCode.AccessDenied);
            else if ((status = FileStatus.Of(handle)).IsRegular) return handle;
            else fault = new Fault(FaultCode.NotARegularFile);
        }
        catch (FileSystemException e) { fault = e.Fault; }
        handle.Dispose();
        return null;
    }

    private static async Task<SourceItem> ReadEntryAsync(string place, Stream content, CancellationToken cancellationToken)
    {
        try
        {
            var (start, ahead) = await FileStart.ReadAsync(content, cancellationToken).ConfigureAwait(false);
            if (start.Kind is FileKind.Container) return new SourceFinding(place, new Fault(FaultCode.ContainerLimit)); // containers in containers are not opened
            return start.Kind is not FileKind.Instance ? Finding(place, place, start)
                : Instance(place, start, PipeReader.Create(new PrefixedStream(ahead, content), new StreamPipeReaderOptions(leaveOpen: true, bufferSize: 65_536)), null, isUnlisted: false);
        }
        catch (MigrationException e) { return new SourceFinding(place, e.Fault); }
    }

    private static SourceFinding Finding(string place, string name, FileStart start) => start.Kind switch
    {
        FileKind.Damaged => new SourceFinding(place, start.Fault),
        FileKind.Empty => new SourceFinding(place, SourceFinding.EmptyFile),
        FileKind.MediaDirectory => new SourceFinding(place, SourceFinding.MediaDirectory),
        // Whoever named it so took it for an instance (RFC 3240 §2): what is left of it is not passed over in silence.
        _ when name.EndsWith(".dcm", StringComparison.OrdinalIgnoreCase) => new SourceFinding(place, new Fault(FaultCode.NotDicom)),
        _ => new SourceFinding(place, SourceFinding.NotDicom),
    };

    /// <summary>One finding for the DICOMDIR itself, and one for each file that it names in vain: those are objects that the source lists and does not have.</summary>
    private List<SourceFinding> Compare(string path, SafeFileHandle handle)
    {
        var directory = MediaDirectory.Read(handle, _options.MaxMediaDirectoryRecords);
        var missing = _media.Value.Missing(path, directory).Select(static record =>
            new SourceFinding(string.Join('/', record.File), new Fault(FaultCode.DicomDirFileMissing, new DicomTag(0x00041500), record.Offset)));
        return [directory.Fault is { } fault ? new SourceFinding("", fault)
            : new SourceFinding("", _media.Value.LeavesOut(path, IsInstance) ? IncompleteMediaDirectory : SourceFinding.MediaDirectory), .. missing];
    }

    private bool IsInstance(string path)
    {
        using var handle = Open(path, out _, out _);
        try { return handle is not null && FileStart.Read(handle).Kind is FileKind.Instance; }
        catch (FileSystemException) { return false; } // is reported where the file itself is read
    }

    private static SourceInstance Instance(string place, FileStart start, PipeReader body, long? size, bool isUnlisted) => new(place, body)
    {
        TransferSyntax = start.TransferSyntax,
        ClaimedSopClassUid = start.SopClassUid,
        ClaimedSopInstanceUid = start.SopInstanceUid,
        Envelope = start.Envelope,
        Length = size - start.Envelope.Length,
        Assumptions = start.Assumptions,
        Note = isUnlisted ? new Fault(FaultCode.DicomDirFileUnlisted) : null,
    };
}
