using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem.Media;
using Dicom.Migration.FileSystem.Walking;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem;

/// <summary>Makes the DICOMDIR of a folder from the files that lie in it.</summary>
/// <param name="path">The folder.</param>
internal sealed class FileSetDirectory(string path)
{
    public const string Name = "DICOMDIR"; // PS3.10 §8.6

    private readonly TreeWalker _walker = new(path);
    private readonly Dictionary<DicomDirOmission, long> _leftOut = [];

    /// <summary>Writes it.</summary>
    /// <param name="file">Empty.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FileSystemException">The file cannot be written or would become too long.</exception>
    /// <exception cref="SourceUnavailableException">The folder cannot be listed.</exception>
    public DicomDirSummary WriteTo(DurableFile file, CancellationToken cancellationToken)
    {
        var writer = new MediaDirectoryWriter(file);
        using var reader = InstanceKeys.NewReader();
        foreach (var found in _walker.List(null))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (found.Path.Split('/').Contains(FolderTarget.IncomingName, StringComparer.Ordinal)) continue;
            if (Read(reader, found.Path, out var omission) is { } keys) writer.Add(keys, FileSetPlace.FileId(found.Path)!);
            else if (omission is { } reason) _leftOut[reason] = _leftOut.GetValueOrDefault(reason) + 1;
        }
        writer.Complete();
        return new DicomDirSummary(writer.Patients, writer.Studies, writer.Series, writer.Instances, writer.StandIns, writer.Bytes, _leftOut);
    }

    /// <returns><see langword="null"/> for what is no instance, and for what is or may be one and gets no record.</returns>
    private InstanceKeys? Read(Part10FileReader reader, string found, out DicomDirOmission? omission)
    {
        omission = DicomDirOmission.Unreadable;
        if (found.EndsWith('/')) return null; // a directory that cannot be listed
        SafeFileHandle? handle = null;
        try
        {
            handle = _walker.Open(found, isDirectory: false, out var fault);
            if (handle is null ? fault.Code is FaultCode.NotARegularFile or FaultCode.SourceGone : !FileStatus.Of(handle).IsRegular) omission = null;
            if (handle is null || omission is null) return null;
            var start = FileStart.Read(handle);
            if (start.Kind is FileKind.Damaged) return null;
            omission = null;
            if (start.Kind is not FileKind.Instance) return null;
            omission = DicomDirOmission.Unreadable;
            var keys = InstanceKeys.Read(reader, handle);
            omission = Reason(keys, found);
            return omission is null ? keys : null;
        }
        catch (MigrationException) { return null; }
        catch (IOException) { return null; }
        finally { handle?.Dispose(); }
    }

    private static DicomDirOmission? Reason(InstanceKeys keys, string found)
    {
        const Part10Assumptions NoFileOfAFileSet = Part10Assumptions.NoPreamble | Part10Assumptions.NoFileMeta | Part10Assumptions.ImplicitMeta
            | Part10Assumptions.BigEndianMeta | Part10Assumptions.GuessedTransferSyntax;
        if ((keys.Prefix.Assumptions & NoFileOfAFileSet) != Part10Assumptions.None) return DicomDirOmission.NotPart10;
        uint[] needed = keys.Type.IsRoot ? [0x00080016, 0x00080018] : [0x00080016, 0x00080018, 0x0020000D, 0x0020000E];
        if (Array.Exists(needed, tag => !DicomUid.IsValid(keys.Text(tag)))) return DicomDirOmission.NoIdentity;
        return FileSetPlace.FileId(found) is null ? DicomDirOmission.NoFileId : null;
    }
}
