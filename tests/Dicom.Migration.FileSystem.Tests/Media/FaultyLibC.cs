using Dicom.Migration.FileSystem.Media;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>The real system calls, of which the n-th fails (or that and all after it, as after a kill), and a record of what is durable by the rules of POSIX alone.</summary>
internal sealed class FaultyLibC(int failAt, int error, bool isForGood = false) : ILibC
{
    private readonly LibC _real = LibC.Instance;
    private readonly Dictionary<int, string> _paths = [];
    private readonly Dictionary<string, byte[]> _synced = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]?> _pendingNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]?> _durableNames = new(StringComparer.Ordinal);
    private int _calls;

    public int Calls => _calls;

    /// <summary>What a power cut would leave of a file: content synced, then named, then every directory above it synced.</summary>
    public byte[]? AfterPowerCut(string root, string location)
    {
        var path = root;
        var names = location.Split('/');
        foreach (var name in names[..^1])
            if (!_durableNames.ContainsKey(path = path + "/" + name)) return null;
        return _durableNames.GetValueOrDefault(path + "/" + names[^1]);
    }

    private bool Fails => Interlocked.Increment(ref _calls) is var call && (isForGood ? call >= failAt : call == failAt);
    private string Of(int directory, string name) => directory == LibC.WorkingDirectory ? name : name == "." ? _paths[directory] : _paths[directory] + "/" + name;

    public int OpenAt(int directory, string name, int flags, int mode)
    {
        if (Fails) return -error;
        var result = _real.OpenAt(directory, name, flags, mode);
        if (result >= 0) _paths[result] = Of(directory, name);
        return result;
    }

    public int MakeDirectoryAt(int directory, string name, int mode)
    {
        if (Fails) return -error;
        var result = _real.MakeDirectoryAt(directory, name, mode);
        if (result >= 0) _pendingNames[Of(directory, name)] = null;
        return result;
    }

    public int RenameAt(int fromDirectory, string from, int toDirectory, string to, bool replace)
    {
        if (Fails) return -error;
        var result = _real.RenameAt(fromDirectory, from, toDirectory, to, replace);
        if (result >= 0) _pendingNames[Of(toDirectory, to)] = _synced.GetValueOrDefault(Of(fromDirectory, from));
        return result;
    }

    public int UnlinkAt(int directory, string name) => Fails ? -error : _real.UnlinkAt(directory, name);

    // Every second write is short, as a write may be.
    public int Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        if (Fails) return -error;
        _synced.Remove(_paths[descriptor]);
        return _real.Write(descriptor, _calls % 2 == 0 && bytes.Length > 1 ? bytes[..(bytes.Length / 2)] : bytes);
    }

    public int WriteAt(int descriptor, ReadOnlySpan<byte> bytes, long offset)
    {
        if (Fails) return -error;
        _synced.Remove(_paths[descriptor]);
        return _real.WriteAt(descriptor, _calls % 2 == 0 && bytes.Length > 1 ? bytes[..(bytes.Length / 2)] : bytes, offset);
    }

    public int Sync(int descriptor)
    {
        var path = _paths[descriptor];
        if (Fails)
        {
            // The kernel drops what it could not write and says nothing about it the next time.
            foreach (var name in _pendingNames.Keys.Where(n => Path.GetDirectoryName(n) == path).ToList()) _pendingNames.Remove(name);
            return -error;
        }
        if (File.Exists(path)) _synced[path] = File.ReadAllBytes(path);
        else
            foreach (var (name, content) in _pendingNames.Where(n => Path.GetDirectoryName(n.Key) == path).ToList())
            {
                _durableNames[name] = content;
                _pendingNames.Remove(name);
            }
        return _real.Sync(descriptor);
    }

    // Of what it makes durable only the content counts here: names are durable when their own directories are synced.
    public int SyncVolume(int descriptor)
    {
        if (Fails) return -error;
        foreach (var path in _paths.Values.Where(File.Exists).ToList()) _synced[path] = File.ReadAllBytes(path);
        return _real.SyncVolume(descriptor) is var result && result == -LibC.NotImplemented ? 0 : result;
    }

    public int Close(int descriptor)
    {
        var result = _real.Close(descriptor);
        return Fails ? -error : result;
    }
}
