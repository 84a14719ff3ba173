using System.Buffers;

namespace Dicom.Migration.DataSets;

/// <content>Part 10 files.</content>
public sealed partial class DataSet
{
    private static readonly DicomTag SopClass = new(0x0008, 0x0016), SopInstance = new(0x0008, 0x0018);
    private (string? Class, string? Instance) _identityRead;

    /// <summary>What stood before it in its file; <see langword="null"/> if it was read from none.</summary>
    public Part10Prefix? Prefix { get; private set; }

    /// <summary>Reads a file into memory, as odd as its prefix may be.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Limits and dictionary, or <see langword="null"/> for the defaults.</param>
    /// <exception cref="DicomFormatException">It is no DICOM, malformed, or beyond a limit.</exception>
    /// <remarks>Errors of the file system come as the framework's own exceptions.</remarks>
    public static DataSet Open(string path, DataSetOptions? options = null)
    {
        options ??= new DataSetOptions();
        if (new FileInfo(path).Length > (long)options.MaxLength + Part10Prefix.MaxLength) throw new DicomFormatException(new Fault(FaultCode.DataSetTooLong));
        return ReadFile(File.ReadAllBytes(path), options);
    }

    /// <summary>Reads a file that is in memory.</summary>
    /// <param name="bytes">The file; not copied.</param>
    /// <param name="options">Limits and dictionary, or <see langword="null"/> for the defaults.</param>
    /// <exception cref="DicomFormatException">It is no DICOM, malformed, or beyond a limit.</exception>
    public static DataSet ReadFile(ReadOnlyMemory<byte> bytes, DataSetOptions? options = null)
    {
        var prefix = Part10Prefix.Read(bytes.Span, isFinal: true)!;
        var dataSet = Read(bytes[prefix.Length..], prefix.TransferSyntax, options, prefix.Length);
        (dataSet.Prefix, dataSet._identityRead) = (prefix, dataSet.Identity);
        return dataSet;
    }

    /// <summary>Writes a file: with the prefix that it was read with, if that still tells the truth, else with a new one.</summary>
    /// <param name="path">The file. It is replaced when all is written and on the disk; until then the old one is there.</param>
    /// <param name="syntax">The encoding, or <see langword="null"/> for <see cref="TransferSyntax"/>.</param>
    /// <exception cref="DicomFormatException">As of <see cref="WriteTo"/>; or there is no SOP Class or Instance UID to write
    /// (<see cref="FaultCode.MissingIdentity"/>).</exception>
    public void Save(string path, TransferSyntax? syntax = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var beside = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var file = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                var output = new StreamBufferWriter(file);
                WriteFileTo(output, syntax);
                output.Flush();
                file.Flush(flushToDisk: true);
            }
            File.Move(beside, path, overwrite: true);
        }
        finally
        {
            File.Delete(beside); // is there only if something went wrong
        }
    }

    /// <summary>Writes a file into memory or a pipe, as <see cref="Save"/> does.</summary>
    /// <param name="output">Receives it.</param>
    /// <param name="syntax">The encoding, or <see langword="null"/> for <see cref="TransferSyntax"/>.</param>
    /// <exception cref="DicomFormatException">As of <see cref="Save"/>.</exception>
    public void WriteFileTo(IBufferWriter<byte> output, TransferSyntax? syntax = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        syntax ??= TransferSyntax;
        if (Prefix is { } prefix && syntax == TransferSyntax && Identity == _identityRead)
        {
            output.Write(prefix.Preamble.Span);
            output.Write(prefix.FileMeta.Span);
        }
        else
        {
            var (sopClass, instance) = Identity;
            if (sopClass is null || instance is null) throw new DicomFormatException(new Fault(FaultCode.MissingIdentity, sopClass is null ? SopClass : SopInstance));
            Part10FileWriter.WritePrefix(output, sopClass, instance, syntax);
        }
        WriteTo(output, syntax);
    }

    private (string? Class, string? Instance) Identity => (GetString(SopClass), GetString(SopInstance));
}
