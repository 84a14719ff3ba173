using Dicom.Migration.FileSystem.Media;

namespace Dicom.Migration.FileSystem.Walking;

/// <summary>Holds the DICOMDIR files of a tree against what is really there. A file is the affair of the nearest one above it.</summary>
internal sealed class MediaFolders(TreeWalker walker, int maxRecords)
{
    private const int MaxRemembered = 1_024;
    // PS3.10 §8.6 has one name; these are what copying makes of it (ISO 9660 versions, case).
    private static readonly string[] Names = ["DICOMDIR", "dicomdir", "Dicomdir", "DICOMDIR.", "DICOMDIR;1", "dicomdir;1", "DICOMDIR.;1"];
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Media?> _nearest = new(StringComparer.Ordinal);
    private long _keys;

    /// <summary>Whether a DICOMDIR covers the file and does not name it. One that is malformed says nothing.</summary>
    /// <param name="path">A file below the root.</param>
    public bool IsUnlisted(string path)
    {
        if (Nearest(DirectoryOf(path)) is not { Files: { } files } media) return false;
        var below = media.Directory.Length == 0 ? path : path[(media.Directory.Length + 1)..];
        return !files.Contains(MediaFileId.Key([.. below.Split('/').Select(EntryName.Text)]));
    }

    /// <summary>Whether the DICOMDIR stands for its folder, and an instance in the folder is not named in it.</summary>
    /// <param name="path">The DICOMDIR.</param>
    /// <param name="isInstance">Opens a path and looks.</param>
    public bool LeavesOut(string path, Func<string, bool> isInstance) =>
        string.Equals(Nearest(DirectoryOf(path))?.Path, path, StringComparison.Ordinal)
        && walker.List(null, DirectoryOf(path)).Any(found => !found.Path.EndsWith('/') && IsUnlisted(found.Path) && isInstance(found.Path));

    /// <summary>The records whose file is not there, each file once.</summary>
    /// <param name="path">The DICOMDIR.</param>
    /// <param name="directory">What it says.</param>
    public IEnumerable<MediaDirectoryRecord> Missing(string path, MediaDirectory directory)
    {
        var (listings, seen) = (new Dictionary<string, Listing>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var record in directory.Linked)
            if (seen.Add(MediaFileId.Key(record.File)) && !IsThere(DirectoryOf(path), record.File, listings)) yield return record;
    }

    private bool IsThere(string directory, string[] components, Dictionary<string, Listing> listings)
    {
        for (var i = 0; i < components.Length; i++)
        {
            if (!listings.TryGetValue(directory, out var listing)) listings.Add(directory, listing = new Listing(walker.ListDirectory(directory)));
            if (i == components.Length - 1) return listing.Files.Contains(MediaFileId.Key(components[i], isFile: true));
            if (!listing.Directories.TryGetValue(components[i], out var below) && !listing.Directories.TryGetValue(MediaFileId.Key(components[i], isFile: false), out below)) return false;
            directory = below;
        }
        return true;
    }

    private Media? Nearest(string directory)
    {
        lock (_gate)
        {
            var passed = new List<string>();
            Media? nearest;
            while (!_nearest.TryGetValue(directory, out nearest))
            {
                passed.Add(directory);
                if ((nearest = Open(directory)) is not null || directory.Length == 0) break;
                directory = DirectoryOf(directory);
            }
            if (_nearest.Count > MaxRemembered || _keys > maxRecords) Forget();
            foreach (var name in passed) _nearest[name] = nearest;
            return nearest;
        }
    }

    private void Forget()
    {
        _nearest.Clear();
        _keys = 0;
    }

    private Media? Open(string directory)
    {
        foreach (var name in Names)
        {
            var path = directory.Length == 0 ? name : directory + "/" + name;
            using var handle = walker.Open(path, isDirectory: false, out _);
            if (handle is null) continue;
            try
            {
                if (!FileStatus.Of(handle).IsRegular || FileStart.Read(handle).Kind is not FileKind.MediaDirectory) continue;
                var read = MediaDirectory.Read(handle, maxRecords);
                HashSet<string>? files = read.Fault is null ? [.. read.All.Select(static r => MediaFileId.Key(r.File))] : null;
                _keys += files?.Count ?? 0;
                return new Media(directory, path, files);
            }
            catch (FileSystemException) { } // is reported where the file itself is read
        }
        return null;
    }

    private static string DirectoryOf(string path) => path.LastIndexOf('/') is >= 0 and var slash ? path[..slash] : "";

    /// <param name="Directory">The folder it stands for.</param>
    /// <param name="Path">Where it lies.</param>
    /// <param name="Files">Keys of the files named; <see langword="null"/> if it cannot be trusted.</param>
    private sealed record Media(string Directory, string Path, HashSet<string>? Files);

    /// <summary>One directory's names by their keys.</summary>
    private sealed class Listing
    {
        public Listing(IEnumerable<TreeWalker.Found> found)
        {
            foreach (var entry in found)
            {
                var name = EntryName.Text(entry.Path[(entry.Path.LastIndexOf('/') + 1)..]);
                if (!entry.IsDirectory) Files.Add(MediaFileId.Key(name, isFile: true));
                else
                {
                    Directories[name] = entry.Path;
                    Directories.TryAdd(MediaFileId.Key(name, isFile: false), entry.Path);
                }
            }
        }

        public HashSet<string> Files { get; } = new(StringComparer.Ordinal);
        public Dictionary<string, string> Directories { get; } = new(StringComparer.Ordinal);
    }
}
