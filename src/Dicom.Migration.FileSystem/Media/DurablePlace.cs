namespace Dicom.Migration.FileSystem.Media;

/// <summary>Where a file goes below its root, of names that no peer can bend.</summary>
internal abstract class DurablePlace
{
    private readonly string[] _directories, _keys;

    protected DurablePlace(params string[] directories)
    {
        (_directories, _keys) = (directories, new string[directories.Length + 1]);
        _keys[0] = "";
        for (var i = 0; i < directories.Length; i++) _keys[i + 1] = i == 0 ? directories[i] : _keys[i] + "/" + directories[i];
    }

    public static DurablePlace Of(FolderLayout layout, string studyUid, string seriesUid, string instanceUid) =>
        layout is FolderLayout.FileSet ? new FileSetPlace(studyUid, seriesUid, instanceUid) : new UidPlace(studyUid, seriesUid, instanceUid);

    public IReadOnlyList<string> Directories => _directories;
    /// <summary>The root, and every directory on the way down by its path.</summary>
    public IReadOnlyList<string> DirectoryKeys => _keys;

    /// <summary>The name of the file.</summary>
    /// <param name="collisions">How many names of this UID were found taken by objects of another UID.</param>
    /// <param name="beside">How many were found taken by something else; from 1 on the name tells by its own digest from those of the same UID.</param>
    /// <param name="sha256">Digest of the file; not looked at where <paramref name="beside"/> is 0.</param>
    public abstract string Name(int collisions, int beside, byte[] sha256);

    /// <summary>Whether a name that is taken is shown to belong to another object: one whose own UID leads to the same name.</summary>
    /// <param name="name">One of this place's names.</param>
    /// <param name="readUid">Reads the SOP Instance UID of what lies there; <see langword="null"/> if it has none.</param>
    public abstract bool IsAnothers(string name, Func<string?> readUid);

    public string Location(string name) => _keys[^1] + "/" + name;
}
