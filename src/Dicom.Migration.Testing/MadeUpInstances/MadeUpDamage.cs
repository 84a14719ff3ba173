using static Dicom.Migration.Testing.RawElement;

namespace Dicom.Migration.Testing;

/// <summary>What each defect does to the elements or to the bytes, and the fault it should end in.</summary>
internal static class MadeUpDamage
{
    private const uint Modality = 0x00080060, StudyInstanceUid = 0x0020000D, SopInstanceUid = 0x00080018;
    private const ushort BombSize = 2048; // 2048 x 2048 pixels of 16 bits: 8 MiB
    private static readonly MadeUpEncoding[] Native = [MadeUpEncoding.ExplicitLittleEndian, MadeUpEncoding.ImplicitLittleEndian, MadeUpEncoding.ExplicitBigEndian];

    /// <summary>The encodings in which a defect can be made, and means what its name says.</summary>
    public static IReadOnlyList<MadeUpEncoding> Encodings(MadeUpDefect defect) => defect switch
    {
        MadeUpDefect.None => Enum.GetValues<MadeUpEncoding>(),
        MadeUpDefect.TruncatedInPixelData => [.. Native, MadeUpEncoding.Jpeg, MadeUpEncoding.JpegLs],
        MadeUpDefect.MissingDelimiter => [MadeUpEncoding.Jpeg, MadeUpEncoding.JpegLs, MadeUpEncoding.Jpeg2000, MadeUpEncoding.RunLength],
        // Zeros read as empty elements (0000,0000) in Implicit VR.
        MadeUpDefect.MalformedVr or MadeUpDefect.TrailingBytes => [MadeUpEncoding.ExplicitLittleEndian, MadeUpEncoding.ExplicitBigEndian],
        MadeUpDefect.BrokenDeflate or MadeUpDefect.DeflateBomb => [MadeUpEncoding.Deflated],
        MadeUpDefect.EmptyFile => [MadeUpEncoding.ExplicitLittleEndian],
        MadeUpDefect.NoFileMeta or MadeUpDefect.WrongTransferSyntax => [MadeUpEncoding.ExplicitLittleEndian, MadeUpEncoding.ImplicitLittleEndian],
        MadeUpDefect.TruncatedInHeader or MadeUpDefect.TruncatedInValue or MadeUpDefect.LengthBeyondEnd or MadeUpDefect.NestedHundredDeep
            or MadeUpDefect.MissingSopInstanceUid or MadeUpDefect.MalformedUid or MadeUpDefect.NoPreamble => Native,
        _ => throw new ArgumentOutOfRangeException(nameof(defect), defect, "Not a defect of made-up instances."),
    };

    public static FaultCode? Fault(MadeUpDefect defect) => defect switch
    {
        MadeUpDefect.TruncatedInHeader => FaultCode.TruncatedHeader,
        MadeUpDefect.TruncatedInValue or MadeUpDefect.TruncatedInPixelData or MadeUpDefect.LengthBeyondEnd => FaultCode.LengthBeyondInput,
        MadeUpDefect.MissingDelimiter => FaultCode.MissingDelimiter,
        MadeUpDefect.NestedHundredDeep => FaultCode.NestingTooDeep,
        MadeUpDefect.MissingSopInstanceUid => FaultCode.MissingIdentity,
        MadeUpDefect.MalformedVr => FaultCode.MalformedVr,
        MadeUpDefect.BrokenDeflate => FaultCode.MalformedDeflate,
        MadeUpDefect.DeflateBomb => FaultCode.InflationLimit,
        MadeUpDefect.TrailingBytes => FaultCode.TrailingBytes,
        MadeUpDefect.EmptyFile => FaultCode.NotDicom,
        _ => null,
    };

    public static void ThrowIfImpossible(MadeUpRecipe recipe)
    {
        if (recipe.Defect == MadeUpDefect.None) return;
        if (!Encodings(recipe.Defect).Contains(recipe.Encoding))
            throw new ArgumentException($"{recipe.Defect} cannot be made in {recipe.Encoding}.", nameof(recipe));
        if (recipe.Defect is MadeUpDefect.TruncatedInPixelData or MadeUpDefect.LengthBeyondEnd or MadeUpDefect.DeflateBomb && !MadeUpSopClasses.Of(recipe.Kind).HasPixels)
            throw new ArgumentException($"{recipe.Defect} needs a kind with pixel data; {recipe.Kind} has none.", nameof(recipe));
        if (recipe.Defect is not (MadeUpDefect.EmptyFile or MadeUpDefect.NoPreamble or MadeUpDefect.BrokenDeflate) && recipe.HasGroupLengths)
            throw new ArgumentException($"{recipe.Defect} and group lengths cannot be had together.", nameof(recipe));
    }

