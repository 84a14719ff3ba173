using System.Text;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>PS3.18 Annex F, read: into values, and into faults that say where.</summary>
public sealed class DicomJsonReaderTests
{
    private static readonly DicomTag Tag = new(0x0009, 0x1001);

    private static DataSet Read(string json, DicomJsonReaderOptions? options = null) => DicomJsonReader.Read(Encoding.UTF8.GetBytes(json), options);

    private static string Attribute(string vr, string rest) => "{\"00091001\":{\"vr\":\"" + vr + (rest.Length == 0 ? "\"" : "\",") + rest + "}}";

    public static TheoryData<string, string, byte[]> Values() => new()
    {
        { "CS", """ "Value":["A",null,"B"]""", "A\\\\B"u8.ToArray() }, { "LO", "", [] }, { "LO", """ "Value":[]""", [] }, { "LO", """ "Value":[null]""", [] },
        { "UI", """ "Value":["1.2"]""", "1.2\0"u8.ToArray() }, { "LT", """ "Value":["A\\B"]""", "A\\B "u8.ToArray() },
        { "PN", """ "Value":[{"Phonetic":"C","Alphabetic":"A^B"},null,{"Ideographic":"X"},{"Alphabetic":null}]""", "A^B==C\\\\=X\\ "u8.ToArray() },
        { "IS", """ "Value":[12,"-1",null]""", "12\\-1\\"u8.ToArray() }, { "DS", """ "Value":[1.50,"+2",1E+2]""", "1.50\\+2\\1E+2"u8.ToArray() },
        { "US", """ "Value":[65535,"1",2.0,3e0]""", [0xFF, 0xFF, 1, 0, 2, 0, 3, 0] }, { "SS", """ "Value":[-1]""", [0xFF, 0xFF] },
        { "SL", """ "Value":[-2147483648]""", [0, 0, 0, 0x80] }, { "UL", """ "Value":[4294967295]""", [0xFF, 0xFF, 0xFF, 0xFF] },
        { "UV", """ "Value":["18446744073709551615",1]""", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, 0, 0, 0, 0] },
        { "SV", """ "Value":["-9223372036854775808"]""", [0, 0, 0, 0, 0, 0, 0, 0x80] }, { "AT", """ "Value":["00102b1A"]""", [0x10, 0, 0x1A, 0x2B] },
        { "FL", """ "Value":[1.5,"NaN"]""", [0, 0, 0xC0, 0x3F, 0, 0, 0xC0, 0xFF] }, { "FD", """ "Value":["-Infinity"]""", [0, 0, 0, 0, 0, 0, 0xF0, 0xFF] },
        { "OB", """ "InlineBinary":"AQI=" """, [1, 2] }, { "UN", """ "InlineBinary":"AQID" """, [1, 2, 3, 0] }, { "US", """ "InlineBinary":"AQI=" """, [1, 2] },
        { "LO", """ "x":{"y":[1,{}]},"Value":["A"],"z":null""", "A "u8.ToArray() },
    };

    [Theory, MemberData(nameof(Values))]
    public void Reads_values_wherever_vr_stands(string vr, string rest, byte[] expected)
    {
        Assert.Equal(expected, Read(Attribute(vr, rest)).Find(Tag)!.Value.ToArray());
        Assert.Equal(expected, Read("{\"00091001\":{" + rest + (rest.Length == 0 ? "" : ",") + "\"vr\":\"" + vr + "\"}}").Find(Tag)!.Value.ToArray());
    }

    public static TheoryData<string, string> MalformedValues() => new()
    {
        { "LO", """ "Value":[1]""" }, { "LO", """ "Value":["A\\B"]""" }, { "LO", """ "Value":[["A"]]""" }, { "LO", """ "Value":[{}]""" }, { "LT", """ "Value":["A","B"]""" },
        { "IS", """ "Value":[true]""" }, { "US", """ "Value":[65536]""" }, { "US", """ "Value":[-1]""" }, { "US", """ "Value":[1.5]""" }, { "US", """ "Value":[null]""" },
        { "US", """ "Value":["x"]""" }, { "SS", """ "Value":[32768]""" }, { "UL", """ "Value":[1e300]""" }, { "UV", """ "Value":["18446744073709551616"]""" },
        { "SV", """ "Value":[9223372036854775808]""" }, { "UV", """ "Value":["99999999999999999999999999999999999999999999"]""" }, { "FL", """ "Value":[1e39]""" },
        { "FD", """ "Value":[1e400]""" }, { "FD", """ "Value":["1"]""" }, { "FD", """ "Value":[null]""" }, { "AT", """ "Value":["0010"]""" }, { "AT", """ "Value":[1]""" },
        { "PN", """ "Value":["A"]""" }, { "PN", """ "Value":[{"Alphabetic":1}]""" }, { "PN", """ "Value":[{"Other":"A"}]""" }, { "PN", """ "Value":[{"Alphabetic":"A=B"}]""" },
        { "PN", """ "Value":[{"Alphabetic":"A","Alphabetic":"B"}]""" }, { "OB", """ "Value":[1]""" }, { "OB", """ "InlineBinary":"?" """ }, { "OB", """ "InlineBinary":1""" }, { "LO", """ "InlineBinary":"AQI=" """ },
    };

    [Theory, MemberData(nameof(MalformedValues))]
    public void Refuses_a_value_that_is_not_of_its_VR_and_says_where(string vr, string rest)
    {
        var fault = Assert.Throws<DicomFormatException>(() => Read(Attribute(vr, rest))).Fault;
        Assert.Equal((FaultCode.MalformedValue, Tag), (fault.Code, fault.Tag));
        Assert.InRange(fault.Offset!.Value, 13, Attribute(vr, rest).Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{}{}")]
    [InlineData("nul")]
    [InlineData("""{"PatientName":{"vr":"PN"}}""")]
    [InlineData("""{"0010001":{"vr":"PN"}}""")]
    [InlineData("""{"FFFEE000":{"vr":"UN"}}""")]
    [InlineData("""{"00100010":{}}""")]
    [InlineData("""{"00100010":[]}""")]
    [InlineData("""{"00100010":{"vr":"XX"}}""")]
    [InlineData("""{"00100010":{"vr":1}}""")]
    [InlineData("""{"00100010":{"vr":"PN","vr":"PN"}}""")]
    [InlineData("""{"00100010":{"vr":"PN"},"00100010":{"vr":"PN"}}""")]
    [InlineData("""{"00100010":{"vr":"PN","Value":[],"Value":[]}}""")]
    [InlineData("""{"00100010":{"vr":"OB","InlineBinary":"","BulkDataURI":""}}""")]
    [InlineData("""{"00100010":{"vr":"PN","Value":{}}}""")]
    [InlineData("""{"00100010":{"vr":"OB","BulkDataURI":1}}""")]
    [InlineData("""{"00081115":{"vr":"SQ","Value":[null]}}""")]
    [InlineData("""{"00081115":{"vr":"SQ","Value":[{}]""")]
    [InlineData("{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"\\uD800\"]}}")]
    [InlineData("""{"00100020":{"vr":"LO","x":1,}}""")]
    [InlineData("{\"00100020\":{\"vr\":\"LO\",\"\\uD800\":1}}")]
    [InlineData("{\"00100020\":{\"vr\":\"LO\",\"\\u0056alue\":[\"A\"]}}")]
    [InlineData("{\"\\uD800\":{\"vr\":\"LO\"}}")]
    public void Refuses_what_is_no_data_set_in_json(string json) => Assert.Equal(FaultCode.MalformedJson, Assert.Throws<DicomFormatException>(() => Read(json)).Fault.Code);

    [Fact]
    public void Says_nothing_of_what_it_saw()
    {
        var e = Assert.Throws<DicomFormatException>(() => Read("""{"00100010":{"vr":"PN","Value":[{"Alphabetic":"Doe^Jane"}],DOE}}"""));
        Assert.Null(e.InnerException);
        Assert.DoesNotContain("D", e.Message[..e.Message.IndexOf('(', StringComparison.Ordinal)], StringComparison.Ordinal);
        Assert.Equal("MalformedJson (1019) at (0010,0010), byte 59", e.Message);
    }

    [Fact]
    public void Puts_elements_in_order_and_leaves_out_what_is_not_of_the_data_set()
    {
        var findings = new List<DicomJsonFinding>();
        var dataSet = Read("""{"00100020":{"vr":"LO"},"00080000":{"vr":"UL","Value":[1]},"00080050":{"vr":"SH"},"00020010":{"vr":"UI"},"7fe00010":{"vr":"OW","BulkDataURI":"http://a/b"}}""",
            new DicomJsonReaderOptions { OnFinding = findings.Add });
        Assert.Equal([0x00080050u, 0x00100020u], dataSet.Select(static e => e.Tag.Value));
        Assert.Equal([DicomJsonFindingKind.NotOfDataSet, DicomJsonFindingKind.NotOfDataSet, DicomJsonFindingKind.BulkDataLeftOut], findings.Select(static f => f.Kind));
    }

    [Fact]
    public void Asks_for_bulk_data_and_follows_no_uri_itself()
    {
        var asked = new List<DicomJsonBulkDataUri>();
        var dataSet = Read("""{"7FE00010":{"vr":"OW","BulkDataURI":"file:///etc/passwd"}}""",
            new DicomJsonReaderOptions { BulkData = b => { asked.Add(b); return new DataElement(b.Tag, b.Vr, new byte[4]); } });
        Assert.Equal("file:///etc/passwd", Assert.Single(asked).Uri);
        Assert.Equal("(7FE0,0010) OW", asked[0].ToString());
        Assert.Equal(4, dataSet[0].Value.Length);
    }

    [Theory]
    [InlineData("ISO_IR 192", "\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 100\"]},", "ISO_IR 192")] // JSON is UTF-8 whatever it says
    [InlineData("ISO_IR 192", "\"00080005\":{\"vr\":\"CS\"},", "ISO_IR 192")]
    [InlineData("ISO_IR 192", "", "ISO_IR 192")]
    [InlineData("ISO_IR 100", "", "ISO_IR 100")]
    public void Declares_the_character_set_that_text_is_encoded_in(string wanted, string declared, string expected)
    {
        var json = "{" + declared + """ "00081115":{"vr":"SQ","Value":[{"00091001":{"vr":"LO","Value":["ä"]}},{"00080005":{"vr":"CS"},"00091001":{"vr":"LO","Value":["ä"]}}]}}""";
        var dataSet = Read(json, new DicomJsonReaderOptions { CharacterSet = SpecificCharacterSet.FromTerms(wanted) });
        var back = DataSet.Read(dataSet.ToArray(), dataSet.TransferSyntax);
        var items = back.Find(new DicomTag(0x0008, 0x1115))!.Items;
        Assert.Equal(["ä", "ä"], items.Select(static item => item.GetString(Tag)));
        Assert.Equal([null, expected], items.Select(static item => item.GetString(new DicomTag(0x0008, 0x0005))));
        // What is around the items is declared if one of them relies on it.
        Assert.Equal(expected, back.GetString(new DicomTag(0x0008, 0x0005)));
    }

    [Fact]
    public void Declares_nothing_where_nothing_needs_it_and_refuses_what_the_set_does_not_hold()
    {
        Assert.Single(Read(Attribute("LO", """ "Value":["A"]""")));
        var fault = Assert.Throws<DicomFormatException>(() => Read(Attribute("LO", """ "Value":["И"]"""), new DicomJsonReaderOptions { CharacterSet = SpecificCharacterSet.FromTerms("ISO_IR 100") })).Fault;
        Assert.Equal((FaultCode.TextNotEncodable, Tag), (fault.Code, fault.Tag));
        Assert.Equal(FaultCode.TextNotEncodable, Assert.Throws<DicomFormatException>(() => Read(Attribute("CS", """ "Value":["ä"]"""))).Fault.Code);
    }

    [Fact]
    public void Notes_a_number_that_is_too_long_for_its_VR_and_keeps_it()
    {
        var findings = new List<DicomJsonFindingKind>();
        var dataSet = Read(Attribute("DS", """ "Value":[0.12345678901234567,"1,5"]"""), new DicomJsonReaderOptions { OnFinding = f => findings.Add(f.Kind) });
        Assert.Equal("0.12345678901234567\\1,5 ", Encoding.ASCII.GetString(dataSet[0].Value.Span));
        Assert.Equal([DicomJsonFindingKind.LongNumber, DicomJsonFindingKind.MalformedNumber], findings);
    }

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("""{"00081115":{"vr":"SQ","Value":[""", depth)) + "{}" + string.Concat(Enumerable.Repeat("]}}", depth));

    [Fact]
    public void Refuses_what_is_beyond_a_limit()
    {
        Assert.NotNull(Read(Nested(64)));
        Assert.Equal(FaultCode.NestingTooDeep, Assert.Throws<DicomFormatException>(() => Read(Nested(65))).Fault.Code);
        Assert.Equal(FaultCode.NestingTooDeep, Assert.Throws<DicomFormatException>(() => Read(Nested(100_000))).Fault.Code);
        Assert.Equal(FaultCode.MalformedJson, Assert.Throws<DicomFormatException>(() => Read(Attribute("LO", "\"x\":" + new string('[', 100_000)))).Fault.Code);
        Assert.Equal(FaultCode.DataSetTooLong, Assert.Throws<DicomFormatException>(() => Read(Nested(1), new DicomJsonReaderOptions { MaxLength = 30 })).Fault.Code);
        Assert.Equal(FaultCode.TooManyElements, Assert.Throws<DicomFormatException>(() => Read(Nested(2), new DicomJsonReaderOptions { MaxElements = 3 })).Fault.Code);
        Assert.NotNull(Read(Nested(2), new DicomJsonReaderOptions { MaxElements = 4 }));
    }

    private static async Task<(int, Fault?)> ReadAll(string json, int piece = int.MaxValue, int maxLength = 1_000)
    {
        var count = 0;
        try
        {
            await foreach (var _ in DicomJsonReader.ReadAllAsync(new PieceStream(Encoding.UTF8.GetBytes(json), piece), new DicomJsonReaderOptions { MaxLength = maxLength })) count++;
            return (count, null);
        }
        catch (DicomFormatException e)
        {
            return (count, e.Fault);
        }
    }

    [Theory]
    [InlineData("[]", 0, null)]
    [InlineData(" [ {} , {\"00100020\":{\"vr\":\"LO\"}} ] ", 2, null)]
    [InlineData("\uFEFF{}", 1, null)]
    [InlineData("{} ", 1, null)]
    [InlineData("[{},]", 1, 4L)]
    [InlineData("[{}{}]", 1, 3L)]
    [InlineData("[,{}]", 0, 1L)]
    [InlineData("[{}", 1, 3L)]
    [InlineData("[{},{\"1\":2}]", 1, 5L)]
    [InlineData("{}{}", 1, 2L)]
    [InlineData("[]]", 0, 2L)]
    [InlineData("[[]]", 0, 1L)]
    [InlineData("", 0, 0L)]
    [InlineData("null", 0, 0L)]
    public async Task Reads_arrays_however_the_stream_is_cut(string json, int count, long? offset)
    {
        foreach (var piece in new[] { 1, 2, 7, int.MaxValue })
        {
            var (read, fault) = await ReadAll(json, piece);
            Assert.Equal((count, offset, offset is null ? null : FaultCode.MalformedJson), (read, fault?.Offset, fault?.Code));
        }
    }

    [Fact]
    public async Task Holds_one_object_of_a_long_array_at_a_time_and_refuses_one_that_is_too_long()
    {
        var one = Attribute("LO", $"\"Value\":[\"{new string('A', 900)}\"]");
        Assert.Equal((5_000, null), await ReadAll($"[{string.Join(',', Enumerable.Repeat(one, 5_000))}]"));
        var (count, fault) = await ReadAll($"[{one},{one}]", 100, 900);
        Assert.Equal((0, FaultCode.DataSetTooLong), (count, fault!.Value.Code));
        (count, fault) = await ReadAll("[{" + new string(' ', 100_000), 100, 900);
        Assert.Equal((0, FaultCode.DataSetTooLong), (count, fault!.Value.Code));
    }

    private sealed class PieceStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }
}
