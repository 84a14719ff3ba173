using System.Buffers;
using System.Security.Cryptography;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Patches of every readable file there is, judged by another walk of the bytes, by dcmdump and by pydicom.</summary>
public sealed class PatchCorpusTests
{
    private readonly record struct Entry(DataSetToken Token, DicomTag Tag, DicomVr Vr, long Length, int Depth, string Value);

    private static List<Entry> Walk(byte[] dataSet, TransferSyntax syntax)
    {
        var reader = new DataSetReader(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf });
        reader.Reset(syntax);
        var list = new List<Entry>();
        for (var at = 0; reader.Read(dataSet.AsSpan(at), true, out var consumed);)
        {
            at += consumed;
            var length = (int)reader.SkipValue();
            var isValue = reader.Token is DataSetToken.ElementStart or DataSetToken.Fragment;
            list.Add(new Entry(reader.Token, reader.Tag, reader.Vr, reader.Length, reader.Depth, isValue ? Convert.ToHexString(SHA256.HashData(dataSet.AsSpan(at, length))) : ""));
            at += length;
        }
        return list;
    }

    private static readonly DicomTag Creator = new(0x0009, 0x0010);

    private static bool IsText(Entry e) => e.Token == DataSetToken.ElementStart && e.Vr == DataElementDictionary.VrOf(e.Tag) && !e.Tag.IsPrivate
        && (e.Vr == DicomVr.LO || e.Vr == DicomVr.SH || e.Vr == DicomVr.PN || e.Vr == DicomVr.CS || e.Vr == DicomVr.ST || e.Vr == DicomVr.LT) && e.Tag.Element != 0x0005;

    /// <summary>One patch each: what is replaced, added and removed on the top level, and in the first item of the first sequence that has one.</summary>
    private static IEnumerable<ElementPatch> Patches(List<Entry> entries)
    {
        var value = "PATCHED"u8.ToArray(); // valid in every VR above
        bool IsAlone(Entry e, int from, int to) => entries.Skip(from).Take(to - from).Count(o => o.Tag == e.Tag && o.Depth == e.Depth) == 1;
        var top = entries.Where(e => e.Depth == 0 && IsText(e) && IsAlone(e, 0, entries.Count)).ToList();
        if (top.Count > 0) yield return ElementPatch.Replace(top[0].Tag, top[0].Vr, value);
        if (top.Count > 1) yield return ElementPatch.Remove(top[1].Tag);
        if (entries.All(e => e.Depth != 0 || e.Tag != Creator)) yield return ElementPatch.Add(Creator, DicomVr.LO, value);

        var item = entries.FindIndex(e => e.Token == DataSetToken.ItemStart);
        if (item < 1 || entries[item].Depth != 1 || entries.Count(e => e.Depth == 0 && e.Tag == entries[item - 1].Tag && e.Token == DataSetToken.SequenceStart) != 1) yield break;
        ItemStep[] path = [new ItemStep(entries[item - 1].Tag, 0)];
        var end = entries.FindIndex(item, e => e.Token == DataSetToken.ItemEnd && e.Depth == 1);
        var inside = entries.Take(end).Skip(item).Where(e => e.Depth == 2).ToList();
        if (inside.All(e => e.Tag != Creator)) yield return ElementPatch.Add(Creator, DicomVr.LO, value, path);
        var texts = inside.Where(e => IsText(e) && IsAlone(e, item, end)).ToList();
        if (texts.Count > 0) yield return ElementPatch.Replace(texts[0].Tag, texts[0].Vr, value, path);
        if (texts.Count > 1) yield return ElementPatch.Remove(texts[1].Tag, path);
    }

    private static byte[] Apply(byte[] dataSet, TransferSyntax syntax, params ElementPatch[] patches)
    {
        var output = new ArrayBufferWriter<byte>();
        PatchPlan.Create(dataSet, syntax, patches).Apply(dataSet, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>But for the element and the defined lengths around it, both walks give the same.</summary>
    private static void AssertOnly(string name, ElementPatch patch, List<Entry> before, List<Entry> after, long growth)
    {
        (before, after) = ([.. before], [.. after]);
        var depth = 2 * patch.Path.Count;
        int Place(List<Entry> list)
        {
            var from = depth == 0 ? 0 : list.FindIndex(e => e.Token == DataSetToken.ItemStart && e.Depth == 1);
            return list.FindIndex(from, e => e.Depth == depth && e.Tag == patch.Tag);
        }
        if (patch.Kind != ElementPatchKind.Add) before.RemoveAt(Place(before));
        if (patch.Kind != ElementPatchKind.Remove)
        {
            var written = after[Place(after)];
            Assert.Equal((patch.Value.Length + 1) / 2 * 2, written.Length);
            after.RemoveAt(Place(after));
        }
        Assert.True(before.Count == after.Count, name);
        var lengths = 0;
        foreach (var (old, now) in before.Zip(after))
        {
            if (old == now) continue;
            Assert.True(old.Token is DataSetToken.SequenceStart or DataSetToken.ItemStart && old with { Length = old.Length + growth } == now, $"{name}: {patch.Kind} {patch.Tag}: {old} became {now}");
            lengths++;
        }
        Assert.True(lengths <= depth, $"{name}: {lengths} lengths changed");
    }

    private static bool HasNewComplaints((string Original, string Patched)[] files)
    {
        var (before, after) = (FieldTools.Dcmdump(files.Select(f => f.Original)), FieldTools.Dcmdump(files.Select(f => f.Patched)));
        return after.Complaints > before.Complaints || (before.IsRead && !after.IsRead);
    }

    [Fact]
    public void One_patch_changes_its_element_and_the_lengths_around_it_in_every_readable_file_and_no_program_complains_more()
    {
        Assert.SkipUnless(FieldTools.Has("dcmdump"), "dcmdump (DCMTK) is not installed.");
        Assert.SkipUnless(FieldTools.HasPydicom, "pydicom is not installed.");
        var folder = Directory.CreateTempSubdirectory("patched");
        try
        {
            var patched = new List<(string Original, string Patched)>();
            var count = 0;
            foreach (var path in Corpus.Readable())
            {
                var file = File.ReadAllBytes(path);
                var prefix = Part10Prefix.Read(file, true)!;
                if (prefix.TransferSyntax.IsDeflated) continue; // PatchPlan refuses it, and says so
                var dataSet = file[prefix.Length..];
                var before = Walk(dataSet, prefix.TransferSyntax);
                ElementPatch[] patches = [.. Patches(before)];
                foreach (var patch in patches)
                {
                    var after = Apply(dataSet, prefix.TransferSyntax, patch);
                    AssertOnly(path, patch, before, Walk(after, prefix.TransferSyntax), after.Length - dataSet.Length);
                    count++;
                }
                if ((prefix.Assumptions & (Part10Assumptions.ContradictedTransferSyntax | Part10Assumptions.WrongMetaGroupLength)) != Part10Assumptions.None) continue; // programs that believe the file meta read other elements
                if (before.Any(e => e.Tag == new DicomTag(0x0004, 0x1220))) continue; // a DICOMDIR holds offsets of its own bytes: no patch puts them right
                if (path.EndsWith("dcm4che__no_preamble_dicm_in_data", StringComparison.Ordinal)) continue; // pydicom takes DICM in a value for the magic word
                var to = Path.Join(folder.FullName, $"{patched.Count}.dcm");
                File.WriteAllBytes(to, [.. file.AsSpan(0, prefix.Length), .. Apply(dataSet, prefix.TransferSyntax, patches)]);
                patched.Add((path, to));
            }
            Assert.True(count > 400, $"only {count} patches were tried");

            // Forty files to a process: starting one takes longer than reading a file.
            Assert.Empty(patched.Chunk(40).Where(HasNewComplaints).SelectMany(some => some.Where(one => HasNewComplaints([one]))).Select(one => one.Original));
            var pydicom = FieldTools.PydicomComplaints([.. patched.SelectMany(p => new[] { p.Original, p.Patched })]);
            Assert.Empty(patched.Where(p => pydicom[p.Patched] > pydicom[p.Original]).Select(p => $"{p.Original}: {pydicom[p.Original]}, patched {pydicom[p.Patched]}"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
