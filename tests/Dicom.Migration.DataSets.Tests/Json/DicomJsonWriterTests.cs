namespace Dicom.Migration.DataSets.Tests;

/// <summary>PS3.18 Annex F, value by value.</summary>
public sealed class DicomJsonWriterTests
{
    private static readonly TransferSyntax Little = TransferSyntax.ExplicitVrLittleEndian;

    private static (string Json, DicomJsonFindingKind[] Findings) Write(Bytes dataSet, TransferSyntax? syntax = null, DicomJsonNumbers numbers = default,
        long inline = 64, Func<DicomJsonBulkData, string?>? uri = null)
    {
        var findings = new List<DicomJsonFindingKind>();
        var options = new DicomJsonWriterOptions { OnFinding = f => findings.Add(f.Kind), Numbers = numbers, MaxInlineBinaryLength = inline, MaxTextLength = 1_024, BulkDataUri = uri };
        return (JsonOf.Bytes(dataSet.ToArray(), syntax ?? Little, options), [.. findings]);
    }

    private static void Is(string attribute, Bytes dataSet, params DicomJsonFindingKind[] findings)
    {
        var (json, found) = Write(dataSet);
        Assert.Equal($"{{{attribute}}}", json);
        Assert.Equal(findings, found);
    }

    public static TheoryData<string, string, string> Texts() => new()
    {
        { "CS", "A\\\\B ", """ "Value":["A",null,"B"]""" }, // §F.2.5: an empty value among others is null
        { "LO", "", "" },
        { "LO", "  ", "" },
        { "LO", " A ", """ "Value":[" A"]""" },
        { "LT", " A\\B ", """ "Value":[" A\\B"]""" },
        { "UI", "1.2.3\0", """ "Value":["1.2.3"]""" },
        { "UR", "http://a?b=c&d ", """ "Value":["http://a?b=c&d"]""" },
        { "PN", "A^B=C^D=E^F", """ "Value":[{"Alphabetic":"A^B","Ideographic":"C^D","Phonetic":"E^F"}]""" },
        { "PN", "=X\\\\=\\Y ", """ "Value":[{"Ideographic":"X"},null,null,{"Alphabetic":"Y"}]""" },
        { "IS", " 12\\-1\\0 ", """ "Value":[12,-1,0]""" },
        { "IS", "+1\\01", """ "Value":["+1","01"]""" }, // numbers, but not as JSON writes them
        { "DS", "1.50\\-2e3\\0.1 ", """ "Value":[1.50,-2e3,0.1]""" },
        { "DS", "1.\\.5", """ "Value":["1.",".5"]""" },
        { "DA", "20200101-20200102 ", """ "Value":["20200101-20200102"]""" },
    };

    [Theory, MemberData(nameof(Texts))]
    public void Writes_text_as_annex_F_asks(string vr, string value, string expected) =>
        Is($$"""
            "00091001":{"vr":"{{vr}}"{{(expected.Length == 0 ? "" : ",")}}{{expected.TrimStart()}}}
            """.Trim(), new Bytes().Text(0x00091001, vr, value));

    [Theory]
    [InlineData("IS", "1A", "\"1A\"", DicomJsonFindingKind.MalformedNumber)]
    [InlineData("IS", "3000000000", "3000000000", DicomJsonFindingKind.MalformedNumber)]
    [InlineData("DS", "1,5", "\"1,5\"", DicomJsonFindingKind.MalformedNumber)]
    [InlineData("DS", "1e999", "\"1e999\"", DicomJsonFindingKind.MalformedNumber)]
    [InlineData("DS", "NaN", "\"NaN\"", DicomJsonFindingKind.MalformedNumber)]
    [InlineData("PN", "A=B=C=D", """{"Alphabetic":"A","Ideographic":"B","Phonetic":"C=D"}""", DicomJsonFindingKind.MalformedPersonName)]
    [InlineData("LO", "M\u00FCller", "\"M\uFFFDller\"", DicomJsonFindingKind.MalformedText)]
    public void Keeps_a_malformed_text_and_says_so(string vr, string value, string expected, DicomJsonFindingKind finding) =>
        Is($$"""
            "00091001":{"vr":"{{vr}}","Value":[{{expected}}]}
            """.Trim(), new Bytes().Text(0x00091001, vr, value), finding);

    [Fact]
    public void Writes_is_and_ds_as_strings_where_asked() => Assert.Equal("""{"00091001":{"vr":"DS","Value":["1.50",null]}}""",
        Write(new Bytes().Text(0x00091001, "DS", "1.50\\"), numbers: DicomJsonNumbers.AsStrings).Json);

