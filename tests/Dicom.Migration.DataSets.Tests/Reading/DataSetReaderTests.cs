namespace Dicom.Migration.DataSets.Tests;

public sealed class DataSetReaderTests
{
    internal static DicomVr Dictionary(DicomTag tag) => tag.Value switch
    {
        0x00080016 or 0x00080018 => DicomVr.UI,
        0x00100010 => DicomVr.PN,
        0x00100020 or 0x00080070 => DicomVr.LO,
        0x00081115 or 0x00081140 or 0x00400275 => DicomVr.SQ,
        0x00280010 or 0x00280011 => DicomVr.US,
        0x7FE00010 => DicomVr.OW,
        _ => default,
    };

    internal static Bytes Everything(Bytes b) => b
        .Text(0x00080016, "UI", "1.2\0").Text(0x00080018, "UI", "1.2.3\0")
        .Defined(0x00081115, i => i.Text(0x00100020, "LO", "A ").Defined(0x00081140, j => j.Text(0x00080018, "UI", "")))
        .Open(0x00081140, i => i.Open(0x00400275, j => j.Text(0x00100020, "LO", "odd")))
        .Header(0x00400275, "SQ", Bytes.Undefined).Item(0).Item().EndItem().EndSequence()
        .Header(0x00400276, "SQ", 0)
        .Text(0x00290010, "LO", "VENDOR").Element(0x00291001, "OB", [1, 2, 3]).Short(0x00280010, "US", 512)
        .Element(0x7FE00010, "OB", [1, 2, 3, 4, 5, 6]);

    private static readonly byte[] UnInBigEndian = [.. new Bytes(true, true).Text(0x00080016, "UI", "1.2\0").Header(0x00291020, "UN", Bytes.Undefined).ToArray(),
        .. new Bytes(false).Item().Text(0x00100020, "", "X ").EndItem().EndSequence().ToArray(),
        .. new Bytes(true, true).Short(0x00300010, "US", 7).ToArray()];

    public static TheoryData<string, byte[], string> Samples() => new()
    {
        { "1.2.840.10008.1.2.1", Everything(new Bytes()).ToArray(), "explicit little" },
        { "1.2.840.10008.1.2.2", Everything(new Bytes(true, true)).ToArray(), "explicit big" },
        { "1.2.840.10008.1.2", Everything(new Bytes(false)).ToArray(), "implicit little" },
        { "1.2.840.10008.1.2.2", UnInBigEndian, "UN in big endian" },
        { "1.2.840.10008.1.2.4.50", new Bytes().Text(0x00080016, "UI", "1.2\0").Header(0x7FE00010, "OB", Bytes.Undefined)
            .Item(4).Raw(0, 0, 0, 0).Item(0).Item(6).Raw(0xFE, 0xFF, 0xDD, 0xE0, 0, 0).EndSequence().Element(0xFFFCFFFC, "OB", [0, 0]).ToArray(), "fragments" },
    };

    /// <summary>PS3.5 §7: a data set is the same however it is cut.</summary>
    [Theory, MemberData(nameof(Samples))]
    public void Gives_the_same_tokens_at_every_split(string syntax, byte[] sample, string name)
    {
        var whole = ReaderTrace.Of(sample, TransferSyntax.FromUid(syntax), Dictionary);
        Assert.Equal(DataSetToken.End, whole[^1].Token);
        for (var cut = 0; cut <= sample.Length; cut++)
        {
            Assert.True(whole.SequenceEqual(ReaderTrace.Of(sample, TransferSyntax.FromUid(syntax), Dictionary, cut)), $"{name} cut at {cut}");
            for (var second = cut; second <= Math.Min(cut + 16, sample.Length); second++)
                Assert.Equal(whole, ReaderTrace.Of(sample, TransferSyntax.FromUid(syntax), Dictionary, cut, second));
        }
        Assert.Equal(whole, ReaderTrace.Of(sample, TransferSyntax.FromUid(syntax), Dictionary, [.. Enumerable.Range(0, sample.Length)]));
    }

    [Fact]
    public void Reads_the_tokens_of_a_nested_data_set()
    {
        var sample = new Bytes().Defined(0x00081115, i => i.Text(0x00100020, "LO", "A ")).Open(0x00081140, i => i.Text(0x00100020, "LO", "BC")).ToArray();
        (DataSetToken, uint, long, int)[] expected =
        [
            (DataSetToken.SequenceStart, 0x00081115, 18, 0), (DataSetToken.ItemStart, 0xFFFEE000, 10, 1), (DataSetToken.ElementStart, 0x00100020, 2, 2),
            (DataSetToken.ItemEnd, 0xFFFEE000, -1, 1), (DataSetToken.SequenceEnd, 0x00081115, -1, 0),
            (DataSetToken.SequenceStart, 0x00081140, -1, 0), (DataSetToken.ItemStart, 0xFFFEE000, -1, 1), (DataSetToken.ElementStart, 0x00100020, 2, 2),
            (DataSetToken.ItemEnd, 0xFFFEE000, 0, 1), (DataSetToken.SequenceEnd, 0x00081140, 0, 0), (DataSetToken.End, 0, 0, 0),
        ];
        Assert.Equal(expected, ReaderTrace.Of(sample, TransferSyntax.ExplicitVrLittleEndian, null).Select(t => (t.Token, t.Tag.Value, t.Length, t.Depth)));
    }

