using System.Buffers.Binary;
using System.Text;

namespace Dicom.Migration.DataSets;

/// <summary>What stands before the data set of a Part 10 file (PS3.10 §7.1): preamble and file meta information, kept as bytes.</summary>
public sealed class Part10Prefix
{
    /// <summary>Longest prefix in bytes; 1 MiB: file meta is a few hundred bytes, private information in it seldom some KiB.</summary>
    public const int MaxLength = 1_048_576;
    private const int PreambleLength = 132;
    private static readonly DicomTag TransferSyntaxUid = new(0x0002, 0x0010);
    [ThreadStatic]
    private static DataSetReader? _metaReader; // nothing is read while something else is
    private readonly Claims _claims;

    private Part10Prefix(ReadOnlyMemory<byte> bytes, int preamble, TransferSyntax syntax, string? declared, Part10Assumptions assumptions, Claims claims) =>
        (Preamble, FileMeta, TransferSyntax, DeclaredTransferSyntaxUid, Assumptions, _claims) = (bytes[..preamble], bytes[preamble..], syntax, declared, assumptions, claims);

    /// <summary>The 128 bytes before "DICM" and those four; empty if there are none.</summary>
    public ReadOnlyMemory<byte> Preamble { get; }
    /// <summary>The elements of group 0002 as they stand; empty if there are none.</summary>
    public ReadOnlyMemory<byte> FileMeta { get; }
    /// <summary>The encoding that the data set is read in.</summary>
    public TransferSyntax TransferSyntax { get; }
    /// <summary>The transfer syntax that (0002,0010) names, without padding; <see langword="null"/> if it names none.</summary>
    public string? DeclaredTransferSyntaxUid { get; }
    /// <summary>What had to be assumed.</summary>
    public Part10Assumptions Assumptions { get; }
    /// <summary>Offset of the data set in bytes.</summary>
    public int Length => Preamble.Length + FileMeta.Length;

    /// <summary>Encoding of <see cref="FileMeta"/>.</summary>
    public TransferSyntax FileMetaSyntax => Assumptions.HasFlag(Part10Assumptions.ImplicitMeta) ? TransferSyntax.ImplicitVrLittleEndian
        : Assumptions.HasFlag(Part10Assumptions.BigEndianMeta) ? TransferSyntax.ExplicitVrBigEndian : TransferSyntax.ExplicitVrLittleEndian;

    /// <summary>What the file meta information claims the file to be: Media Storage SOP Class UID (0002,0002) and SOP Instance UID (0002,0003).</summary>
    /// <returns>Without padding, unchecked and cut at 1,024 characters; <see langword="null"/> where there is none.</returns>
    public (string? SopClassUid, string? SopInstanceUid) ReadClaims()
    {
        return (Text(_claims.SopClass), Text(_claims.SopInstance));

        string? Text((int At, int Length) value) =>
            value.At == 0 ? null : Encoding.Latin1.GetString(FileMeta.Span.Slice(value.At, Math.Min(value.Length, 1_024)).TrimEnd("\0 "u8));
    }

    /// <summary>Reads the prefix.</summary>
    /// <param name="input">The file from its first byte on.</param>
    /// <param name="isFinal">Nothing follows <paramref name="input"/>.</param>
    /// <returns><see langword="null"/> if more input is needed: give all of it again, with more behind it.</returns>
    /// <exception cref="DicomFormatException">The bytes are no DICOM (<see cref="FaultCode.NotDicom"/>), or the file meta is malformed.</exception>
    public static Part10Prefix? Read(ReadOnlySpan<byte> input, bool isFinal) => Read(input, isFinal, _metaReader ??= MetaReader());

    /// <summary>A reader of file meta information, which can be used again.</summary>
    internal static DataSetReader MetaReader() => new(new DataSetReaderOptions { MaxElements = 4_096 });

