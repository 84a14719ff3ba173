using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>Files that become durable together, so that many small ones share the syncing of their directories.</summary>
/// <remarks>Content, then names, then directories: nothing is acknowledged before its own file and every directory above it are synced.</remarks>
internal sealed class DurableBatch(ILibC libC, DurableDirectory root)
{
    /// <summary>Most files that may stand beside each other under one UID.</summary>
    private const int MaxBeside = 16;
    /// <summary>From so many files on, one sync of the volume costs less than one of each file (docs/decisions/0006).</summary>
    private const int FilesForOneSync = 8;
    private readonly List<Entry> _entries = [];

    public int Count => _entries.Count;
    public long Bytes { get; private set; }

    /// <summary>Takes over a written file; it and the answer are this batch's from now on.</summary>
    /// <param name="file">Written to its end.</param>
    /// <param name="place">Directories and name below the root, without suffix.</param>
    /// <param name="conclude">Makes the answer of how it ended.</param>
    /// <returns>Is complete, and never failed, when the batch is committed.</returns>
    public Task<StoreOutcome> Add(DurableFile file, DurablePlace place, Func<DurableResult, StoreOutcome> conclude)
    {

        var entry = new Entry(file, place, conclude);
        _entries.Add(entry);
        Bytes += file.Length;
        return entry.Answer.Task;
    }

    /// <summary>Makes all files durable and answers for each. A file's error ends that file, a directory's error all that need it.</summary>
    /// <returns>The fault of a directory that could not be synced, if there is one: what the system says of that directory later proves nothing.</returns>
    public Fault? Commit()
    {
        var entries = _entries.ToArray();
        _entries.Clear();
        Bytes = 0;
        var directories = new Dictionary<string, Opened>(StringComparer.Ordinal);
        Fault? distrust = null;
        try
        {
            SyncFiles(entries);
            foreach (var entry in entries) if (entry.Fault is null) Attempt(entry, () => Name(entry, directories));
            // Series before studies before the root: a name is durable only when all names above it are.
            foreach (var opened in directories.Values.OrderByDescending(static d => d.Depth))
                try { opened.Directory.Sync(); }
                catch (FileSystemException e) { distrust = opened.Fault = e.Fault; }
            foreach (var entry in entries)
                foreach (var key in entry.Place.DirectoryKeys)
                    if (entry.Fault is null && directories[key].Fault is { } fault) entry.Fault = fault;
        }
        finally
        {
            foreach (var opened in directories.Values) opened.Directory.Dispose();
            foreach (var entry in entries)
            {
                entry.File.Dispose();
                entry.Answer.TrySetResult(entry.Conclude(entry.Fault is { } fault ? new DurableResult(StoreDisposition.NotStored, null, fault)
                    : new DurableResult(entry.Disposition, entry.Location, entry.IsBeside ? new Fault(FaultCode.UidConflict) : null)));
            }
        }
        return distrust;
    }

    private void SyncFiles(Entry[] entries)
    {
        var result = entries.Length < FilesForOneSync ? -LibC.NotImplemented : libC.SyncVolume(root.Descriptor);
        foreach (var entry in entries)
            Attempt(entry, () =>
            {
                if (result == -LibC.NotImplemented) entry.File.Sync();
                else if (result < 0) throw FileSystemException.OfWriting(result); // it does not say which file: none is vouched for
                else entry.File.Close();
            });
    }

    private static void Attempt(Entry entry, Action action)
    {
        try { action(); }
        catch (FileSystemException e) { entry.Fault = e.Fault; }
        catch (IOException) { entry.Fault = new Fault(FaultCode.WriteFailed); }
        catch (UnauthorizedAccessException) { entry.Fault = new Fault(FaultCode.AccessDenied); }
    }

    private void Name(Entry entry, Dictionary<string, Opened> directories)
    {
        var parent = root;
        var keys = entry.Place.DirectoryKeys;
        if (!directories.ContainsKey(keys[0])) directories.Add(keys[0], new Opened(root.Reopen(), 0));
        for (var i = 0; i < entry.Place.Directories.Count; i++)
        {
            if (!directories.TryGetValue(keys[i + 1], out var opened))
                directories.Add(keys[i + 1], opened = new Opened(parent.OpenChild(entry.Place.Directories[i]), i + 1));
            parent = opened.Directory;
        }
        // One name after the other until one is free, or holds the same bytes.
        var (collisions, beside) = (0, 0);
        while (collisions < FileSetPlace.MaxCollisions && beside < MaxBeside)
        {
            var name = entry.Place.Name(collisions, beside, beside == 0 ? [] : entry.Sha256);
            entry.Location = entry.Place.Location(name);
            entry.IsBeside = beside > 0;
            if (entry.File.TryRename(parent, name, replace: false))
            {
                entry.Disposition = beside > 0 ? StoreDisposition.StoredBeside : StoreDisposition.Stored;
                return;
            }
            using var taken = Open(parent, name);
            if (taken is not null && HasDigest(taken, entry.Sha256))
            {
                // The same bytes under the same name, perhaps from a run that ended before they were durable: the synced copy takes their place.
                entry.File.TryRename(parent, name, replace: true);
                entry.Disposition = StoreDisposition.AlreadyThere;
                return;
            }
            if (beside == 0 && taken is not null && entry.Place.IsAnothers(name, () => InstanceKeys.ReadUid(taken))) collisions++;
            else beside++;
        }
        throw new FileSystemException(new Fault(FaultCode.WriteFailed));
    }

    /// <summary>What has the name, if it is a file: a link, or anything else, is not ours; it is left alone and gone beside.</summary>
    private SafeFileHandle? Open(DurableDirectory directory, string name)
    {
        var descriptor = libC.OpenAt(directory.Descriptor, name, LibC.ReadOnly | LibC.NoFollow | LibC.NonBlocking, 0);
        if (descriptor is -LibC.TooManyLinks) return null;
        if (descriptor < 0) throw FileSystemException.OfWriting(descriptor);
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FileStatus.Of(handle).IsRegular) return handle;
        handle.Dispose();
        return null;
    }

    private static bool HasDigest(SafeFileHandle handle, byte[] sha256)
    {
        using var stream = new FileStream(new SafeFileHandle(handle.DangerousGetHandle(), ownsHandle: false), FileAccess.Read, bufferSize: 0);
        return SHA256.HashData(stream).AsSpan().SequenceEqual(sha256);
    }

    private sealed class Opened(DurableDirectory directory, int depth)
    {
        public DurableDirectory Directory { get; } = directory;
        public int Depth { get; } = depth;
        public Fault? Fault { get; set; }
    }

    private sealed class Entry(DurableFile file, DurablePlace place, Func<DurableResult, StoreOutcome> conclude)
    {
        private byte[]? _sha256;

        public DurableFile File { get; } = file;
        public byte[] Sha256 => _sha256 ??= File.Digest();
        public DurablePlace Place { get; } = place;
        public Func<DurableResult, StoreOutcome> Conclude { get; } = conclude;
        public TaskCompletionSource<StoreOutcome> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public StoreDisposition Disposition { get; set; }
        public string? Location { get; set; }
        public bool IsBeside { get; set; }
        public Fault? Fault { get; set; }
    }
}
