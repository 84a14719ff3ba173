namespace Dicom.Migration.FileSystem;

/// <summary>A file or folder cannot be opened, read, written or made durable.</summary>
/// <param name="fault">Which of it.</param>
/// <param name="inner">The cause, if another exception is.</param>
public sealed class FileSystemException(Fault fault, Exception? inner = null) : MigrationException(fault, null, inner)
{
    /// <summary>The exception for what a system call returned while writing.</summary>
    internal static FileSystemException OfWriting(int result) =>
        new(new Fault(-result is Media.LibC.NoSpace or Media.LibC.OverQuota ? FaultCode.DiskFull : FaultCode.WriteFailed));
}
