using System.Globalization;
using Dicom.Migration.Testing;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>DICOMDIR files that were written here, with dcmdump, pydicom and dcmmkdir as their judges.</summary>
public sealed class JudgedMediaDirectoryTests : IDisposable
{
    // Follows the links from the root: one line for each record reached, with its level, its file, and whether the file agrees with what is said of it.
    private const string Script = """
        import os, sys, pydicom
        root = sys.argv[1]
        ds = pydicom.dcmread(os.path.join(root, 'DICOMDIR'))
        records = {r.seq_item_tell: r for r in ds.DirectoryRecordSequence}
        first, last = ds[0x00041200].value, ds[0x00041202].value
        assert ds.file_meta.MediaStorageSOPClassUID == '1.2.840.10008.1.3.10' and ds.FileSetConsistencyFlag == 0 and 'FileSetID' in ds
        seen, pending = set(), [(first, 0)] if first else []
        while pending:
            at, level = pending.pop()
            assert at not in seen
            seen.add(at)
            r = records[at]
            if level == 0 and r.OffsetOfTheNextDirectoryRecord == 0: assert at == last
            if r.OffsetOfTheNextDirectoryRecord: pending.append((r.OffsetOfTheNextDirectoryRecord, level))
            if r.OffsetOfReferencedLowerLevelDirectoryEntity: pending.append((r.OffsetOfReferencedLowerLevelDirectoryEntity, level + 1))
            file, verdict = '', ''
            if 'ReferencedFileID' in r:
                file = r.ReferencedFileID if isinstance(r.ReferencedFileID, str) else '/'.join(r.ReferencedFileID)
                try:
                    i = pydicom.dcmread(os.path.join(root, file), stop_before_pixels=True)
                    i.SOPInstanceUID, i.SOPClassUID
                except (OSError, AttributeError, ValueError):
                    print('|'.join([r.DirectoryRecordType, str(level), file, 'unread']))
                    continue
                verdict = 'agrees'
                if i.SOPInstanceUID != r.ReferencedSOPInstanceUIDInFile or i.SOPClassUID != r.ReferencedSOPClassUIDInFile: verdict = 'another instance'
                for e in r:
                    if e.tag.group == 4 or e.tag == 0x0040A730: continue
                    own = i.get(e.tag)
                    if own is not None and own.VR != 'SQ' and str(own.value) not in ('', 'None') and str(own.value) != str(e.value): verdict = 'differs in ' + str(e.tag)
            print('|'.join([r.DirectoryRecordType, str(level), file, verdict]))
        assert len(seen) == len(records)
        """;

    private const string FileSetScript = """
        import os, sys, pydicom
        from pydicom.fileset import FileSet
        fs = FileSet(os.path.join(sys.argv[1], 'DICOMDIR'))
        files = [(i, pydicom.dcmread(i.path, stop_before_pixels=True)) for i in fs]
        # One record speaks for all instances of a patient, a study, a series: it says what one of them says.
        shared = {'PatientName': 'PatientID', 'StudyDate': 'StudyInstanceUID', 'Modality': 'SeriesInstanceUID'}
        said = {}
        for _, ds in files:
            for k, of in shared.items(): said.setdefault((k, ds.get(of)), set()).add(str(ds.get(k)))
        for i, ds in files:
            keys = ('PatientID', 'StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID', 'InstanceNumber')
            differ = [k for k in keys if ds.get(k) and str(getattr(i, k, '')) != str(ds.get(k))]
            differ += [k for k, of in shared.items() if ds.get(k) and str(getattr(i, k, '')) not in said[k, ds.get(of)]]
            print(os.path.relpath(i.path, sys.argv[1]) + '|' + ' '.join(differ))
        """;

    private readonly FileSetFixture _set = new();

    public void Dispose() => _set.Dispose();

    private string[] Files => [.. _set.Folder.Files.Where(static f => f != "DICOMDIR")];

    private async Task<string[][]> RecordsAsync() => [.. (await Judge.RunAsync(Judge.Python, "-W", "ignore", "-c", Script, _set.Folder.Path)).Select(static l => l.Split('|'))];

    private static void AssertLevels(string[][] records) =>
        Assert.All(records, static r => Assert.Equal(r[0] switch { "PATIENT" => "0", "STUDY" => "1", "SERIES" => "2", _ => "3" }, r[1]));

    private async Task<string[]> DumpedAsync() => [.. (await Judge.RunAsync(Judge.DcmDump, "-q", "+L", _set.DicomDir)).Where(static l => l.Contains("(0004,1500)", StringComparison.Ordinal))
        .Select(static l => l[(l.IndexOf('[', StringComparison.Ordinal) + 1)..l.LastIndexOf(']')].TrimEnd().Replace('\\', '/')).Order(StringComparer.Ordinal)];

