using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem.Archives;
using Microsoft.Win32.SafeHandles;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>What the first bytes of a file, or of an entry of a container, tell about it.</summary>
internal sealed class FileStart
{
    private const string MediaDirectoryStorage = "1.2.840.10008.1.3.10"; // PS3.10 §8.6
    private const int FirstRead = 4_096, LongestMagic = 512, SignWithin = 1_024;

    private static readonly (Part10Assumptions Flag, string Name)[] Names =
    [
        (Part10Assumptions.NoPreamble, "no-preamble"), (Part10Assumptions.NoFileMeta, "no-file-meta"),
        (Part10Assumptions.NoMetaGroupLength, "no-file-meta-length"), (Part10Assumptions.WrongMetaGroupLength, "wrong-file-meta-length"),
        (Part10Assumptions.ImplicitMeta, "implicit-vr-file-meta"), (Part10Assumptions.BigEndianMeta, "big-endian-file-meta"),
        (Part10Assumptions.GuessedTransferSyntax, "guessed-transfer-syntax"), (Part10Assumptions.ContradictedTransferSyntax, "contradicted-transfer-syntax"),
    ];

    private FileStart(FileKind kind) => Kind = kind;

    public FileKind Kind { get; }
    /// <summary>Why it is <see cref="FileKind.Damaged"/>.</summary>
    public Fault Fault { get; private init; }
    /// <summary>Preamble, prefix and file meta information, byte for byte; the data set follows.</summary>
    public byte[] Envelope { get; private init; } = [];
    /// <summary>How the data set is encoded.</summary>
    public TransferSyntax? TransferSyntax { get; private init; }
    /// <summary>Media Storage SOP Class UID (0002,0002).</summary>
    public string? SopClassUid { get; private init; }
    /// <summary>Media Storage SOP Instance UID (0002,0003).</summary>
    public string? SopInstanceUid { get; private init; }
    /// <summary>What had to be taken for granted.</summary>
    public IReadOnlyList<string> Assumptions { get; private init; } = [];

    /// <summary>Reads the start of an open file, mostly in one read.</summary>
    /// <exception cref="FileSystemException">The device fails.</exception>
    public static FileStart Read(SafeFileHandle handle)
    {
        var (buffer, length) = (ArrayPool<byte>.Shared.Rent(FirstRead), 0);
        try
        {
            while (true)
            {
                var read = RandomAccess.Read(handle, buffer.AsSpan(length), length);
                length += read;
                if (Of(buffer.AsSpan(0, length), read == 0) is { } start) return start;
                if (length == buffer.Length) buffer = Longer(buffer);
            }
        }
        catch (IOException e) { throw new FileSystemException(new Fault(FaultCode.ReadFailed, null, length), e); }
        finally { ArrayPool<byte>.Shared.Return(buffer); }
    }

    /// <summary>Reads the start of a stream.</summary>
    /// <returns>What it is, and the bytes behind the envelope that were read with it.</returns>
    public static async Task<(FileStart Start, ReadOnlyMemory<byte> Ahead)> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var (buffer, length) = (new byte[FirstRead], 0);
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            length += read;
            if (Of(buffer.AsSpan(0, length), read == 0) is { } start) return (start, buffer.AsMemory(start.Envelope.Length, length - start.Envelope.Length));
            if (length == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
        }
    }

    /// <returns><see langword="null"/> if that takes more bytes; never when <paramref name="isFinal"/>.</returns>
    public static FileStart? Of(ReadOnlySpan<byte> bytes, bool isFinal)
    {
        if (bytes.IsEmpty) return isFinal ? new FileStart(FileKind.Empty) : null;
        if (bytes.Length < LongestMagic && !isFinal) return null;
        Part10Prefix? prefix;
        try { prefix = Part10Prefix.Read(bytes, isFinal); }
        catch (DicomFormatException e) when (e.Fault.Code is not FaultCode.NotDicom && HasSign(bytes)) { return new FileStart(FileKind.Damaged) { Fault = e.Fault }; }
        catch (DicomFormatException) { return NotDicom(bytes); }
        if (prefix is null) return null;
        if (prefix.Length == 0 && !LooksLikeDataSet(bytes)) return NotDicom(bytes);
        var (sopClass, sopInstance) = prefix.ReadClaims();
        return new FileStart(string.Equals(sopClass, MediaDirectoryStorage, StringComparison.Ordinal) ? FileKind.MediaDirectory : FileKind.Instance)
        {
            Envelope = bytes[..prefix.Length].ToArray(),
            TransferSyntax = prefix.TransferSyntax,
            SopClassUid = sopClass,
            SopInstanceUid = sopInstance,
            Assumptions = prefix.Assumptions == Part10Assumptions.None ? [] : [.. from n in Names where prefix.Assumptions.HasFlag(n.Flag) select n.Name],
        };
    }

    private static FileStart NotDicom(ReadOnlySpan<byte> bytes)
    {
        if (IsContainer(bytes)) return new FileStart(FileKind.Container);
        // Bytes lost or added at the front move the prefix (PS3.10 §7.1): what has one has been an instance, and is not passed over in silence.
        var sign = bytes[..Math.Min(bytes.Length, SignWithin)].IndexOf("DICM"u8);
        return sign < 0 ? new FileStart(FileKind.NotDicom) : new FileStart(FileKind.Damaged) { Fault = new Fault(FaultCode.NotDicom, null, sign) };
    }

    private static bool IsContainer(ReadOnlySpan<byte> bytes) => ContainerReader.IsZip(bytes) || ContainerReader.IsGzip(bytes) || ContainerReader.IsTar(bytes);

    // "DICM" where it belongs, or an element (0002,00xx) with a VR in its place (PS3.10 §7.1).
    private static bool HasSign(ReadOnlySpan<byte> bytes) => bytes.StartsWith("DICM"u8) || (bytes.Length >= 132 && bytes[128..].StartsWith("DICM"u8))
        || (bytes is [2, 0, _, 0, _, _, ..] && new DicomVr(BinaryPrimitives.ReadUInt16BigEndian(bytes[4..])).IsWellFormed);

    // A data set without file meta information starts in group 0008 (ACR-NEMA: with its length), in any of three encodings; less proves nothing.
    private static bool LooksLikeDataSet(ReadOnlySpan<byte> start)
    {
        if (start.Length < 8) return false;
        var isExplicit = new DicomVr(BinaryPrimitives.ReadUInt16BigEndian(start[4..])).IsKnown;
        if (BinaryPrimitives.ReadUInt16LittleEndian(start) == 0x0008 && BinaryPrimitives.ReadUInt16LittleEndian(start[2..]) <= 0x0100)
            return isExplicit || BinaryPrimitives.ReadUInt32LittleEndian(start[4..]) <= Math.Min(1_024, start.Length - 8);
        return isExplicit && BinaryPrimitives.ReadUInt16BigEndian(start) == 0x0008 && BinaryPrimitives.ReadUInt16BigEndian(start[2..]) <= 0x0100;
    }

    private static byte[] Longer(byte[] buffer)
    {
        var longer = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(longer, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return longer;
    }
}
