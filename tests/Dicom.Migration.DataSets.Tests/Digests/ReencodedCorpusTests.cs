using System.Collections.Concurrent;
using System.Globalization;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>D2 is the same for a file and for what DCMTK and GDCM make of it in another encoding.</summary>
/// <remarks>Each file is written in one encoding by each program, the encodings in turn: about a thousand processes.
/// DICOM_MIGRATION_REENCODINGS=all in the environment asks for every encoding of every file.</remarks>
public sealed class ReencodedCorpusTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly bool IsAll = Environment.GetEnvironmentVariable("DICOM_MIGRATION_REENCODINGS") == "all";

    // Other lengths of sequences, group lengths and padding (PS3.5 §7.2, PS3.10 §7.2) all at once.
    private static readonly string[][] Native = [["+ti", "-e", "-g"], ["+tb", "-e", "+g"], ["+te", "+e", "+g", "+p", "512", "64"], ["+td", "-e"], ["+ti", "+e", "+g"], ["+tb", "+e", "-g", "+p", "1024", "16"]];
    private static readonly string[][] Encapsulated = [["-e", "+g"], ["+e", "-g", "+p", "512", "64"]];
    private static readonly string[][] Gdcm = [["--explicit"], ["--implicit"]];

    /// <summary>Files that a program does not end on.</summary>
    private static readonly string[] LeftOut = ["own__nested_64"]; // dcmconv takes twice as long for every level of nesting

    /// <summary>Where the program itself changes the content: how the line starts, and what it does.</summary>
    private static readonly (string Start, string Reason)[] Explained =
    [
        ("damaged/ct_small_bitflips_1.dcm", "(0020,0013) stands twice; one is left out"),
        ("damaged/ct_small_bitflips_3.dcm", "(0008,0022) stands twice; one is left out, and the elements are sorted"),
        ("damaged/ct_small_duplicate_tag.dcm", "(0008,0014) stands twice; one is left out"),
        ("damaged/ct_small_tags_out_of_order.dcm", "the elements are sorted"),
        ("damaged/dwv__dwv-test_no-number-rows.dcm dcmconv", "the elements are sorted"),
        ("damaged/ct_small_meta_group_length_too_long.dcm dcmconv", "the first two elements are taken for file meta information, and lost"),
        ("damaged/ct_small_meta_group_length_too_short.dcm dcmconv", "the last element of the file meta information is put into the data set"),
        ("part10-odd/fo-dicom__GH184.dcm dcmconv", "216 bytes of padding of a private ST are cut off"),
        ("private/orthanc-tests__PrivateTags.dcm dcmconv", "two spaces at the end of a private LT are cut off"),
        ("plain/fo-dicom-samples__test1.dcm dcmconv", "spaces within UIDs are removed"),
    ];

    private static string? D2(string path)
    {
        using var digest = new CanonicalDigest(DataElementDictionary.VrOf);
        try
        {
            return Convert.ToHexString(digest.OfFile(path, int.MaxValue));
        }
        catch (DicomFormatException e)
        {
            return e.Message;
        }
    }

    private static void AssertSame(string program, int least, Func<TransferSyntax, string[][]> encodings)
    {
        Assert.SkipUnless(FieldTools.Has(program), $"{program} is not installed.");
        var folder = Directory.CreateTempSubdirectory("reencoded-");
        var (same, refused, different) = (0, 0, new ConcurrentBag<string>());
        try
        {
            var files = Corpus.Readable().Where(path => !LeftOut.Any(Path.GetFileName(path).StartsWith)).ToList();
            Parallel.ForEach(files.Index(), new ParallelOptions { MaxDegreeOfParallelism = 2 }, file =>
            {
                var (index, path) = file;
                var all = encodings(FileDigests.DataSetOf(path).Syntax);
                var name = $"{Path.GetFileName(Path.GetDirectoryName(path))}/{Path.GetFileName(path)}";
                foreach (var options in IsAll || all.Length == 0 ? all : [all[index % all.Length]])
                {
                    var to = Path.Join(folder.FullName, index.ToString(CultureInfo.InvariantCulture));
                    var (exit, _, _) = FieldTools.Run(Limit, program, [.. options, path, to]);
                    if (exit != 0 || !File.Exists(to)) Interlocked.Increment(ref refused);
                    else if (D2(to) == D2(path)) Interlocked.Increment(ref same);
                    else different.Add($"{name} {program} {string.Join(' ', options)}");
                    File.Delete(to);
                }
            });
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        var unexplained = different.Where(line => !Explained.Any(e => line.StartsWith(e.Start, StringComparison.Ordinal))).Order(StringComparer.Ordinal).ToList();
        var counts = string.Create(CultureInfo.InvariantCulture, $"{same} the same, {different.Count} different, {refused} refused by {program}");
        TestContext.Current.TestOutputHelper?.WriteLine(counts);
        Assert.True(unexplained.Count == 0, $"{counts}\n{string.Join('\n', unexplained)}");
        Assert.True(same >= least, counts);
    }

    [Fact]
    public void Dcmconv_changes_no_d2_by_another_encoding() => AssertSame("dcmconv", 150, static syntax => syntax.IsEncapsulated ? Encapsulated : Native);

    [Fact]
    public void Gdcmconv_changes_no_d2_by_another_encoding() => AssertSame("gdcmconv", 80, static syntax => syntax.IsEncapsulated ? [] : Gdcm);
}
