using System.Text;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>What a server's metadata says of an object is the same only where it means the same.</summary>
public sealed class DicomJsonComparerTests
{
    // What dcm2json 3.6.7 makes otherwise than the file has it.
    private static readonly Dictionary<string, string> Explained = new(StringComparer.Ordinal)
    {
        ["charset__dump2dcm__item_level_override_144.dcm"] = "(0008,1140)", // takes the item's text for that of the data set
        ["part10-odd__dump2dcm__all_vr_deflated.dcm"] = "(0072,0074)", // 1.0000000000000006e+308 for 1.0000000000000007e+308
        ["charset__dump2dcm__ir13_yen_5c.dcm"] = "(0008,1030)", // takes the yen sign for a backslash
        ["charset__fo-dicom__GH1301.dcm"] = "MalformedJson", ["charset__pydicom__chrSQEncoding.dcm"] = "MalformedJson", ["charset__dump2dcm__utf8_invalid_bytes.dcm"] = "MalformedJson",
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_readable_file_is_the_same_as_its_own_json()
    {
        var (wrong, compared) = (new List<string>(), 0);
        foreach (var path in Corpus.Readable())
        {
            DataSet dataSet;
            try { dataSet = DataSet.Open(path); }
            catch (DicomFormatException) { continue; }
            var leftOut = new HashSet<DicomTag>();
            var options = new DicomJsonWriterOptions { MaxInlineBinaryLength = int.MaxValue, MaxTextLength = int.MaxValue, OnFinding = f => leftOut.Add(f.Tag) };
            DicomJsonDifference difference;
            try { difference = await DicomJsonComparer.CompareAsync(dataSet, JsonOf.DataSet(dataSet, options), cancellationToken: Token); }
            catch (DicomFormatException e) when (leftOut.Count > 0 || e.Fault.Code is FaultCode.NotTranscodable) { continue; } // a data set that JSON cannot hold
            compared++;
            // What the writer has told is not in the JSON as it was: text that is none, numbers of odd length, repeated elements.
            if (difference.Different.Count > 0 && leftOut.Count == 0) wrong.Add($"{Path.GetFileName(path)}: {string.Join(' ', difference.Different)}");
            if (difference.NotCompared.Count > 0 && leftOut.Count == 0) wrong.Add($"{Path.GetFileName(path)}: not compared {string.Join(' ', difference.NotCompared)}");
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {compared}\n{string.Join('\n', wrong.Take(40))}");
        Assert.True(compared > 60, $"{compared} files");
    }

    [Fact]
    public async Task What_dcm2json_makes_of_a_file_is_the_same_as_the_file()
    {
        Assert.SkipUnless(Corpus.Shared is not null, "The corpus is not there.");
        var (wrong, compared) = (new List<string>(), 0);
        foreach (var path in Directory.EnumerateFiles(Path.Join(Corpus.Shared, "corpus", "dicomjson", "dcmtk-dcm2json"), "*.json"))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            var file = Path.Join(Corpus.Shared, "corpus", name[..name.IndexOf("__", StringComparison.Ordinal)], name[(name.IndexOf("__", StringComparison.Ordinal) + 2)..]);
            if (!File.Exists(file)) continue;
            try
            {
                var difference = await DicomJsonComparer.CompareAsync(DataSet.Open(file), await File.ReadAllBytesAsync(path, Token), cancellationToken: Token);
                compared++;
                if (string.Join(' ', difference.Different.Concat(difference.NotCompared)) is var found && found != Explained.GetValueOrDefault(name, "")) wrong.Add($"{name}: {found}");
            }
            catch (DicomFormatException e)
            {
                if (e.Fault.Code.ToString() != Explained.GetValueOrDefault(name)) wrong.Add($"{name}: {e.Fault}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {compared}\n{string.Join('\n', wrong)}");
        Assert.True(compared > 90, $"{compared} files");
    }

    [Fact]
    public async Task What_Orthanc_gives_as_metadata_is_the_same_as_the_object_that_it_gives()
    {
        Assert.SkipUnless(Corpus.Shared is not null, "The corpus is not there.");
        var wrong = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            var folder = Path.Join(Corpus.Shared, "corpus", "dicomjson", "orthanc-dicomweb");
            var file = (await File.ReadAllBytesAsync(Path.Join(folder, $"wado-instance-original-{i}.http"), Token)).AsSpan();
            var start = file.IndexOf("DICM"u8) - 128;
            var boundary = file[(file[..start].LastIndexOf("\r\n--"u8))..];
            boundary = boundary[..(boundary[2..].IndexOf("\r\n"u8) + 2)];
            var dataSet = DataSet.ReadFile(file[start..(start + file[start..].IndexOf(boundary))].ToArray());
            var json = await File.ReadAllBytesAsync(Path.Join(folder, $"wado-metadata-instance-{i}.http"), Token);
            var difference = await DicomJsonComparer.CompareAsync(dataSet, json.AsMemory(json.AsSpan().IndexOf("\r\n\r\n"u8) + 4), cancellationToken: Token);
            wrong.AddRange(difference.Different.Select(tag => $"{i}: {tag}"));
            // Private OB and UN of a CT of GE: Orthanc gives URIs of them.
            Assert.Equal(i == 1 ? 3 : 0, difference.NotCompared.Count);
        }
        Assert.Equal([], wrong);
    }

    [Theory]
    // Numbers are numbers, however they are spelt; DS are doubles, as those of JSON are.
    [InlineData("DS", "1.0\\ 2\\+3.50", "1,2,3.5", true)]
    [InlineData("DS", "1.0", "\"1.00\"", true)]
    [InlineData("DS", "1e2", "100", true)]
    [InlineData("DS", "1.0", "1.0000001", false)]
    [InlineData("DS", "9007199254740993", "9007199254740992", false)]
    [InlineData("DS", "0.30000000000000004", "0.3", false)]
    [InlineData("DS", "0.1000000000000000055511151231257827", "0.1", true)]
    [InlineData("DS", "1\\2", "1", false)]
    [InlineData("DS", "1\\", "1,null", true)]
    [InlineData("IS", " 007", "7", true)]
    [InlineData("IS", "7", "\"7\"", true)]
    [InlineData("IS", "7", "8", false)]
    [InlineData("IS", "1e1", "\"1e1\"", true)]
    [InlineData("IS", "seven", "\"seven\"", true)]
    // Padding has no meaning where the standard says so, and has one where it does not.
    [InlineData("LO", " a ", "\"a\"", true)]
    [InlineData("LO", "a", "\"a \"", true)]
    [InlineData("LO", "a", "\"A\"", false)]
    [InlineData("LO", "a\\b", "\"a\",\"b\"", true)]
    [InlineData("LO", "a\\b", "\"b\",\"a\"", false)]
    [InlineData("LO", "  ", "", true)]
    [InlineData("LO", "a", "", false)]
    [InlineData("LT", " a", "\"a\"", false)]
    [InlineData("LT", "a  ", "\"a\"", true)]
    [InlineData("UT", "a\\b", "\"a\\\\b\"", true)]
    [InlineData("UI", "1.2", "\"1.2\"", true)]
    [InlineData("DA", "20200101", "\"20200102\"", false)]
    // Names: empty components and groups at the end say nothing (PS3.5 §6.2.1).
    [InlineData("PN", "A^B^^^", "{\"Alphabetic\":\"A^B\"}", true)]
    [InlineData("PN", "A^B=", "{\"Alphabetic\":\"A^B\"}", true)]
    [InlineData("PN", "A^B=C^D", "{\"Alphabetic\":\"A^B\",\"Ideographic\":\"C^D\"}", true)]
    [InlineData("PN", "A^B=C^D", "{\"Alphabetic\":\"A^B\",\"Phonetic\":\"C^D\"}", false)]
    [InlineData("PN", "A^^B", "{\"Alphabetic\":\"A^B\"}", false)]
    public async Task Text_is_compared_by_what_it_means(string vr, string value, string json, bool isSame)
    {
        var tag = new DicomTag(0x00291010);
        DataSet dataSet = [new DataElement(tag, Vr(vr), Encoding.ASCII.GetBytes(value.Length % 2 == 0 ? value : value + (vr == "UI" ? "\0" : " ")))];
        var text = json.Length == 0 ? $"{{\"vr\":\"{vr}\"}}" : $"{{\"vr\":\"{vr}\",\"Value\":[{json}]}}";
        var difference = await CompareAsync(dataSet, $"{{\"00291010\":{text}}}");
        Assert.Equal(isSame ? [] : [tag], difference.Different);
        Assert.Empty(difference.NotCompared);
    }

    [Fact]
    public async Task Binary_values_are_compared_in_whatever_order_their_bytes_are()
    {
        DataSet dataSet =
        [
            new DataElement(new DicomTag(0x00280010), DicomVr.US, new byte[] { 2, 0 }, isBigEndian: true), // 512
            new DataElement(new DicomTag(0x00281201), DicomVr.OW, new byte[] { 1, 2, 3, 4 }, isBigEndian: true),
            new DataElement(new DicomTag(0x00280009), DicomVr.AT, new byte[] { 0x00, 0x18, 0x10, 0x63 }, isBigEndian: true),
            DataElement.Decimals(new DicomTag(0x00189073), DicomVr.FD, 0.1, -0.0, double.NaN),
            DataElement.Decimals(new DicomTag(0x00089459), DicomVr.FL, 0.1),
        ];
        const string Json = """
            {"00280009":{"vr":"AT","Value":["00181063"]},"00280010":{"vr":"US","Value":[512]},"00281201":{"vr":"OW","InlineBinary":"AgEEAw=="},
             "00189073":{"vr":"FD","Value":[1e-1,0,"NaN"]},"00089459":{"vr":"FL","Value":[0.1]}}
            """;
        Assert.True((await CompareAsync(dataSet, Json)).IsSame);
        Assert.Equal([new DicomTag(0x00280010)], (await CompareAsync(dataSet, Json.Replace("512", "2", StringComparison.Ordinal))).Different);
        Assert.Equal([new DicomTag(0x00281201)], (await CompareAsync(dataSet, Json.Replace("AgEEAw==", "AQIDBA==", StringComparison.Ordinal))).Different);
        Assert.Equal([new DicomTag(0x00089459)], (await CompareAsync(dataSet, Json.Replace("[0.1]", "[0.10000001]", StringComparison.Ordinal))).Different);
        Assert.Equal([new DicomTag(0x00189073)], (await CompareAsync(dataSet, Json.Replace("1e-1", "1e-2", StringComparison.Ordinal))).Different);
    }

    [Fact]
    public async Task Another_vr_for_the_same_value_is_the_same_and_large_numbers_are_compared_to_the_last_digit()
    {
        DataSet dataSet = [new DataElement(new DicomTag(0x00291010), DicomVr.UN, "ab"u8.ToArray()), DataElement.Integers(new DicomTag(0x00291011), DicomVr.SV, 9_007_199_254_740_993), DataElement.Text(new DicomTag(0x00291012), DicomVr.SH, ["x"])];
        const string Json = """{"00291010":{"vr":"LO","Value":["ab"]},"00291011":{"vr":"UV","Value":["9007199254740993"]},"00291012":{"vr":"UN","InlineBinary":"eCA="}}""";
        Assert.True((await CompareAsync(dataSet, Json)).IsSame);
        Assert.Equal([new DicomTag(0x00291011)], (await CompareAsync(dataSet, Json.Replace("740993", "740992", StringComparison.Ordinal))).Different);
        Assert.Equal([new DicomTag(0x00291012)], (await CompareAsync(dataSet, Json.Replace("\"UN\",\"InlineBinary\":\"eCA=\"", "\"US\",\"Value\":[8312]", StringComparison.Ordinal))).Different);
    }

    [Fact]
    public async Task Elements_that_are_on_one_side_alone_are_different_and_named_once()
    {
        DataSet dataSet = [DataElement.Text(new DicomTag(0x00080020), DicomVr.DA, []), DataElement.Text(new DicomTag(0x00100020), DicomVr.LO, ["1"])];
        var difference = await CompareAsync(dataSet, """{"00080054":{"vr":"AE","Value":["PACS"]},"00081190":{"vr":"UR","Value":["http://x/"]},"00100020":{"vr":"LO","Value":["1"]}}""");
        Assert.Equal([new DicomTag(0x00080020), new DicomTag(0x00080054), new DicomTag(0x00081190)], difference.Different);
    }

    [Fact]
    public async Task What_belongs_to_the_encoding_and_the_pixels_are_not_looked_at()
    {
        DataSet dataSet =
        [
            DataElement.Integers(new DicomTag(0x00080000), DicomVr.UL, 4), DataElement.Text(new DicomTag(0x00080005), DicomVr.CS, ["ISO_IR 100"]),
            new DataElement(new DicomTag(0x00100010), DicomVr.PN, new byte[] { 0x4D, 0xFC }), // "Mü" in Latin 1
            new DataElement(new DicomTag(0x7FE00010), DicomVr.OW, new byte[64]), new DataElement(new DicomTag(0xFFFCFFFC), DicomVr.OB, new byte[2]),
        ];
        Assert.True((await CompareAsync(dataSet, """[{"00020010":{"vr":"UI","Value":["1.2"]},"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"Mü"}]},"7FE00010":{"vr":"OW","BulkDataURI":"x"}}]""")).IsSame);
        Assert.Equal([new DicomTag(0x00100010)], (await CompareAsync(dataSet, """{"00100010":{"vr":"PN","Value":[{"Alphabetic":"Mu"}]}}""")).Different);
    }

    [Fact]
    public async Task What_the_json_leaves_open_is_never_the_same()
    {
        var (byReference, text, twice) = (new DicomTag(0x00291010), new DicomTag(0x00100010), new DicomTag(0x00100020));
        var dataSet = DataSet.Read(new byte[]
        {
            0x10, 0, 0x10, 0, (byte)'P', (byte)'N', 2, 0, 0x4D, 0xFC, // no (0008,0005): FC is no character
            0x10, 0, 0x20, 0, (byte)'L', (byte)'O', 2, 0, (byte)'1', (byte)' ', 0x10, 0, 0x20, 0, (byte)'L', (byte)'O', 2, 0, (byte)'2', (byte)' ',
            0x29, 0, 0x10, 0x10, (byte)'O', (byte)'B', 0, 0, 2, 0, 0, 0, 1, 2,
        }, TransferSyntax.ExplicitVrLittleEndian);
        var difference = await CompareAsync(dataSet, """{"00100010":{"vr":"PN","Value":[{"Alphabetic":"Mü"}]},"00100020":{"vr":"LO","Value":["1"]},"00291010":{"vr":"OB","BulkDataURI":"bulk/1"}}""");
        Assert.Empty(difference.Different);
        Assert.Equal([text, twice, byReference], difference.NotCompared);
        Assert.False(difference.IsSame);
    }

    [Fact]
    public async Task Items_are_compared_one_by_one_and_named_by_their_sequence()
    {
        var sequence = new DicomTag(0x00081115);
        DataSet dataSet = [DataElement.Sequence(sequence, [[DataElement.Text(new DicomTag(0x0020000E), DicomVr.UI, ["1.2"])], []])];
        Assert.True((await CompareAsync(dataSet, """{"00081115":{"vr":"SQ","Value":[{"0020000E":{"vr":"UI","Value":["1.2"]}},{}]}}""")).IsSame);
        Assert.True((await CompareAsync([DataElement.Sequence(sequence, [])], """{"00081115":{"vr":"SQ"}}""")).IsSame);
        foreach (var items in new[] { "", "{},{}", """{"0020000E":{"vr":"UI","Value":["1.3"]}},{}""", """{"0020000E":{"vr":"UI","Value":["1.2"]}}""", """{},{"0020000E":{"vr":"UI","Value":["1.2"]}}""", """{"0020000E":{"vr":"UI","Value":["1.2"]}},{},{}""" })
            Assert.Equal([sequence], (await CompareAsync(dataSet, $"{{\"00081115\":{{\"vr\":\"SQ\",\"Value\":[{items}]}}}}")).Different);
        Assert.Equal([sequence], (await CompareAsync(dataSet, """{"00081115":{"vr":"SQ","Value":[{"0020000E":{"vr":"UI","BulkDataURI":"x"}},{}]}}""")).NotCompared);
    }

    [Fact]
    public async Task A_private_sequence_that_one_side_does_not_know_for_one_is_read_as_one()
    {
        var tag = new DicomTag(0x20051080);
        byte[] items = [0xFE, 0xFF, 0x00, 0xE0, 10, 0, 0, 0, 0x10, 0, 0x20, 0, 2, 0, 0, 0, (byte)'1', (byte)' ']; // an item with (0010,0020) "1"
        const string Json = """{"20051080":{"vr":"SQ","Value":[{"00100020":{"vr":"LO","Value":["1"]}}]}}""";
        Assert.True((await CompareAsync([new DataElement(tag, DicomVr.UN, items)], Json)).IsSame);
        Assert.Equal([tag], (await CompareAsync([new DataElement(tag, DicomVr.UN, items)], Json.Replace("\"1\"", "\"2\"", StringComparison.Ordinal))).Different);
        Assert.Equal([tag], (await CompareAsync([new DataElement(tag, DicomVr.UN, items.AsMemory(..^1))], Json)).NotCompared);
        var known = DataElement.Sequence(tag, [[DataElement.Text(new DicomTag(0x00100020), DicomVr.LO, ["1"])]]);
        Assert.True((await CompareAsync([known], $"{{\"20051080\":{{\"vr\":\"UN\",\"InlineBinary\":\"{Convert.ToBase64String(items)}\"}}}}")).IsSame);
    }

    [Theory, InlineData(""), InlineData("[]"), InlineData("[{},{}]"), InlineData("{"), InlineData("[{\"00100020\":{}}]")]
    public async Task What_is_not_one_object_is_malformed(string json)
    {
        var thrown = await Assert.ThrowsAsync<DicomFormatException>(() => CompareAsync([], json));
        Assert.Equal(FaultCode.MalformedJson, thrown.Fault.Code);
    }

    [Fact]
    public async Task No_change_of_a_value_goes_unnoticed()
    {
        foreach (var path in Corpus.InRepository().Where(static p => p.EndsWith(".dcm", StringComparison.Ordinal)))
        {
            DataSet dataSet;
            var hasFindings = false;
            byte[] json;
            try
            {
                dataSet = DataSet.Open(path);
                json = JsonOf.DataSet(dataSet, new DicomJsonWriterOptions { MaxInlineBinaryLength = int.MaxValue, MaxTextLength = int.MaxValue, OnFinding = _ => hasFindings = true });
            }
            catch (DicomFormatException) { continue; }
            if (hasFindings) continue;
            for (var i = 0; i < dataSet.Count; i++)
            {
                var element = dataSet[i];
                if (element.Tag.Group is 0x7FE0 or 0x0002 || element.Tag.IsGroupLength || element.Tag.Value is 0x00080005 or 0x00080001 or 0xFFFCFFFC) continue;
                dataSet.Remove(element.Tag);
                Assert.Equal([element.Tag], (await DicomJsonComparer.CompareAsync(dataSet, json, cancellationToken: Token)).Different);
                if (!element.IsSequence && element.Value.Length > 0)
                {
                    var bytes = element.Value.ToArray();
                    bytes[0] ^= 0x11;
                    dataSet.Set(new DataElement(element.Tag, element.Vr, bytes, element.IsBigEndian));
                    var difference = await DicomJsonComparer.CompareAsync(dataSet, json, cancellationToken: Token);
                    Assert.Equal([element.Tag], difference.Different.Concat(difference.NotCompared));
                }
                dataSet.Set(element);
            }
        }
    }

    [Fact]
    public void A_header_is_all_but_the_pixels_in_every_encoding()
    {
        var compared = 0;
        foreach (var path in Corpus.Readable())
        {
            DataSet whole;
            try { whole = DataSet.Open(path); }
            catch (DicomFormatException) { continue; }
            var bytes = File.ReadAllBytes(path).AsMemory(whole.Prefix!.Length);
            using var stream = new MemoryStream(bytes.ToArray());
            var header = DataSet.ReadHeader(stream, whole.TransferSyntax);
            Assert.Equal(whole.Where(static e => e.Tag.Group != 0x7FE0).Select(static e => e.ToString()), header.Select(static e => e.ToString()));
            Assert.Equal(bytes.Length, stream.Position);
            compared++;
        }
        Assert.True(compared > 60, $"{compared} files");
        using var large = new MemoryStream([0x29, 0, 0x10, 0x10, (byte)'O', (byte)'B', 0, 0, 0x10, 0, 0, 0, .. new byte[16]]);
        Assert.Equal(FaultCode.DataSetTooLong, Assert.Throws<DicomFormatException>(() => DataSet.ReadHeader(large, TransferSyntax.ExplicitVrLittleEndian, new DataSetOptions { MaxLength = 20 })).Fault.Code);
    }

    private static Task<DicomJsonDifference> CompareAsync(DataSet dataSet, string json) => DicomJsonComparer.CompareAsync(dataSet, Encoding.UTF8.GetBytes(json), cancellationToken: Token).AsTask();

    private static DicomVr Vr(string text) => new((ushort)((text[0] << 8) | text[1]));
}
