using System.Text.Json;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Our DICOM JSON of every readable file, held against pydicom's.</summary>
public sealed class DicomJsonTruthTests
{
    // Where pydicom 2.3.1 is not as the standard says, or there is more than one way to read damage.
    private static readonly Dictionary<string, string> Explained = new(StringComparer.Ordinal)
    {
        ["charset/dump2dcm__gbk_second_byte_5c.dcm"] = "PS3.5 §6.1.2.3: 5C inside a two-byte character parts no values; pydicom splits there",
        ["charset/dump2dcm__ir13_yen_5c.dcm"] = "PS3.5 §6.1.2.3 and table A.1: in ISO-IR 14, 5C is the yen sign and 7E the overline",
        ["charset/dump2dcm__ir203_latin9.dcm"] = "PS3.3 table C.12-2: ISO_IR 203 is Latin 9; pydicom does not know it",
        ["charset/dump2dcm__ir58_chinese.dcm"] = "PS3.5 §6.1.2.5: escapes are no text; pydicom leaves those of ISO 2022 IR 58",
        ["charset/dump2dcm__no_charset_but_latin1.dcm"] = "PS3.5 §6.1.2.1: without (0008,0005) a byte above 7F is no character; pydicom takes Latin 1",
        ["charset/dump2dcm__unterminated_escape.dcm"] = "PS3.5 §6.1.2.5.3: half a character behind a good one; pydicom gives up both",
        ["charset/fo-dicom__GH1301.dcm"] = "PS3.5 §6.2: CS is not affected by (0008,0005); pydicom takes Latin 1",
        ["damaged/ct_small_bitflips_3.dcm"] = "PS3.5 §7.1: a tag occurs once; of a repeated one we keep the first, pydicom the last",
        ["damaged/ct_small_ts_says_big_endian_is_little.dcm"] = "read as Little Endian, which it is",
        ["no-part10/dcm4che__no_preamble_dicm_in_data"] = "read as the data set that it is; pydicom takes DICM in a value for the magic word",
    };

    // Not DICOM, or malformed behind the first elements: the element lists of CorpusElementsTests say of each what it is.
    private static readonly HashSet<string> Unreadable = new(StringComparer.Ordinal)
    {
        "dicomdir/pydicom-dicomdirtests/DICOMDIR-nooffset", "multiframe/nibabel__philips_mprage.dcm.gz", "no-part10/pydicom__no_meta.dcm", "part10-odd/fo-dicom__GH179B.dcm",
    };

    [Fact]
    public void Writes_the_json_that_pydicom_writes()
    {
        Assert.SkipUnless(Corpus.Shared is not null, "The corpus is not there.");
        var wrong = new List<string>();
        var compared = 0;
        foreach (var (name, path, truth) in Corpus.Files())
        {
            if (!truth.GetProperty("pydicom").TryGetProperty("dataset", out var theirs) || theirs.ValueKind != JsonValueKind.Object) continue;
            try
            {
                // Encapsulated pixel data is bulk data in any case; all other bytes are compared.
                using var ours = JsonOf.File(path, new DicomJsonWriterOptions { MaxInlineBinaryLength = 1 << 28, MaxTextLength = 1 << 26, BulkDataUri = static _ => "x:" });
                var isBigEndian = truth.GetProperty("pydicom").GetProperty("littleEndian").ValueKind == JsonValueKind.False;
                var differences = new TruthComparer(Terms(theirs), isBigEndian).Compare(ours.RootElement, theirs);
                if (differences.Count > 0 != Explained.ContainsKey(name)) wrong.Add($"{name}: {(differences.Count == 0 ? "explained, and the same" : differences[0])}");
                compared++;
            }
            catch (DicomFormatException e)
            {
                if (!name.StartsWith("damaged/", StringComparison.Ordinal) && !Unreadable.Contains(name)) wrong.Add($"{name}: {e.Fault}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {compared}\n{string.Join('\n', wrong)}");
        Assert.True(compared >= 400, $"{compared} files compared");
    }

    private static string[] Terms(JsonElement theirs) => theirs.TryGetProperty("00080005", out var set) && set.TryGetProperty("Value", out var terms)
        ? terms.EnumerateArray().Select(static term => term.GetString() ?? "").ToArray() : [];
}
