using System.Globalization;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem.Media;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem;

/// <summary>A folder of Part 10 files, study/series/instance.dcm, that acknowledges nothing before it is durable. Linux only.</summary>
/// <remarks>The same UID with the same bytes changes nothing; with other bytes both are kept, and each further one is reported as <see cref="FaultCode.UidConflict"/>.</remarks>
public sealed class FolderTarget : IEvidenceTarget, IDisposable
{
    /// <summary>Where files are written before they get their names.</summary>
    internal const string IncomingName = ".dicom-migration-incoming";

    private readonly ILibC _libC;
    private readonly Lock _gate = new();
    private Room? _room;

    /// <summary>A target that opens nothing before its first session.</summary>
    /// <param name="name">Names it in configuration, logs and the ledger.</param>
    /// <param name="options">Read now and when sessions are opened.</param>
    public FolderTarget(string name, FolderTargetOptions options) : this(name, options, LibC.Instance) { }

    internal FolderTarget(string name, FolderTargetOptions options, ILibC libC)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(options);
        (Name, Options, _libC) = (name, options, libC);
    }

    /// <inheritdoc/>
    public string Name { get; }
    /// <inheritdoc/>
    public string Address => "folder:" + Path.TrimEndingDirectorySeparator(Path.GetFullPath(Options.Path));

    /// <inheritdoc/>
    public bool KeepsRivals => true;
    /// <summary>L4: files are read back from the device; L1: they are there.</summary>
    public IReadOnlyList<EvidenceLevel> Levels { get; } = [EvidenceLevel.L4, EvidenceLevel.L1];
    internal FolderTargetOptions Options { get; }

    /// <inheritdoc/>
    public Task<ITargetSession> OpenSessionAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux()) throw new PlatformNotSupportedException("A folder can be a target on Linux only.");
        return Task.Run<ITargetSession>(() =>
        {
            lock (_gate)
            {
                if (_room?.Distrust is { } distrust)
                    throw new TargetUnavailableException(distrust, "A directory could not be synced: check the device, then start again.");
                try
                {
                    _room ??= new Room(_libC, Options.Path);
                    _room.Hold();
                    return new FolderTargetSession(this, _room);
                }
                catch (FileSystemException e) { throw new TargetUnavailableException(e.Fault, "The target folder cannot be opened or written.", e); }
                catch (IOException e) { throw new TargetUnavailableException(new Fault(FaultCode.WriteFailed), "The target folder cannot be opened or written.", e); }
                catch (UnauthorizedAccessException e) { throw new TargetUnavailableException(new Fault(FaultCode.AccessDenied), "The target folder may not be written.", e); }
            }
        }, cancellationToken);
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
        var place = new DurablePlace(reference.StudyInstanceUid, reference.SeriesInstanceUid, reference.SopInstanceUid);
        var names = (reference.Location ?? place.Location(place.Name([], 0))).Split('/');
        fault = new Fault(FaultCode.MissingAtTarget);
        if (names.Length != 3 || names.Any(static n => n.Length is 0 or > 255 || n[0] == '.' || !n.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '~'))) return null;
        using var study = root.TryOpenExisting(names[0], out var error);
        using var series = study?.TryOpenExisting(names[1], out error);
        if (series is not null) error = _libC.OpenAt(series.Descriptor, names[2], LibC.ReadOnly | LibC.NoFollow | LibC.NonBlocking, 0);
        if (error >= 0) return new SafeFileHandle(error, ownsHandle: true);
        if (error != -LibC.NoEntry) fault = new Fault(FaultCode.UnreadableAtTarget);
        return null;
    }

    /// <summary>The open folder and its place for unfinished files, shared by the sessions.</summary>
    internal sealed class Room : IDisposable
    {
        private readonly FileStream _lock;
        private readonly string _incomingPath;
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
                RemoveAbandoned(Path.Combine(path, IncomingName));
                var name = Guid.NewGuid().ToString("N");
                Incoming = all.OpenChild(name);
                _incomingPath = Path.Combine(path, IncomingName, name);
                // Held until the end of the process: whoever can lock it knows that the owner is gone.
                _lock = new FileStream(Path.Combine(_incomingPath, "lock"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
            }
            catch
            {
                Incoming?.Dispose();
                Root.Dispose();
                throw;
            }
        }

        public ILibC LibC { get; }
        public DurableDirectory Root { get; }
        public DurableDirectory Incoming { get; }
        /// <summary>A directory could not be synced: nothing more is acknowledged until the folder is opened anew.</summary>
        public Fault? Distrust { get => (Fault?)_distrust; set => _distrust = value; }

        public string NextName() => Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture) + ".part";
        public void Hold() => Interlocked.Increment(ref _holders);

        /// <summary>Gives one hold back; the last one closes the folder.</summary>
        public void Dispose()
        {
            if (Interlocked.Decrement(ref _holders) != 0) return;
            Incoming.Dispose();
            Root.Dispose();
            _lock.Dispose();
            TryDelete(_incomingPath);
        }

        private static void RemoveAbandoned(string incoming)
        {
            foreach (var directory in Directory.EnumerateDirectories(incoming))
            {
                try { using var owner = new FileStream(Path.Combine(directory, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None); }
                catch (IOException) { continue; } // its owner lives, or is about to lock it
                TryDelete(directory);
            }
        }

        private static void TryDelete(string directory)
        {
            try { Directory.Delete(directory, recursive: true); }
            catch (IOException) { } // left for the next run: unfinished files are no instances
            catch (UnauthorizedAccessException) { }
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
