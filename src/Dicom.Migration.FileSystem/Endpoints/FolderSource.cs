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
    private const string MediaDirectoryStorage = "1.2.840.10008.1.3.10"; // PS3.10 §8.6
    private readonly FolderSourceOptions _options;

    /// <summary>A source that opens nothing before it is asked.</summary>
    /// <param name="name">Names it in configuration, logs and the ledger.</param>
    /// <param name="options">Where to read, and the limits.</param>
    public FolderSource(string name, FolderSourceOptions options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(options);
        (Name, _options) = (name, options);
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
            yield return new SourceUnit(found.Current.Path, SourceUnitKind.File) { Bytes = found.Current.Bytes, Cursor = new SourceCursor(found.Current.Path) };
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(unit);
        using var handle = Open(unit.Key, out var fault);
        if (handle is null)
        {
            yield return new SourceFinding("", fault);
            yield break;
        }
        var (status, start, failed) = (default(FileStatus), Array.Empty<byte>(), default(Fault?));
        try { (status, start) = (FileStatus.Of(handle), FileBody.ReadStart(handle, Part10Head.MaxLength)); }
        catch (FileSystemException e) { failed = e.Fault; }
        if (failed is { } readFault)
        {
            yield return new SourceFinding("", readFault);
            yield break;
        }

        var item = Recognize("", start, offset => FileBody.Open(handle, status, offset), status.Size, out var isContainer);
        if (!isContainer)
        {
            yield return item;
            yield break;
        }
        using var container = new FileStream(new SafeFileHandle(handle.DangerousGetHandle(), ownsHandle: false), FileAccess.Read, 65_536);
        container.Position = 0;
        var limits = new ContainerLimits(_options.MaxContainerEntries, _options.MaxContainerRatio);
        await foreach (var entry in ContainerReader.ReadAsync(container, start, limits, status.Size, cancellationToken).ConfigureAwait(false))
        {
            if (entry.Content is null)
            {
                yield return new SourceFinding(entry.Place, entry.Fault ?? new Fault(FaultCode.MalformedContainer));
                continue;
            }
            using var content = entry.Content;
            var found = await RecognizeEntryAsync(entry.Place, content, cancellationToken).ConfigureAwait(false);
            yield return found;
            // What was handed out and not read to its end is skipped by the container's own reader.
        }
    }

    private TreeWalker Walker() => OperatingSystem.IsLinux() ? new TreeWalker(_options.Path) : throw new PlatformNotSupportedException("A folder can be a source on Linux only.");

    private SafeFileHandle? Open(string key, out Fault fault)
    {
        var isDirectory = key.EndsWith('/');
        var handle = Walker().Open(isDirectory ? key[..^1] : key, isDirectory, out fault);
        if (handle is null) return null;
        // A directory that could not be listed and now can be: what is in it has to be discovered first.
        if (isDirectory) fault = new Fault(FaultCode.AccessDenied);
        else if (FileStatus.Of(handle).IsRegular) return handle;
        else fault = new Fault(FaultCode.NotARegularFile);
        handle.Dispose();
        return null;
    }

    private static async Task<SourceItem> RecognizeEntryAsync(string place, Stream content, CancellationToken cancellationToken)
    {
        var start = new byte[Part10Head.MaxLength];
        try
        {
            var length = await content.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            var known = start.AsMemory(0, length);
            var item = Recognize(place, known, offset => PipeReader.Create(new PrefixedStream(known[offset..], content), new StreamPipeReaderOptions(leaveOpen: true, bufferSize: 65_536)), null, out var isContainer);
            return isContainer ? new SourceFinding(place, new Fault(FaultCode.ContainerLimit)) : item; // containers in containers are not opened
        }
        catch (MigrationException e) { return new SourceFinding(place, e.Fault); }
    }

    private static SourceItem Recognize(string place, ReadOnlyMemory<byte> start, Func<int, PipeReader> open, long? size, out bool isContainer)
    {
        isContainer = false;
        if (start.IsEmpty) return new SourceFinding(place, SourceFinding.EmptyFile);
        Part10Head? head;
        try { head = Part10Head.Read(start.Span); }
        catch (DicomFormatException e) { return new SourceFinding(place, e.Fault); }
        if (head is null)
        {
            isContainer = ContainerReader.IsZip(start.Span) || ContainerReader.IsGzip(start.Span) || ContainerReader.IsTar(start.Span);
            return new SourceFinding(place, SourceFinding.NotDicom);
        }
        if (string.Equals(head.SopClassUid, MediaDirectoryStorage, StringComparison.Ordinal)) return new SourceFinding(place, SourceFinding.MediaDirectory);
        return new SourceInstance(place, open(head.Length))
        {
            TransferSyntax = head.TransferSyntaxUid is { Length: > 0 } uid ? TransferSyntax.FromUid(uid) : null,
            ClaimedSopClassUid = head.SopClassUid,
            ClaimedSopInstanceUid = head.SopInstanceUid,
            Envelope = start[..head.Length].ToArray(),
            Length = size - head.Length,
            Assumptions = head.Assumption is null ? [] : [head.Assumption],
        };
    }
}