    internal static Part10Prefix? Read(ReadOnlySpan<byte> input, bool isFinal, DataSetReader metaReader)
    {
        if (input.Length < PreambleLength + 8 && !isFinal) return null;
        var preamble = input.Length >= PreambleLength && input[128..132].SequenceEqual("DICM"u8) ? PreambleLength : input.StartsWith("DICM"u8) ? 4 : 0;
        // "DICM" at byte 128 may also stand in a value of a data set without preamble.
        if (preamble > 0 && input.Length >= preamble + 8 && EncodingGuess.Of(input[preamble..]) is null && EncodingGuess.Of(input) is not null) preamble = 0;
        var assumptions = preamble == PreambleLength ? Part10Assumptions.None : Part10Assumptions.NoPreamble;
        var rest = input[preamble..];
        if (rest.Length < 8) return isFinal ? throw Bad(FaultCode.NotDicom, null, preamble) : null;

        string? declared = null;
        var (meta, claims) = (0, default(Claims));
        if (IsMeta(rest, out var metaSyntax))
        {
            if (!metaSyntax.IsExplicitVr) assumptions |= Part10Assumptions.ImplicitMeta;
            if (metaSyntax.IsBigEndian) assumptions |= Part10Assumptions.BigEndianMeta;
            var length = ReadMeta(metaReader, rest, preamble, metaSyntax, isFinal, ref declared, ref claims, ref assumptions);
            if (length < 0) return input.Length > MaxLength ? throw Bad(FaultCode.MalformedFileMeta, null, preamble) : null;
            meta = length;
        }
        else assumptions |= Part10Assumptions.NoFileMeta;

        var first = rest[meta..];
        if (first.Length < 8 && !isFinal) return null;
        var guess = EncodingGuess.Of(first);
        TransferSyntax syntax;
        if (declared is not null)
        {
            syntax = TransferSyntax.FromUid(declared);
            if (!syntax.IsDeflated && guess is not null && (guess.IsExplicitVr, guess.IsBigEndian) != (syntax.IsExplicitVr, syntax.IsBigEndian))
                (syntax, assumptions) = (guess, assumptions | Part10Assumptions.ContradictedTransferSyntax);
        }
        else
        {
            if (guess is null && (first.Length > 0 || meta == 0)) throw Bad(FaultCode.NotDicom, null, preamble + meta);
            (syntax, assumptions) = (guess ?? TransferSyntax.ImplicitVrLittleEndian, assumptions | Part10Assumptions.GuessedTransferSyntax);
        }
        return new Part10Prefix(input[..(preamble + meta)].ToArray(), preamble, syntax, declared, assumptions, claims);
    }

    private static bool IsMeta(ReadOnlySpan<byte> rest, out TransferSyntax syntax)
    {
        var big = rest[0] == 0 && rest[1] == 2;
        var vr = new DicomVr(BinaryPrimitives.ReadUInt16BigEndian(rest[4..]));
        syntax = !vr.IsWellFormed ? TransferSyntax.ImplicitVrLittleEndian : big ? TransferSyntax.ExplicitVrBigEndian : TransferSyntax.ExplicitVrLittleEndian;
        return (rest[0] == 2 && rest[1] == 0) || (big && vr.IsKnown);
    }

    /// <returns>Bytes of the meta, or -1 if it is not all here.</returns>
    private static int ReadMeta(DataSetReader reader, ReadOnlySpan<byte> rest, int offset, TransferSyntax encoding, bool isFinal, ref string? declared, ref Claims claims, ref Part10Assumptions assumptions)
    {
        reader.Reset(encoding, offset);
        long groupEnd = -1;
        var at = 0;
        while (true)
        {
            var left = rest[at..];
            if (left.Length < 2 && !isFinal) return -1;
            var group = left.Length < 2 ? 0 : encoding.IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(left) : BinaryPrimitives.ReadUInt16LittleEndian(left);
            // Deflated data has no group to look at: where the meta says its length, it ends there.
            if (group != 2 || (at == groupEnd && declared is not null && TransferSyntax.FromUid(declared).IsDeflated)) break;
            try
            {
                if (!reader.Read(left, isFinal, out var consumed)) return -1;
                at += consumed;
            }
            catch (DicomFormatException e)
            {
                throw new DicomFormatException(new Fault(FaultCode.MalformedFileMeta, e.Fault.Tag, e.Fault.Offset), e);
            }
            if (reader.Token != DataSetToken.ElementStart || reader.ValueRemaining > MaxLength) throw Bad(FaultCode.MalformedFileMeta, reader.Tag, reader.HeaderOffset);
            var length = (int)reader.SkipValue();
            if (rest.Length - at < length) return isFinal ? throw Bad(FaultCode.MalformedFileMeta, reader.Tag, reader.HeaderOffset) : -1;
            var value = rest.Slice(at, length);
            if (reader.Tag.Value == 0x00020002) claims.SopClass = (at, length);
            else if (reader.Tag.Value == 0x00020003) claims.SopInstance = (at, length);
            at += length;
            if (reader.Tag.Element == 0 && length == 4 && groupEnd < 0)
                groupEnd = at + (encoding.IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(value) : BinaryPrimitives.ReadUInt32LittleEndian(value));
            else if (reader.Tag == TransferSyntaxUid)
                declared = Encoding.ASCII.GetString(value.TrimEnd("\0 "u8)) is { Length: > 0 } uid ? uid : null;
        }
        if (groupEnd < 0) assumptions |= Part10Assumptions.NoMetaGroupLength;
        else if (groupEnd != at) assumptions |= Part10Assumptions.WrongMetaGroupLength;
        return at;
    }

    private static DicomFormatException Bad(FaultCode code, DicomTag? tag, long offset) => new(new Fault(code, tag, offset));

    /// <summary>Where the file meta information says what the file is: offset and length of each value, or offset 0.</summary>
    private struct Claims
    {
        public (int At, int Length) SopClass, SopInstance;
    }
}