    /// <summary>Defects of the content. Returns the SOP Instance UID that is left.</summary>
    public static string? Edit(List<RawElement> elements, MadeUpDefect defect, string instanceUid)
    {
        switch (defect)
        {
            case MadeUpDefect.MissingSopInstanceUid:
                elements.RemoveAll(element => element.Tag == SopInstanceUid);
                return null;
            case MadeUpDefect.MalformedUid:
                elements.RemoveAll(element => element.Tag == SopInstanceUid);
                elements.Add(Text(SopInstanceUid, "UI", instanceUid[..^3] + ".4x"));
                return instanceUid[..^3] + ".4x";
            case MadeUpDefect.NestedHundredDeep:
                var inner = new RawItem([Text(0x00080100, "SH", "BOTTOM")], true);
                for (var depth = 1; depth < 100; depth++) inner = new RawItem([Sequence(0x0040A730, true, inner)], true);
                elements.Add(Sequence(0x0040A730, true, inner));
                return instanceUid;
            default:
                return instanceUid;
        }
    }

    /// <summary>The attributes of a blank image; its pixel data is only ever made in deflated form.</summary>
    public static IEnumerable<RawElement> BombHeader() =>
    [
        UShort(0x00280002, 1), Text(0x00280004, "CS", "MONOCHROME2"), UShort(0x00280010, BombSize), UShort(0x00280011, BombSize),
        UShort(0x00280100, 16), UShort(0x00280101, 12), UShort(0x00280102, 11), UShort(0x00280103, 0),
    ];

    /// <summary>Defects of the bytes. Returns the file and where in it the data set begins.</summary>
    public static (byte[] File, int DataSetOffset) File(List<RawElement> elements, MadeUpRecipe recipe, string sopClassUid, string? sopInstanceUid)
    {
        var encoding = recipe.Encoding;
        if (recipe.Defect == MadeUpDefect.EmptyFile) return ([], 0);
        var dataSet = Body(elements, recipe.Defect, encoding);
        if (recipe.Defect == MadeUpDefect.NoFileMeta) return (dataSet, 0);
        var said = recipe.Defect != MadeUpDefect.WrongTransferSyntax ? encoding
            : encoding == MadeUpEncoding.ExplicitLittleEndian ? MadeUpEncoding.ImplicitLittleEndian : MadeUpEncoding.ExplicitLittleEndian;
        var meta = MadeUpPart10.FileMeta(sopClassUid, sopInstanceUid, MadeUpPart10.TransferSyntaxUid(said));
        if (recipe.Defect != MadeUpDefect.NoPreamble) meta = [.. MadeUpPart10.PreambleAndPrefix(), .. meta];
        return ([.. meta, .. dataSet], meta.Length);
    }

    private static byte[] Body(List<RawElement> elements, MadeUpDefect defect, MadeUpEncoding encoding)
    {
        var bytes = MadeUpPart10.DataSet(elements, encoding);
        // Where an element begins: after what the elements before it take up.
        int At(uint tag) => MadeUpPart10.DataSet(elements.Where(element => element.Tag < tag), encoding).Length;
        switch (defect)
        {
            case MadeUpDefect.TruncatedInHeader: return bytes[..(At(StudyInstanceUid) + 3)];
            case MadeUpDefect.TruncatedInValue: return bytes[..(At(StudyInstanceUid) + 8 + 10)];
            case MadeUpDefect.TruncatedInPixelData: return bytes[..^30];
            case MadeUpDefect.MissingDelimiter: return bytes[..^8]; // pixel data is the last element
            case MadeUpDefect.TrailingBytes: return [.. bytes, .. new byte[24]];
            case MadeUpDefect.MalformedVr:
                "cs"u8.CopyTo(bytes.AsSpan(At(Modality) + 4));
                return bytes;
            case MadeUpDefect.LengthBeyondEnd:
                ReadOnlySpan<byte> length = encoding == MadeUpEncoding.ExplicitBigEndian ? [0x7F, 0xFF, 0xFF, 0xF0] : [0xF0, 0xFF, 0xFF, 0x7F];
                length.CopyTo(bytes.AsSpan(At(MadeUpPixels.PixelData) + (encoding == MadeUpEncoding.ImplicitLittleEndian ? 4 : 8)));
                return bytes;
        }
        if (encoding != MadeUpEncoding.Deflated) return bytes;
        byte[] deflated;
        if (defect == MadeUpDefect.DeflateBomb)
        {
            // (7FE0,0010) OW, reserved, 8 MiB; its value is the run of zeros that the stream ends with.
            byte[] header = [0xE0, 0x7F, 0x10, 0x00, (byte)'O', (byte)'W', 0, 0, 0, 0, 0x80, 0];
            deflated = RawDeflate.Deflate([.. bytes, .. header], zerosAfter: BombSize * BombSize * 2);
        }
        else deflated = RawDeflate.Deflate(bytes);
        if (defect == MadeUpDefect.BrokenDeflate) deflated[0] |= 0x07; // a last block of type 11, which is reserved (RFC 1951 §3.2.3)
        return (deflated.Length & 1) == 0 ? deflated : [.. deflated, 0]; // PS3.5 §A.5: padded to even length
    }
}
