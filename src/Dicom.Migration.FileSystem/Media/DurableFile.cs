using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>A file on its way to a name: written under a temporary one, synced, renamed; durable once its directory is synced too.</summary>
/// <remarks>After any error it is abandoned: Linux marks pages clean when syncing them fails, so a second fsync proves nothing.</remarks>
internal sealed class DurableFile : IDisposable
{
    private readonly ILibC _libC;
    private readonly DurableDirectory _incoming;
    private readonly string _name;
    private int _descriptor;
    private bool _isNamed;

    public DurableFile(ILibC libC, DurableDirectory incoming, string name)
    {
        (_libC, _incoming, _name) = (libC, incoming, name);
        // rw-r-----, less the umask: never executable, as a preamble may be a program's header.
        _descriptor = libC.OpenAt(incoming.Descriptor, name, LibC.WriteOnly | LibC.Create | LibC.Exclusive | LibC.NoFollow, 0x1A0);
        if (_descriptor < 0) throw FileSystemException.OfWriting(_descriptor);
    }

    /// <summary>Bytes written.</summary>
    public long Length { get; private set; }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var written = _libC.Write(_descriptor, bytes);
            if (written <= 0) throw FileSystemException.OfWriting(written);
            bytes = bytes[written..];
            Length += written;
        }
    }

    /// <summary>Writes over bytes that are there already.</summary>
    public void WriteAt(ReadOnlySpan<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            var written = _libC.WriteAt(_descriptor, bytes, offset);
            if (written <= 0) throw FileSystemException.OfWriting(written);
            bytes = bytes[written..];
            offset += written;
        }
    }

    /// <summary>Makes the content durable and closes the file.</summary>
    public void Sync()
    {
        var result = _libC.Sync(_descriptor);
        if (result < 0) throw FileSystemException.OfWriting(result);
        Close();
    }

    /// <summary>Closes the file, whose volume is synced: the last moment at which a network file system reports a full disk.</summary>
    public void Close()
    {
        var result = _libC.Close(Interlocked.Exchange(ref _descriptor, -1));
        if (result < 0) throw FileSystemException.OfWriting(result);
    }

    /// <summary>SHA-256 of the file, read back under its temporary name: only wanted where its place is taken.</summary>
    public byte[] Digest()
    {
        var descriptor = _libC.OpenAt(_incoming.Descriptor, _name, LibC.ReadOnly | LibC.NoFollow, 0);
        if (descriptor < 0) throw FileSystemException.OfWriting(descriptor);
        using var stream = new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read, bufferSize: 0);
        return SHA256.HashData(stream);
    }

    /// <summary>Gives the synced file its name.</summary>
    /// <returns><see langword="false"/> if the name is taken and may not be replaced.</returns>
    public bool TryRename(DurableDirectory directory, string name, bool replace)
    {
        var result = _libC.RenameAt(_incoming.Descriptor, _name, directory.Descriptor, name, replace);
        if (result == -LibC.Exists && !replace) return false;
        if (result < 0) throw FileSystemException.OfWriting(result);
        return _isNamed = true;
    }

    /// <summary>Removes the temporary file unless it has a name by now.</summary>
    public void Dispose()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0) _libC.Close(descriptor);
        if (!_isNamed) _libC.UnlinkAt(_incoming.Descriptor, _name);
        _isNamed = true;
    }
}