    public static TheoryData<string, byte[], string> Numbers() => new()
    {
        { "US", [0xFF, 0xFF, 1, 0], "65535,1" }, { "SS", [0xFF, 0xFF], "-1" }, { "UL", [0xFF, 0xFF, 0xFF, 0xFF], "4294967295" }, { "SL", [0xFE, 0xFF, 0xFF, 0xFF], "-2" },
        { "AT", [0x10, 0x00, 0x1A, 0x2B], "\"00102B1A\"" }, { "FL", [0, 0, 0xC0, 0x3F], "1.5" }, { "FD", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F], "1" },
        { "UV", [1, 0, 0, 0, 0, 0, 0x20, 0], "\"9007199254740993\"" }, { "UV", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "\"18446744073709551615\"" },
        { "SV", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "-1" }, { "SV", [0, 0, 0, 0, 0, 0, 0, 0x80], "\"-9223372036854775808\"" },
        { "FL", [0xCD, 0xCC, 0xCC, 0x3D], "0.10000000149011612" }, // as the double it is, for readers that know no other
    };

    [Theory, MemberData(nameof(Numbers))]
    public void Writes_binary_numbers_in_either_byte_order_however_they_are_cut(string vr, byte[] little, string expected)
    {
        var unit = new DicomVr((ushort)((vr[0] << 8) | vr[1])).UnitLength;
        var big = little.Chunk(unit).SelectMany(static word => word.Reverse()).ToArray();
        var json = $"{{\"00091001\":{{\"vr\":\"{vr}\",\"Value\":[{expected}]}}}}";
        foreach (var (dataSet, syntax) in new[] { (new Bytes().Element(0x00091001, vr, little).ToArray(), Little), (new Bytes(true, true).Element(0x00091001, vr, big).ToArray(), TransferSyntax.ExplicitVrBigEndian) })
            for (var cut = 0; cut <= dataSet.Length; cut++) Assert.Equal(json, JsonOf.Bytes(dataSet, syntax, null, cut));
    }

    [Fact]
    public void Writes_bytes_little_endian_however_they_are_cut()
    {
        const string Json = """{"00091001":{"vr":"OW","InlineBinary":"AQIDBAUG"},"00091002":{"vr":"OB","InlineBinary":"AQID"}}""";
        foreach (var (dataSet, syntax) in new[]
        {
            (new Bytes().Element(0x00091001, "OW", [1, 2, 3, 4, 5, 6]).Element(0x00091002, "OB", [1, 2, 3]).ToArray(), Little),
            (new Bytes(true, true).Element(0x00091001, "OW", [2, 1, 4, 3, 6, 5]).Element(0x00091002, "OB", [1, 2, 3]).ToArray(), TransferSyntax.ExplicitVrBigEndian),
        })
            for (var cut = 0; cut <= dataSet.Length; cut++) Assert.Equal(Json, JsonOf.Bytes(dataSet, syntax, null, cut));
    }

    [Fact]
    public void Keeps_the_bytes_of_numbers_that_are_not_whole_as_UN() =>
        Is("\"00091001\":{\"vr\":\"UN\",\"InlineBinary\":\"AQID\"}", new Bytes().Element(0x00091001, "US", [1, 2, 3]), DicomJsonFindingKind.MalformedLength);

    [Fact]
    public void Writes_what_is_not_finite_as_a_string_and_says_so() => Is("\"00091001\":{\"vr\":\"FL\",\"Value\":[\"NaN\",\"Infinity\",\"-Infinity\"]}",
        new Bytes().Element(0x00091001, "FL", [0, 0, 0xC0, 0x7F, 0, 0, 0x80, 0x7F, 0, 0, 0x80, 0xFF]), DicomJsonFindingKind.NotFinite);

    [Fact]
    public void Writes_sequences_empty_items_and_leaves_out_group_lengths() => Is(
        "\"00081115\":{\"vr\":\"SQ\",\"Value\":[{\"00081115\":{\"vr\":\"SQ\"},\"0020000D\":{\"vr\":\"UI\",\"Value\":[\"1\"]}},{}]}",
        new Bytes().Header(0x00080000, "UL", 4).U32(99).Header(0x00081115, "SQ", Bytes.Undefined)
            .Item().Header(0x00081115, "SQ", 0).Text(0x0020000D, "UI", "1\0").EndItem().Item(0).EndSequence());

    [Fact]
    public void Declares_unicode_where_a_character_set_was_declared_and_reads_items_in_theirs()
    {
        var dataSet = new Bytes().Text(0x00080005, "CS", "ISO_IR 100").Text(0x00091001, "LO", "\u00E4 ").Open(0x00091002, b => b.Text(0x00080005, "CS", "ISO_IR 144").Text(0x00091001, "LO", "\u00B8 "))
            .Text(0x00091003, "LO", "\u00E4 ");
        Is("\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]},\"00091001\":{\"vr\":\"LO\",\"Value\":[\"ä\"]},\"00091002\":{\"vr\":\"SQ\",\"Value\":"
            + "[{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 192\"]},\"00091001\":{\"vr\":\"LO\",\"Value\":[\"И\"]}}]},\"00091003\":{\"vr\":\"LO\",\"Value\":[\"ä\"]}", dataSet);
    }

    [Fact]
    public void Takes_SS_for_US_in_implicit_vr_where_pixels_are_signed()
    {
        var dataSet = new Bytes(false).Short(0x00280103, "US", 1).Short(0x00280106, "US", 0xFFFF);
        Assert.Equal("""{"00280103":{"vr":"US","Value":[1]},"00280106":{"vr":"SS","Value":[-1]}}""", Write(dataSet, TransferSyntax.ImplicitVrLittleEndian).Json);
    }

    [Fact]
    public void Asks_for_a_uri_of_what_is_too_long_or_encapsulated_and_leaves_it_out_without_one()
    {
        var dataSet = new Bytes().Open(0x00081115, b => b.Element(0x00091001, "OB", new byte[66])).Element(0x00091001, "UT", new byte[1_026])
            .Header(0x7FE00010, "OB", Bytes.Undefined).Item(0).Item(2).Raw(1, 2).EndSequence();
        var asked = new List<DicomJsonBulkData>();
        var (json, findings) = Write(dataSet, uri: b => { asked.Add(b); return $"u{asked.Count}"; });
        Assert.Equal("""{"00081115":{"vr":"SQ","Value":[{"00091001":{"vr":"OB","BulkDataURI":"u1"}}]},"00091001":{"vr":"UT","BulkDataURI":"u2"},"7FE00010":{"vr":"OB","BulkDataURI":"u3"}}""", json);
        Assert.Empty(findings);
        Assert.Equal([66L, 1_026, -1], asked.Select(static b => b.Length));
        Assert.Equal(new ItemStep(new DicomTag(0x0008, 0x1115), 0), Assert.Single(asked[0].Path));
        Assert.Empty(asked[1].Path);

        (json, findings) = Write(dataSet);
        Assert.Equal("""{"00081115":{"vr":"SQ","Value":[{}]}}""", json);
        Assert.Equal(Enumerable.Repeat(DicomJsonFindingKind.BulkDataLeftOut, 3), findings);
    }

    [Fact]
    public void Leaves_out_the_second_of_a_repeated_tag_whatever_it_is_and_says_so()
    {
        var dataSet = new Bytes().Text(0x00100020, "LO", "A ").Text(0x00080050, "SH", "B ").Text(0x00100020, "LO", "C ").Open(0x00100020, b => b.Text(0x00100020, "LO", "D "))
            .Header(0x00100020, "OB", Bytes.Undefined).Item(0).EndSequence().Text(0x00100030, "DA", "");
        Is("\"00100020\":{\"vr\":\"LO\",\"Value\":[\"A\"]},\"00080050\":{\"vr\":\"SH\",\"Value\":[\"B\"]},\"00100030\":{\"vr\":\"DA\"}", dataSet,
            DicomJsonFindingKind.OutOfOrder, DicomJsonFindingKind.RepeatedElementLeftOut, DicomJsonFindingKind.RepeatedElementLeftOut, DicomJsonFindingKind.RepeatedElementLeftOut);
    }

    [Fact]
    public void Writes_an_unknown_vr_as_UN_and_a_UN_that_is_a_sequence_as_SQ() => Is(
        "\"00091001\":{\"vr\":\"UN\",\"InlineBinary\":\"AQI=\"},\"00091002\":{\"vr\":\"SQ\",\"Value\":[{\"00100020\":{\"vr\":\"LO\",\"Value\":[\"A\"]}}]}",
        new Bytes().Element(0x00091001, "ZZ", [1, 2]).Header(0x00091002, "UN", Bytes.Undefined).Raw(new Bytes(false).Item().Text(0x00100020, "LO", "A ").EndItem().EndSequence().ToArray()),
        DicomJsonFindingKind.UnknownVr, DicomJsonFindingKind.UnknownIsSequence);

    [Fact]
    public void Refuses_more_elements_in_one_item_than_the_limit()
    {
        var dataSet = new Bytes();
        for (var i = 0u; i <= SeenTags.MaxCount + 2; i++) dataSet.Element(0x10110001 + i, "LO", []);
        var fault = Assert.Throws<DicomFormatException>(() => Write(dataSet)).Fault;
        Assert.Equal(FaultCode.TooManyElements, fault.Code);
    }

    [Fact]
    public void Writes_the_file_meta_where_asked()
    {
        byte[] meta = new Bytes().Text(0x00020010, "UI", "1.2.840.10008.1.2.1\0").ToArray();
        var path = Path.GetTempFileName();
        File.WriteAllBytes(path, [.. new byte[128], .. "DICM"u8, .. new Bytes().Header(0x00020000, "UL", 4).U32((uint)meta.Length).ToArray(), .. meta, .. new Bytes().Text(0x00080016, "UI", "1.2\0").ToArray()]);
        Assert.Equal("""{"00020010":{"vr":"UI","Value":["1.2.840.10008.1.2.1"]},"00080016":{"vr":"UI","Value":["1.2"]}}"""u8, JsonOf.Utf8(path, new DicomJsonWriterOptions { IncludeFileMeta = true }));
        Assert.Equal("""{"00080016":{"vr":"UI","Value":["1.2"]}}"""u8, JsonOf.Utf8(path, new DicomJsonWriterOptions()));
        File.Delete(path);
    }
}
