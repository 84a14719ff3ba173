namespace Dicom.Migration.DataSets.Tests;

/// <summary>D2 sees every value of real files: one byte changed, or one element missing, and it is another; but for what it leaves out by design.</summary>
public sealed class ChangedValueTests
{
    private const int Longest = 60_000;

    /// <summary>Elements that D2 leaves out: they tell of the encoding, not of the content (docs/digests.md).</summary>
    private static bool IsLeftOut(DicomTag tag) => tag.IsGroupLength || tag == new DicomTag(0x0008, 0x0001) || tag == new DicomTag(0xFFFC, 0xFFFC);

    /// <summary>A value, and its whole element where it is one of the top level.</summary>
    private readonly record struct Place(DicomTag Tag, Range Value, Range? Element);

    private static List<Place> Places(byte[] dataSet, TransferSyntax syntax)
    {
        var reader = new DataSetReader(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf });
        reader.Reset(syntax, 0, dataSet.Length);
        var places = new List<Place>();
        for (var at = 0; reader.Read(dataSet.AsSpan(at), true, out var consumed);)
        {
            at += consumed;
            if (reader.Token is not (DataSetToken.ElementStart or DataSetToken.Fragment)) continue;
            var (header, start) = ((int)reader.HeaderOffset, at);
            var isElement = reader is { Token: DataSetToken.ElementStart, Depth: 0 };
            at += (int)reader.SkipValue();
            places.Add(new Place(reader.Tag, start..at, isElement ? header..at : null));
        }
        return places;
    }

    private static List<(string Name, byte[] DataSet, TransferSyntax Syntax)> Files()
    {
        var files = new List<(string, byte[], TransferSyntax)>();
        foreach (var path in Corpus.InRepository().Where(path => new FileInfo(path).Length < Longest))
        {
            try
            {
                var (dataSet, syntax) = FileDigests.DataSetOf(path);
                Places(dataSet, syntax);
                if (dataSet.Length < Longest) files.Add((Path.GetFileName(path), dataSet, syntax));
            }
            catch (DicomFormatException) { } // the damaged ones have no D2
        }
        // Of each encoding the three with the most bytes.
        return [.. files.GroupBy(f => (f.Item3.IsExplicitVr, f.Item3.IsBigEndian, f.Item3.IsDeflated, f.Item3.IsEncapsulated))
            .SelectMany(group => group.OrderByDescending(f => f.Item2.Length).Take(3))];
    }

    // Never into a space or NUL: at the end of text these are padding.
    private static byte Another(byte value) => value is (byte)'!' or 1 ? (byte)'#' : (byte)(value ^ 1);

    [Fact]
    public void Differs_for_every_value_of_real_files_that_changes_and_for_no_element_that_is_left_out()
    {
        using var digest = new CanonicalDigest(DataElementDictionary.VrOf);
        var (files, changed, leftOut) = (Files(), 0, 0);
        foreach (var (name, dataSet, syntax) in files)
        {
            var expected = digest.Of(dataSet, syntax);
            foreach (var (tag, value, _) in Places(dataSet, syntax))
            {
                var (start, length) = value.GetOffsetAndLength(dataSet.Length);
                var content = dataSet.AsSpan(value).TrimEnd(" \0"u8).Length;
                foreach (var at in (int[])[0, content / 2, Math.Max(content - 1, 0)])
                {
                    if (at >= length) continue;
                    var was = dataSet[start + at];
                    dataSet[start + at] = Another(was);
                    var isSame = digest.Of(dataSet, syntax).AsSpan().SequenceEqual(expected);
                    dataSet[start + at] = was;
                    Assert.True(isSame == IsLeftOut(tag), $"{name} {tag}: byte {at} of {length} changed, and D2 is {(isSame ? "the same" : "another")}");
                    if (isSame) leftOut++;
                    else changed++;
                }
            }
        }
        Assert.True(files.Count >= 8 && changed > 2_000 && leftOut > 5, $"{files.Count} files, {changed} changes seen, {leftOut} left out");
    }

    [Fact]
    public void Differs_for_every_element_of_real_files_that_is_missing_but_for_those_left_out()
    {
        using var digest = new CanonicalDigest(DataElementDictionary.VrOf);
        var missing = 0;
        foreach (var (name, dataSet, syntax) in Files())
        {
            var expected = digest.Of(dataSet, syntax);
            foreach (var (tag, _, element) in Places(dataSet, syntax).Where(place => place.Element is not null))
            {
                byte[] without = [.. dataSet[..element!.Value.Start.Value], .. dataSet[element.Value.End.Value..]];
                Assert.True(digest.Of(without, syntax).AsSpan().SequenceEqual(expected) == IsLeftOut(tag), $"{name} {tag}");
                missing++;
            }
        }
        Assert.True(missing > 500, $"{missing} elements");
    }
}
