using System.Globalization;
using System.Text.Json;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Held against DCMTK's dcmdump and against pydicom, over every file there is.</summary>
public sealed class CorpusElementsTests
{
    internal readonly record struct Listed(int Depth, string Tag, string? Vr, long Length);

    private static readonly Dictionary<string, string> Explained = new(StringComparer.Ordinal)
    {
        // dcmdump calls it OB by the fixed rule of PS3.5 §A.4, or OW; the dictionary of these tests knows one VR for all files.
        ["transfer-syntax/dcmtk__ct_ge_private_be_pixel.dcm"] = "Pixel Data in Implicit VR has no VR of its own",
        ["damaged/ct_small_bitflips_2.dcm"] = "a VR with a flipped bit; dcmdump sorts and guesses",
        ["damaged/ct_small_lowercase_vr.dcm"] = "malformed VR; dcmdump replaces it",
        ["damaged/ct_small_null_vr.dcm"] = "malformed VR; dcmdump replaces it",
        ["damaged/ct_small_unknown_vr.dcm"] = "VR ZZ: PS3.5 §7.1.2 gives a VR that is not listed a 32-bit length; pydicom reads 16 bits",
        ["damaged/ct_small_trailing_zeros.dcm"] = "zeros behind the data set: dcmdump and pydicom list (0000,0000)",
        ["damaged/ct_small_two_files_joined.dcm"] = "a second preamble behind the data set, likewise",
        ["damaged/ct_small_ts_says_big_endian_is_little.dcm"] = "read as Little Endian, which it is; neither program does",
        ["damaged/own__nested_5000_undefined.dcm"] = "deeper than the limit of 64",
        ["dicomdir/pydicom-dicomdirtests/DICOMDIR-nooffset"] = "the last item is longer than its sequence; pydicom does not check, dcmdump drops the records after it",
        ["no-part10/dcm4che__no_preamble_dicm_in_data"] = "read as the data set that it is; both programs take DICM in a value for the magic word",
        ["no-part10/pydicom__no_meta.dcm"] = "a byte is missing at the start: no encoding fits",
        ["part10-odd/fo-dicom__GH179B.dcm"] = "a VR of two spaces; neither program goes on behind it",
        ["multiframe/nibabel__philips_mprage.dcm.gz"] = "gzip, not DICOM",
    };

    // Damage that ends the reading, and that dcmdump reports as an error too.
    private static bool IsDamageToAll(string name, Fault? fault, List<Listed>? dcmdump) =>
        fault is not null && dcmdump is null && name.StartsWith("damaged/", StringComparison.Ordinal);

    [Fact]
    public void Lists_the_elements_that_dcmdump_or_pydicom_lists()
    {
        var differences = new List<string>();
        var count = 0;
        foreach (var (name, path, truth) in Corpus.Files())
        {
            var ours = Read(path, out var fault);
            var dcmdump = Dcmdump(truth);
            var pydicom = Pydicom(truth);
            if (dcmdump is null && pydicom is null) continue;
            count++;
            var top = ours.Where(e => e.Depth == 0 && e.Tag is not ("FFFEE0DD" or "FFFEE00D")).ToList();
            var agrees = fault is null && ((dcmdump is not null && Same(ours, dcmdump)) || (pydicom is not null && Same(top, pydicom)));
            if (IsDamageToAll(name, fault, dcmdump)) continue;
            if (agrees == Explained.ContainsKey(name))
                differences.Add($"{name}: {fault?.ToString() ?? "read"} dcmdump {First(ours, dcmdump)} pydicom {First(top, pydicom)}");
        }
        Assert.True(differences.Count == 0, $"{differences.Count} of {count}\n{string.Join('\n', differences)}");
    }

    private static bool Same(Listed a, Listed b) => a.Depth == b.Depth && string.Equals(a.Tag, b.Tag, StringComparison.Ordinal) && a.Length == b.Length
        && (a.Vr is null || b.Vr is null || string.Equals(a.Vr, b.Vr, StringComparison.Ordinal)
            || (a.Length == -1 && a.Vr is "UN" && b.Vr is "SQ")); // both programs call a sequence read as UN SQ

    private static bool Same(List<Listed> ours, List<Listed> theirs) => ours.Count == theirs.Count && ours.Zip(theirs).All(p => Same(p.First, p.Second));

    private static string First(List<Listed> ours, List<Listed>? theirs)
    {
        if (theirs is null) return "reads nothing;";
        for (var i = 0; i < Math.Max(ours.Count, theirs.Count); i++)
            if (i >= ours.Count || i >= theirs.Count || !Same(ours[i], theirs[i]))
                return $"#{i}/{ours.Count}:{theirs.Count} {(i < ours.Count ? ours[i] : default)} <> {(i < theirs.Count ? theirs[i] : default)};";
        return "same;";
    }

    private static List<Listed> Read(string path, out Fault? fault)
    {
        var list = new List<Listed>();
        fault = null;
        using var handle = File.OpenHandle(path);
        using var reader = new Part10FileReader(new DataSetReaderOptions { ImplicitVr = CorpusDictionary.Find }, 512);
        try
        {
            reader.Open(handle);
            while (reader.Read())
            {
                var e = reader.Element;
                var tag = e.Tag.Value.ToString("X8", CultureInfo.InvariantCulture);
                string? vr = e.Vr.Code == 0 ? null : e.Vr.ToString();
                Listed? listed = e.Token switch
                {
                    DataSetToken.ElementStart or DataSetToken.SequenceStart or DataSetToken.FragmentsStart => new Listed(e.Depth, tag, vr, e.Length),
                    DataSetToken.ItemStart or DataSetToken.Fragment => new Listed(e.Depth, tag, null, e.Length),
                    DataSetToken.ItemEnd => new Listed(e.Depth, "FFFEE00D", null, 0),
                    DataSetToken.SequenceEnd or DataSetToken.FragmentsEnd => new Listed(e.Depth, "FFFEE0DD", null, 0),
                    _ => null,
                };
                if (listed is { } l) list.Add(l);
                reader.SkipValue();
            }
        }
        catch (DicomFormatException e)
        {
            fault = e.Fault;
        }
        return list;
    }

    private static List<Listed>? Dcmdump(JsonElement truth)
    {
        var dump = truth.GetProperty("dcmdump");
        if (dump.GetProperty("rc").GetInt32() != 0 || !dump.TryGetProperty("elements", out var elements) || elements.ValueKind != JsonValueKind.Array) return null;
        var list = new List<Listed>();
        foreach (var e in elements.EnumerateArray())
        {
            var tag = e[1].GetString()!.ToUpperInvariant();
            if (tag.StartsWith("0002", StringComparison.Ordinal)) continue;
            var vr = e[2].GetString();
            list.Add(new Listed(e[0].GetInt32(), tag, vr is { Length: 2 } && vr.All(char.IsAsciiLetterUpper) ? vr : null, e[3].GetInt64()));
        }
        return list.Count == 0 ? null : list;
    }

    private static List<Listed>? Pydicom(JsonElement truth)
    {
        var pydicom = truth.GetProperty("pydicom");
        if (!pydicom.TryGetProperty("elements", out var elements) || elements.ValueKind != JsonValueKind.Array) return null;
        if (elements.EnumerateArray().Any(e => e[2].ValueKind != JsonValueKind.Number)) return null; // it could not read one of them
        var list = elements.EnumerateArray().Select(e => new Listed(0, e[0].GetString()!.ToUpperInvariant(), e[1].GetString(), e[2].GetInt64())).ToList();
        return list.Count == 0 ? null : list;
    }
}