    /// <summary>Record types by file that dcmmkdir gives them, and how many records of each type it makes.</summary>
    private async Task<(Dictionary<string, string> Types, Dictionary<string, int> Counts)> DcmMkDirAsync()
    {
        var made = _set.Folder[".dcmmkdir"];
        await Judge.RunAsync(Judge.DcmMkDir, "-q", "+I", "+r", "-W", "-Nxc", "-Nec", "-Nrc", "+Nrs", "+id", _set.Folder.Path, "+D", made, "DICOM");
        var (types, counts, type) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, int>(StringComparer.Ordinal), "");
        foreach (var line in await Judge.RunAsync(Judge.DcmDump, "-q", "+L", made))
        {
            if (line.IndexOf('[', StringComparison.Ordinal) is not (>= 0 and var start)) continue;
            var value = line[(start + 1)..line.LastIndexOf(']')].TrimEnd();
            if (line.Contains("(0004,1430)", StringComparison.Ordinal)) counts[type = value] = counts.GetValueOrDefault(value) + 1;
            if (line.Contains("(0004,1500)", StringComparison.Ordinal)) types[value.Replace('\\', '/')] = type;
        }
        File.Delete(made);
        return (types, counts);
    }

    [Fact]
    public async Task Pydicom_lists_exactly_the_instances_of_the_made_up_archive_and_their_values()
    {
        var summary = await _set.StoreAsync(MadeUpInstances.CreateAll(5).Where(static m => m.ExpectedFault is null).Select(FileSetFixture.Outgoing));
        var records = await RecordsAsync();
        AssertLevels(records);
        Assert.Equal(Files.Length - summary!.LeftOut.Values.Sum(), summary.Instances);
        Assert.Equal(summary.Instances, records.Count(static r => r[2].Length > 0));
        // pydicom 2.3 cannot read some made-up oddities (empty items, encodings); what it reads agrees.
        Assert.All(records, static r => Assert.True(r[2].Length == 0 || r[3] is "agrees" or "unread", string.Join('|', r)));
        Assert.True(records.Count(static r => r[3] == "agrees") > summary.Instances * 9 / 10);
        Assert.Equal((summary.Patients, summary.Studies, summary.Series), (records.Count(static r => r[0] == "PATIENT"), records.Count(static r => r[0] == "STUDY"), records.Count(static r => r[0] == "SERIES")));
    }

    [Fact]
    public async Task Pydicoms_file_set_and_dcmdump_list_exactly_the_instances_and_their_paths()
    {
        var summary = await _set.StoreAsync(MadeUpInstances.Create(47, 60).Select(FileSetFixture.Outgoing));
        Assert.Equal(Files, await DumpedAsync());
        var listed = await Judge.RunAsync(Judge.Python, "-W", "ignore", "-c", FileSetScript, _set.Folder.Path);
        Assert.Equal(Files.Select(static f => f + "|"), listed.Order(StringComparer.Ordinal));
        Assert.Equal(60, summary!.Instances);
    }

    [Fact]
    public async Task Dcmmkdir_makes_as_many_records_of_the_same_types()
    {
        await _set.StoreAsync(MadeUpInstances.Create(47, 60).Select(FileSetFixture.Outgoing));
        var ours = await RecordsAsync();
        var (types, counts) = await DcmMkDirAsync();
        Assert.Equal(ours.CountBy(static r => r[0]).OrderBy(static c => c.Key, StringComparer.Ordinal), counts.OrderBy(static c => c.Key, StringComparer.Ordinal));
        Assert.Equal(ours.Where(static r => r[2].Length > 0).Select(static r => r[2] + " " + r[0]).Order(StringComparer.Ordinal), types.Select(static t => t.Key + " " + t.Value).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_the_corpus_every_file_is_named_or_counted_and_no_judge_disagrees(bool isLarger)
    {
        var corpus = isLarger ? Judge.LargerCorpus : Path.Join(Judge.Root, "tests", "Corpus");
        Assert.SkipUnless(Directory.Exists(corpus), "There is no larger corpus beside the repository.");
        var instances = new List<OutgoingInstance>();
        await foreach (var instance in FileSetFixture.CorpusAsync(corpus)) instances.Add(instance);
        var summary = await _set.StoreAsync(instances);
        TestContext.Current.TestOutputHelper?.WriteLine(summary!.ToString());
        Assert.Equal(Files.Length, summary!.Instances + summary.LeftOut.Values.Sum());
        var ours = await RecordsAsync();
        Assert.Equal(summary.Instances, ours.Count(static r => r[2].Length > 0));
        Assert.DoesNotContain(ours, static r => r[3] == "another instance");
        Assert.True(ours.Count(static r => r[3] == "agrees") > summary.Instances * 9 / 10, string.Join(", ", ours.CountBy(static r => r[3])));
        var named = ours.Where(static r => r[2].Length > 0).ToDictionary(static r => r[2], static r => r[0], StringComparer.Ordinal);
        Assert.Equal(named.Keys.Order(StringComparer.Ordinal), await DumpedAsync());
        // Our source: what is named, and what is not, and nothing is missing.
        var items = await _set.ReadAllAsync();
        Assert.Equal(summary.Instances, items.Count(static i => i is "named"));
        Assert.DoesNotContain(items, static i => i is FaultCode.DicomDirFileMissing or FaultCode.MalformedDicomDir);
        // dcmmkdir 3.6.7 refuses files without Modality, damaged ones, second files of one UID, and SOP classes that it does not know; what it takes it calls the same.
        var (types, counts) = await DcmMkDirAsync();
        var agreed = 0;
        foreach (var (file, type) in types)
        {
            if (!named.TryGetValue(file, out var own)) continue;
            Assert.Equal((file, type), (file, own));
            agreed++;
        }
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{named.Count} named, {types.Count} by dcmmkdir, {agreed} by both; {string.Join(", ", named.Where(n => !types.ContainsKey(n.Key)).CountBy(static n => n.Value))}; records of dcmmkdir: {string.Join(", ", counts)}"));
        Assert.True(agreed > types.Count * 9 / 10 && agreed > 0, $"{agreed} of {types.Count}");
    }
}
