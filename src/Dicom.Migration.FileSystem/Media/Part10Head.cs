using System.Buffers.Binary;
using System.Text;

namespace Dicom.Migration.FileSystem.Media;

/// <summary>What stands before the data set of a Part 10 file (PS3.10 §7.1): 128 bytes preamble, "DICM", group 0002 in Explicit VR Little Endian.</summary>
/// <param name="Length">Length of it all in bytes; 0 if the file starts with the data set.</param>
/// <param name="SopClassUid">Media Storage SOP Class UID (0002,0002).</param>
/// <param name="SopInstanceUid">Media Storage SOP Instance UID (0002,0003).</param>
/// <param name="TransferSyntaxUid">Transfer Syntax UID (0002,0010).</param>
/// <param name="Assumption">What had to be taken for granted, if anything.</param>
internal sealed record Part10Head(int Length, string? SopClassUid, string? SopInstanceUid, string? TransferSyntaxUid, string? Assumption)
{
    /// <summary>Most bytes that preamble and file meta information may take together. 64 KiB: ten times what private information takes in practice.</summary>
    public const int MaxLength = 65_536;
    private const int Preamble = 128;

    /// <summary>Reads it from the first bytes of a file.</summary>
    /// <param name="start">The whole file, or its first <see cref="MaxLength"/> bytes.</param>
    /// <returns><see langword="null"/> if nothing tells that this is DICOM.</returns>
    /// <exception cref="DicomFormatException">It is DICOM, and its file meta information is malformed.</exception>
    public static Part10Head? Read(ReadOnlySpan<byte> start)
    {
        if (start.Length >= Preamble + 4 && start[Preamble..].StartsWith("DICM"u8)) return ReadMeta(start, Preamble + 4, null);
        if (start.StartsWith("DICM"u8)) return ReadMeta(start, 4, "no-preamble");
        if (start.StartsWith("\u0002\0"u8) && start.Length >= 6 && start[3] == 0 && IsVr(start[4..])) return ReadMeta(start, 0, "no-preamble-and-prefix");
        return LooksLikeDataSet(start) ? new Part10Head(0, null, null, null, "no-file-meta") : null;
    }

    private static Part10Head ReadMeta(ReadOnlySpan<byte> start, int at, string? assumption)
    {
        string? sopClass = null, sopInstance = null, transferSyntax = null;
        var declaredEnd = -1L;
        while (start.Length - at >= 2 && BinaryPrimitives.ReadUInt16LittleEndian(start[at..]) == 2)
        {
            var rest = start[at..];
            if (rest.Length < 8) throw Malformed(at);
            var element = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
            var (header, length) = (8, 0L);
            if (!IsVr(rest[4..])) (length, assumption) = (BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]), assumption ?? "implicit-vr-file-meta");
            else if (!IsLong(rest[4..])) length = BinaryPrimitives.ReadUInt16LittleEndian(rest[6..]);
            else if (rest.Length < 12) throw Malformed(at);
            else (header, length) = (12, BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]));
            if (length > rest.Length - header) throw Malformed(at);
            var value = rest.Slice(header, (int)length);
            at += header + (int)length;
            if (element == 0x0000 && length == 4) declaredEnd = at + (long)BinaryPrimitives.ReadUInt32LittleEndian(value);
            else if (element == 0x0002) sopClass ??= Text(value);
            else if (element == 0x0003) sopInstance ??= Text(value);
            else if (element == 0x0010) transferSyntax ??= Text(value);
        }
        if (at >= MaxLength - 8) throw Malformed(at);
        // Writers get the group length wrong; where the elements end is where the data set starts.
        if (declaredEnd >= 0 && declaredEnd != at) assumption ??= "wrong-file-meta-length";
        return new Part10Head(at, sopClass, sopInstance, transferSyntax, assumption);
    }

    // A data set without file meta information starts with group 0004 or 0008 (ACR-NEMA: its length element), in any of three encodings.
    private static bool LooksLikeDataSet(ReadOnlySpan<byte> start)
    {
        if (start.Length < 8) return false;
        var (group, element, length) = (BinaryPrimitives.ReadUInt16LittleEndian(start), BinaryPrimitives.ReadUInt16LittleEndian(start[2..]), BinaryPrimitives.ReadUInt32LittleEndian(start[4..]));
        if (group is 0x0008 && element <= 0x0100) return IsVr(start[4..]) || (length <= 1_024 && length <= start.Length - 8);
        return start[0] == 0 && start[1] == 8 && start[2] <= 1 && IsVr(start[4..]);
    }

    private static bool IsVr(ReadOnlySpan<byte> bytes) => bytes.Length >= 2 && bytes[0] is >= (byte)'A' and <= (byte)'Z' && bytes[1] is >= (byte)'A' and <= (byte)'Z';

    // PS3.5 §7.1.2: these have two reserved bytes and a length of four.
    private static bool IsLong(ReadOnlySpan<byte> vr) => Encoding.ASCII.GetString(vr[..2]) is "OB" or "OD" or "OF" or "OL" or "OV" or "OW" or "SQ" or "SV" or "UC" or "UN" or "UR" or "UT" or "UV";

    private static string Text(ReadOnlySpan<byte> value) => Encoding.Latin1.GetString(value.Length > 1_024 ? value[..1_024] : value).TrimEnd('\0', ' ');

    private static DicomFormatException Malformed(int at) => new(new Fault(FaultCode.MalformedFileMeta, null, at));
}
