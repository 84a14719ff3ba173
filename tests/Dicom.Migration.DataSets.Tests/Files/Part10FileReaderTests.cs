using System.IO.Compression;

namespace Dicom.Migration.DataSets.Tests;

public sealed class Part10FileReaderTests
{
    private static byte[] Meta(string syntax) => new Bytes().Text(0x00020010, "UI", syntax.Length % 2 == 0 ? syntax : syntax + "\0").ToArray();

    private static byte[] Part10(string syntax, byte[] dataSet, int wrong = 0) => [.. new byte[128], .. "DICM"u8,
        .. new Bytes().Header(0x00020000, "UL", 4).U32((uint)(Meta(syntax).Length + wrong)).ToArray(), .. Meta(syntax), .. dataSet];

    private static List<(DataSetToken, uint, long)> Read(byte[] file, out Part10Prefix prefix, bool whole = false)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, file);
            using var handle = File.OpenHandle(path);
            using var reader = new Part10FileReader(null, 256);
            reader.Open(handle);
            prefix = reader.Prefix;
            var seen = new List<(DataSetToken, uint, long)>();
            while (reader.Read())
            {
                seen.Add((reader.Element.Token, reader.Element.Tag.Value, reader.Element.Length));
                if (!whole) reader.SkipValue();
                else Assert.Equal(reader.Element.ValueRemaining, reader.ReadValue(new byte[reader.Element.ValueRemaining]));
            }
            return seen;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using var to = new MemoryStream();
        using (var deflate = new DeflateStream(to, CompressionLevel.Optimal)) deflate.Write(bytes);
        return to.ToArray();
    }

    private static readonly byte[] Little = new Bytes().Text(0x00080016, "UI", "1.2\0").Element(0x7FE00010, "OB", new byte[3_000]).Short(0x7FE10010, "US", 1).ToArray();

    [Fact]
    public void Reads_a_file_in_small_pieces_or_by_seeking()
    {
        var seen = Read(Part10("1.2.840.10008.1.2.1", Little), out var prefix);
        Assert.Equal([(DataSetToken.ElementStart, 0x00080016u, 4), (DataSetToken.ElementStart, 0x7FE00010, 3_000), (DataSetToken.ElementStart, 0x7FE10010, 2), (DataSetToken.End, 0, 0)], seen);
        Assert.Equal((Part10Assumptions.None, "1.2.840.10008.1.2.1"), (prefix.Assumptions, prefix.TransferSyntax.Uid));
        Assert.Equal(seen, Read(Part10("1.2.840.10008.1.2.1.99", Deflate(Little)), out _));
        Assert.Equal(seen, Read(Part10("1.2.840.10008.1.2.1", Little), out _, whole: true));
        Assert.Equal(seen, Read(Part10("1.2.840.10008.1.2.1.99", Deflate(Little)), out _, whole: true));
    }

    [Theory]
    [InlineData(3_000, new[] { 3_220 })] // a short file is read whole
    [InlineData(500_000, new[] { 4_096, 10 })] // of a long one the start, and what follows behind the value that is passed over
    public void Reads_no_more_than_the_header_takes(int filling, int[] expected)
    {
        var file = Part10("1.2.840.10008.1.2.1", new Bytes().Text(0x00080016, "UI", "1.2\0").Text(0x00080018, "UI", "1.2.3\0").Element(0x7FE00010, "OB", new byte[filling]).Short(0x7FE10010, "US", 1).ToArray());
        var (reads, longest) = (new List<int>(), int.MaxValue);
        using var reader = new Part10FileReader();
        var whole = Pass();
        Assert.Equal(expected, reads);
        longest = 1;
        Assert.Equal(whole, Pass());
        Assert.Equal(4, whole.Count);

        List<(DataSetToken, uint, long)> Pass()
        {
            reader.Open(Read, file.Length);
            var seen = new List<(DataSetToken, uint, long)>();
            for (; reader.Read(); reader.SkipValue()) if (reader.Element.Token is not DataSetToken.End) seen.Add((reader.Element.Token, reader.Element.Tag.Value, reader.Element.HeaderOffset));
            return seen;
        }

        int Read(Span<byte> into, long offset)
        {
            var read = Math.Min(Math.Min(into.Length, longest), file.Length - (int)offset);
            file.AsSpan((int)offset, read).CopyTo(into);
            reads.Add(read);
            return read;
        }
    }

    public static TheoryData<Part10Assumptions, string, byte[]> Odd() => new()
    {
        { Part10Assumptions.WrongMetaGroupLength, "1.2.840.10008.1.2.1", Part10("1.2.840.10008.1.2.1", Little, 8) },
        { Part10Assumptions.ContradictedTransferSyntax, "1.2.840.10008.1.2.1", Part10("1.2.840.10008.1.2", Little) },
        { Part10Assumptions.NoPreamble | Part10Assumptions.NoFileMeta | Part10Assumptions.GuessedTransferSyntax, "1.2.840.10008.1.2.1", Little },
        { Part10Assumptions.NoPreamble | Part10Assumptions.NoFileMeta | Part10Assumptions.GuessedTransferSyntax, "1.2.840.10008.1.2", new Bytes(false).Text(0x00080016, "UI", "1.2\0").ToArray() },
        { Part10Assumptions.NoPreamble | Part10Assumptions.NoFileMeta | Part10Assumptions.GuessedTransferSyntax, "1.2.840.10008.1.2.2", new Bytes(true, true).Text(0x00080016, "UI", "1.2\0").ToArray() },
        { Part10Assumptions.NoPreamble | Part10Assumptions.NoMetaGroupLength, "1.2.840.10008.1.2.1", [.. Meta("1.2.840.10008.1.2.1"), .. Little] },
        { Part10Assumptions.NoPreamble | Part10Assumptions.NoMetaGroupLength | Part10Assumptions.ImplicitMeta, "1.2.840.10008.1.2",
            new Bytes(false).Text(0x00020010, "UI", "1.2.840.10008.1.2\0").Text(0x00080016, "UI", "1.2\0").ToArray() },
        { Part10Assumptions.NoPreamble | Part10Assumptions.NoMetaGroupLength | Part10Assumptions.BigEndianMeta, "1.2.840.10008.1.2.2",
            new Bytes(true, true).Text(0x00020010, "UI", "1.2.840.10008.1.2.2\0").Text(0x00080016, "UI", "1.2\0").ToArray() },
    };

    [Theory, MemberData(nameof(Odd))]
    public void Records_what_it_assumes_of_an_odd_file_however_it_is_cut(Part10Assumptions assumptions, string syntax, byte[] file)
    {
        Assert.Equal(DataSetToken.End, Read(file, out var prefix)[^1].Item1);
        Assert.Equal((assumptions, syntax), (prefix.Assumptions, prefix.TransferSyntax.Uid));
        for (var cut = 0; cut < file.Length; cut++)
            if (Part10Prefix.Read(file.AsSpan(0, cut), false) is { } early) Assert.Equal((assumptions, syntax, prefix.Length), (early.Assumptions, early.TransferSyntax.Uid, early.Length));
    }

    [Fact]
    public void Refuses_what_is_not_dicom_and_what_inflates_too_far_or_is_cut()
    {
        FaultCode Fault(byte[] file) => Assert.Throws<DicomFormatException>(() => Read(file, out _)).Fault.Code;
        Assert.Equal(FaultCode.NotDicom, Fault([]));
        Assert.Equal(FaultCode.NotDicom, Fault("GIF89a, and some more text than that"u8.ToArray()));
        Assert.Equal(FaultCode.MalformedFileMeta, Fault([.. new byte[128], .. "DICM"u8, .. new Bytes().Header(0x00020010, "UI", 400).ToArray()]));
        var deflated = Deflate(Little);
        for (var cut = 0; cut < deflated.Length; cut++) Assert.Equal(FaultCode.MalformedDeflate, Fault(Part10("1.2.840.10008.1.2.1.99", deflated[..cut])));
        Assert.Equal(FaultCode.MalformedDeflate, Fault(Part10("1.2.840.10008.1.2.1.99", [7, .. deflated])));
        Assert.Equal(FaultCode.InflationLimit, Fault(Part10("1.2.840.10008.1.2.1.99", Deflate(new Bytes().Element(0x7FE00010, "OB", new byte[40_000_000]).ToArray()))));
    }
}
