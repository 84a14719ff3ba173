using System.Globalization;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem.Media;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem;

/// <summary>A folder of Part 10 files, by their UIDs or as a DICOM File-set (PS3.10 §8) with its DICOMDIR, that acknowledges nothing before it is durable. Linux only.</summary>
/// <remarks>The same UID with the same bytes changes nothing; with other bytes both are kept, and each further one is reported as <see cref="FaultCode.UidConflict"/>.</remarks>
public sealed class FolderTarget : IEvidenceTarget, IDisposable
{
    /// <summary>Where files are written before they get their names.</summary>
    internal const string IncomingName = ".dicom-migration-incoming";

    private readonly ILibC _libC;
    private readonly Lock _gate = new();
    // One DICOMDIR at a time: the later one also names what was stored meanwhile.
    private readonly Lock _directoryGate = new();
    private Room? _room;
    private int _sessions;

    /// <summary>A target that opens nothing before its first session.</summary>
    /// <param name="name">Names it in configuration, logs and the ledger.</param>
    /// <param name="options">Read now and when sessions are opened.</param>
    /// <exception cref="FileSystemException">The options contradict each other (<see cref="FaultCode.InvalidConfiguration"/>).</exception>
    public FolderTarget(string name, FolderTargetOptions options) : this(name, options, LibC.Instance) { }

