namespace Dicom.Migration.FileSystem.Media;

/// <summary>The system calls behind everything that has to be durable, and the place where tests put faults.</summary>
/// <remarks>.NET 10.0 does not report errors of fsync(2) on Linux and cannot open a directory, so these go to libc. Every result is 0 or more, or
/// minus the error number. Names are single components, relative to a directory's descriptor; -100 (AT_FDCWD) stands for the working directory.</remarks>
internal interface ILibC
{
    public int OpenAt(int directory, string name, int flags, int mode);
    public int MakeDirectoryAt(int directory, string name, int mode);
    public int RenameAt(int fromDirectory, string from, int toDirectory, string to, bool replace);
    public int UnlinkAt(int directory, string name);
    public int Write(int descriptor, ReadOnlySpan<byte> bytes);
    public int WriteAt(int descriptor, ReadOnlySpan<byte> bytes, long offset);
    public int Sync(int descriptor);
    /// <summary>Makes all of the volume that the descriptor lies on durable; minus ENOSYS where errors of that are not known to be reported.</summary>
    public int SyncVolume(int descriptor);
    public int Close(int descriptor);
}
