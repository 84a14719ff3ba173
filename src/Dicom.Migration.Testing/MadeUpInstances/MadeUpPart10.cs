using static Dicom.Migration.Testing.RawElement;

namespace Dicom.Migration.Testing;

/// <summary>Puts elements into a Part 10 file: preamble, prefix, file meta information, data set (PS3.10 §7.1).</summary>
internal static class MadeUpPart10
{
    public static string TransferSyntaxUid(MadeUpEncoding encoding) => encoding switch
    {
        MadeUpEncoding.ExplicitLittleEndian => "1.2.840.10008.1.2.1",
        MadeUpEncoding.ImplicitLittleEndian => "1.2.840.10008.1.2",
        MadeUpEncoding.ExplicitBigEndian => "1.2.840.10008.1.2.2",
        MadeUpEncoding.Deflated => "1.2.840.10008.1.2.1.99",
        MadeUpEncoding.Jpeg => "1.2.840.10008.1.2.4.50",
        MadeUpEncoding.JpegLs => "1.2.840.10008.1.2.4.80",
        MadeUpEncoding.Jpeg2000 => "1.2.840.10008.1.2.4.90",
        MadeUpEncoding.RunLength => "1.2.840.10008.1.2.5",
        _ => throw new ArgumentOutOfRangeException(nameof(encoding), encoding, "Not an encoding of made-up instances."),
    };

    /// <summary>The data set's bytes before deflation.</summary>
    public static byte[] DataSet(IEnumerable<RawElement> elements, MadeUpEncoding encoding) =>
        RawEmitter.Emit(elements, encoding != MadeUpEncoding.ImplicitLittleEndian, encoding == MadeUpEncoding.ExplicitBigEndian);

    /// <summary>File meta information, always Explicit VR Little Endian, its group length first.</summary>
    public static byte[] FileMeta(string sopClassUid, string? sopInstanceUid, string transferSyntaxUid)
    {
        List<RawElement> elements = [Bytes(0x00020001, "OB", [0, 1]), Text(0x00020002, "UI", sopClassUid)];
        if (sopInstanceUid is not null) elements.Add(Text(0x00020003, "UI", sopInstanceUid));
        elements.Add(Text(0x00020010, "UI", transferSyntaxUid));
        elements.Add(Text(0x00020012, "UI", "2.25.118640265427011394905041264920741085192"));
        elements.Add(Text(0x00020013, "SH", "MADE_UP_1"));
        var rest = RawEmitter.Emit(elements, isExplicit: true, isBigEndian: false);
        return [.. RawEmitter.Emit([ULong(0x00020000, "UL", (uint)rest.Length)], isExplicit: true, isBigEndian: false), .. rest];
    }

    public static byte[] PreambleAndPrefix() => [.. new byte[128], .. "DICM"u8];

    /// <summary>Before each group its length (PS3.5 §7.2; retired).</summary>
    public static List<RawElement> WithGroupLengths(List<RawElement> elements, MadeUpEncoding encoding)
    {
        List<RawElement> result = [];
        foreach (var group in elements.GroupBy(element => element.Tag >> 16))
        {
            // A group that holds encapsulated pixel data has no length of its own: (7FE0,0000) was never written there.
            if (!group.Any(element => element.Fragments is not null)) result.Add(ULong(group.Key << 16, "UL", (uint)DataSet(group, encoding).Length));
            result.AddRange(group);
        }
        return result;
    }
}