    internal FolderTarget(string name, FolderTargetOptions options, ILibC libC)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Layout is FolderLayout.ByUid && options.WritesDicomDir) throw new FileSystemException(new Fault(FaultCode.InvalidConfiguration));
        (Name, Options, _libC) = (name, options, libC);
    }

    /// <inheritdoc/>
    public string Name { get; }
    /// <inheritdoc/>
    /// <remarks>The layout is part of it: a ledger of one layout would look in vain for the files of the other.</remarks>
    public string Address => "folder:" + Path.TrimEndingDirectorySeparator(Path.GetFullPath(Options.Path)) + (Options.Layout is FolderLayout.FileSet ? "?layout=file-set" : "");
    /// <inheritdoc/>
    public bool KeepsRivals => true;
    /// <summary>L4: files are read back from the device; L1: they are there.</summary>
    public IReadOnlyList<EvidenceLevel> Levels { get; } = [EvidenceLevel.L4, EvidenceLevel.L1];
    /// <summary>What the DICOMDIR written last by this object says, and of which files it could say nothing; <see langword="null"/> before there is one.</summary>
    public DicomDirSummary? LastDicomDir { get; private set; }
    internal FolderTargetOptions Options { get; }

    /// <inheritdoc/>
    public Task<ITargetSession> OpenSessionAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux()) throw new PlatformNotSupportedException("A folder can be a target on Linux only.");
        return Task.Run<ITargetSession>(() =>
        {
            var session = new FolderTargetSession(this, Enter());
            Interlocked.Increment(ref _sessions);
            return session;
        }, cancellationToken);
    }

    /// <summary>Writes a DICOMDIR of all that lies in the folder now, and puts it in the place of the one before when it is whole and durable.</summary>
    /// <param name="cancellationToken">Gives up; the one before stays.</param>
    /// <exception cref="FileSystemException">It cannot be written, or would be longer than its 32-bit links reach (<see cref="FaultCode.ContainerLimit"/>), or the
    /// layout has none (<see cref="FaultCode.InvalidConfiguration"/>). The one before stays, or the new one is there and not known to be durable.</exception>
    /// <exception cref="TargetUnavailableException">The folder cannot be opened or listed.</exception>
    /// <remarks>The last session to be closed does this too (<see cref="FolderTargetOptions.WriteDicomDir"/>). Reads the head of every file in the folder.</remarks>
    public Task<DicomDirSummary> WriteDicomDirAsync(CancellationToken cancellationToken) => Options.Layout is not FolderLayout.FileSet
        ? throw new FileSystemException(new Fault(FaultCode.InvalidConfiguration))
        : Task.Run(() =>
        {
            using var room = Enter();
            return WriteDicomDir(room, cancellationToken);
        }, cancellationToken);

    /// <summary>A session is over. The last one leaves a DICOMDIR of what lies in the folder, if there is to be one.</summary>
    internal Task LeaveAsync(Room room) => Interlocked.Decrement(ref _sessions) > 0 || !Options.WritesDicomDir || room.Distrust is not null
        ? Task.CompletedTask : Task.Run(() => WriteDicomDir(room, CancellationToken.None));

    private DicomDirSummary WriteDicomDir(Room room, CancellationToken cancellationToken)
    {
        lock (_directoryGate)
        {
            try
            {
                using var file = new DurableFile(_libC, room.Incoming, room.NextName());
                var summary = new FileSetDirectory(Options.Path).WriteTo(file, cancellationToken);
                file.Sync();
                file.TryRename(room.Root, FileSetDirectory.Name, replace: true);
                try { room.Root.Sync(); }
                catch (FileSystemException e)
                {
                    room.Distrust = e.Fault;
                    throw;
                }
                return LastDicomDir = summary;
            }
            catch (SourceUnavailableException e) { throw new TargetUnavailableException(e.Fault, "The target folder cannot be listed for its DICOMDIR.", e); }
        }
    }

    private Room Enter()
    {
        lock (_gate)
        {
            if (_room?.Distrust is { } distrust)
                throw new TargetUnavailableException(distrust, "A directory could not be synced: check the device, then start again.");
            try
            {
                _room ??= new Room(_libC, Options.Path);
                _room.Hold();
                return _room;
            }
            catch (FileSystemException e) { throw new TargetUnavailableException(e.Fault, "The target folder cannot be opened or written.", e); }
            catch (IOException e) { throw new TargetUnavailableException(new Fault(FaultCode.WriteFailed), "The target folder cannot be opened or written.", e); }
            catch (UnauthorizedAccessException e) { throw new TargetUnavailableException(new Fault(FaultCode.AccessDenied), "The target folder may not be written.", e); }
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<EvidenceItem> CollectAsync(EvidenceLevel level, IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(references);
        if (!Levels.Contains(level)) throw new ArgumentOutOfRangeException(nameof(level));
        DurableDirectory root;
        try { root = DurableDirectory.OpenRoot(_libC, Options.Path); }
        catch (FileSystemException e) { throw new TargetUnavailableException(new Fault(FaultCode.PathNotFound), "The target folder cannot be opened.", e); }
        using var _ = root;
        foreach (var reference in references)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return await Task.Run(() => Collect(root, level, reference), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Closes the folder. Sessions still open finish first.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _room?.Dispose();
            _room = null;
        }
    }

    private EvidenceItem Collect(DurableDirectory root, EvidenceLevel level, StoredReference reference)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = Find(root, reference, out var fault);
            if (handle is null) return new EvidenceItem(reference, level) { Fault = fault };
            var status = FileStatus.Of(handle);
            if (!status.IsRegular) return new EvidenceItem(reference, level) { Fault = new Fault(FaultCode.UnreadableAtTarget) };
            if (level is EvidenceLevel.L1) return new EvidenceItem(reference, level);
            FileBody.Forget(handle);
            var start = FileStart.Read(handle);
            if (start.Kind is not (FileKind.Instance or FileKind.MediaDirectory)) return new EvidenceItem(reference, level) { Fault = new Fault(FaultCode.UnreadableAtTarget) };
            var item = new EvidenceItem(reference, level)
            {
                Envelope = start.Envelope,
                TransferSyntax = start.TransferSyntax,
                Body = FileBody.Open(handle, status, start.Envelope.Length),
            };
            handle = null;
            return item;
        }
        catch (MigrationException) { return new EvidenceItem(reference, level) { Fault = new Fault(FaultCode.UnreadableAtTarget) }; }
        finally { handle?.Dispose(); }
    }

    private SafeFileHandle? Find(DurableDirectory root, StoredReference reference, out Fault fault)
    {
        var place = DurablePlace.Of(Options.Layout, reference.StudyInstanceUid, reference.SeriesInstanceUid, reference.SopInstanceUid);
        if (reference.Location is { } location) return Open(root, location.Split('/'), place.Directories.Count + 1, out fault);
        for (var i = 0; ; i++)
        {
            // What another UID took first is passed by, as it was when the object was stored.
            var name = place.Name(i, 0, []);
            var handle = Open(root, [.. place.Directories, name], place.Directories.Count + 1, out fault);
            if (handle is null || i == FileSetPlace.MaxCollisions - 1 || !FileStatus.Of(handle).IsRegular || !place.IsAnothers(name, () => InstanceKeys.ReadUid(handle))) return handle;
            handle.Dispose();
        }
    }

    private SafeFileHandle? Open(DurableDirectory root, string[] names, int depth, out Fault fault)
    {
        fault = new Fault(FaultCode.MissingAtTarget);
        if (names.Length != depth || names.Any(static n => n.Length is 0 or > 255 || n[0] == '.' || !n.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '~'))) return null;
        var (directory, error) = ((DurableDirectory?)root.Reopen(), 0);
        for (var i = 0; i < depth - 1 && directory is not null; i++)
        {
            using var above = directory;
            directory = above.TryOpenExisting(names[i], out error);
        }
        using var parent = directory;
        if (parent is not null) error = _libC.OpenAt(parent.Descriptor, names[^1], LibC.ReadOnly | LibC.NoFollow | LibC.NonBlocking, 0);
        if (error >= 0) return new SafeFileHandle(error, ownsHandle: true);
        if (error != -LibC.NoEntry) fault = new Fault(FaultCode.UnreadableAtTarget);
        return null;
    }

    /// <summary>The open folder and its place for unfinished files, shared by the sessions.</summary>
    internal sealed class Room : IDisposable
    {
        private readonly UnfinishedPlace _unfinished;
        private long _number;
        private int _holders = 1;
        private volatile object? _distrust;

        public Room(ILibC libC, string path)
        {
            LibC = libC;
            path = Path.GetFullPath(path);
            Make(libC, path);
            Root = DurableDirectory.OpenRoot(libC, path);
            try
            {
                using var all = Root.OpenChild(IncomingName);
                _unfinished = new UnfinishedPlace(all, Path.Combine(path, IncomingName));
            }
            catch
            {
                Root.Dispose();
                throw;
            }
        }

        public ILibC LibC { get; }
        public DurableDirectory Root { get; }
        public DurableDirectory Incoming => _unfinished.Directory;
        /// <summary>A directory could not be synced: nothing more is acknowledged until the folder is opened anew.</summary>
        public Fault? Distrust { get => (Fault?)_distrust; set => _distrust = value; }

        public string NextName() => Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture) + ".part";
        public void Hold() => Interlocked.Increment(ref _holders);

        /// <summary>Gives one hold back; the last one closes the folder.</summary>
        public void Dispose()
        {
            if (Interlocked.Decrement(ref _holders) != 0) return;
            _unfinished.Dispose();
            Root.Dispose();
        }

        private static void Make(ILibC libC, string path)
        {
            var missing = new Stack<string>();
            while (!Directory.Exists(path) && Path.GetDirectoryName(path) is { } parent)
            {
                missing.Push(Path.GetFileName(path));
                path = parent;
            }
            var directory = DurableDirectory.OpenRoot(libC, path);
            try
            {
                while (missing.TryPop(out var name))
                {
                    var child = directory.OpenChild(name);
                    directory.Sync();
                    directory.Dispose();
                    directory = child;
                }
            }
            finally { directory.Dispose(); }
        }
    }
}