    public static TheoryData<FaultCode, long, byte[]> Malformed() => new()
    {
        { FaultCode.TruncatedHeader, 0, new Bytes().Raw(8, 0, 0x16, 0, (byte)'U').ToArray() },
        { FaultCode.TruncatedHeader, 0, new Bytes().Raw(8, 0, 0x16, 0, (byte)'O', (byte)'B', 0, 0, 2).ToArray() },
        { FaultCode.LengthBeyondInput, 10, new Bytes().Short(0x00280010, "US", 1).Header(0x00280011, "US", 2).Raw(1).ToArray() },
        { FaultCode.LengthBeyondInput, 20, new Bytes().Header(0x00081115, "SQ", 20).Item(12).Header(0x00100020, "LO", 6).Raw(1, 2, 3, 4, 5, 6).ToArray() },
        { FaultCode.MalformedVr, 0, new Bytes().Header(0x00080016, "u1", 0).ToArray() },
        { FaultCode.UndefinedLengthNotAllowed, 0, new Bytes().Header(0x00080016, "UT", Bytes.Undefined).ToArray() },
        { FaultCode.UndefinedLengthNotAllowed, 12, new Bytes().Header(0x7FE00010, "OB", Bytes.Undefined).Item().ToArray() },
        { FaultCode.MisplacedItem, 0, new Bytes().Item(0).ToArray() },
        { FaultCode.MisplacedItem, 0, new Bytes().EndItem().ToArray() },
        { FaultCode.MisplacedItem, 12, new Bytes().Header(0x00081115, "SQ", Bytes.Undefined).Short(0x00280010, "US", 1).ToArray() },
        { FaultCode.MissingDelimiter, 12, new Bytes().Header(0x00081115, "SQ", Bytes.Undefined).Item().Short(0x00280010, "US", 1).ToArray() },
        { FaultCode.MissingDelimiter, 0, new Bytes().Header(0x7FE00010, "OB", Bytes.Undefined).Item(0).ToArray() },
        { FaultCode.LengthBeyondInput, 0, new Bytes().Header(0x00081115, "SQ", 20).Item(0).ToArray() },
        { FaultCode.TrailingBytes, 10, new Bytes().Short(0x00280010, "US", 1).Raw(new byte[16]).ToArray() },
    };

    [Theory, MemberData(nameof(Malformed))]
    public void Names_what_is_malformed_and_where(FaultCode code, long offset, byte[] sample)
    {
        int[] every = [.. Enumerable.Range(0, sample.Length)];
        var whole = Assert.Throws<DicomFormatException>(() => ReaderTrace.Of(sample, TransferSyntax.ExplicitVrLittleEndian, null));
        var cut = Assert.Throws<DicomFormatException>(() => ReaderTrace.Of(sample, TransferSyntax.ExplicitVrLittleEndian, null, every));
        Assert.Equal((code, (long?)offset), (whole.Fault.Code, whole.Fault.Offset));
        Assert.Equal(whole.Fault, cut.Fault);
    }

    [Fact]
    public void Refuses_nesting_and_counts_beyond_the_limits()
    {
        byte[] Nested(int levels)
        {
            var b = new Bytes();
            for (var i = 0; i < levels; i++) b.Header(0x00081115, "SQ", Bytes.Undefined).Item();
            for (var i = 0; i < levels; i++) b.EndItem().EndSequence();
            return b.ToArray();
        }
        Assert.Equal(257, ReaderTrace.Of(Nested(64), TransferSyntax.ExplicitVrLittleEndian, null).Count);
        Assert.Equal(FaultCode.NestingTooDeep, Assert.Throws<DicomFormatException>(() => ReaderTrace.Of(Nested(65), TransferSyntax.ExplicitVrLittleEndian, null)).Fault.Code);

        var reader = new DataSetReader(new DataSetReaderOptions { MaxElements = 2 });
        var three = new Bytes().Header(0x00100010, "PN", 0).Header(0x00100020, "LO", 0).Header(0x00100030, "DA", 0).ToArray();
        Assert.True(reader.Read(three, true, out _));
        Assert.True(reader.Read(three.AsSpan(8), true, out _));
        Assert.Equal(FaultCode.TooManyElements, Assert.Throws<DicomFormatException>(() => reader.Read(three.AsSpan(16), true, out _)).Fault.Code);
    }

    [Fact]
    public void Skips_values_refuses_lengths_beyond_the_input_at_once_and_is_reusable()
    {
        var reader = new DataSetReader();
        reader.Reset(TransferSyntax.ExplicitVrLittleEndian, 132, 1_012);
        var header = new Bytes().Header(0x7FE00010, "OB", 1_000).ToArray();
        Assert.True(reader.Read(header, false, out var consumed));
        Assert.Equal((12, 144, 1_000), (consumed, reader.ValueOffset, reader.SkipValue()));
        Assert.Equal(1_144, reader.Position);
        Assert.True(reader.Read([], false, out _));
        Assert.Equal(DataSetToken.End, reader.Token);
        reader.Reset(TransferSyntax.ExplicitVrLittleEndian, 132, 1_011);
        Assert.Equal(new Fault(FaultCode.LengthBeyondInput, new DicomTag(0x7FE0, 0x0010), 132), Assert.Throws<DicomFormatException>(() => reader.Read(header, false, out _)).Fault);
    }

    [Fact]
    public void Allocates_nothing_per_element()
    {
        var b = new Bytes();
        for (var i = 0; i < 1_000; i++) b.Text(0x00100020, "LO", "AB").Open(0x00081140, x => x.Short(0x00280010, "US", 1));
        var sample = b.ToArray();
        var reader = new DataSetReader();
        void Walk()
        {
            reader.Reset(TransferSyntax.ExplicitVrLittleEndian);
            for (var from = 0; reader.Read(sample.AsSpan(from), true, out var consumed); from += consumed) { }
        }
        Walk();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Walk();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
