using System.Diagnostics;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>DICOMDIR files that other software wrote, with pydicom as the judge of what they name.</summary>
public class MediaDirectoryCorpusTests
{
    private const string Python = "/usr/bin/python3";

    // One line for each DICOMDIR: its path, then every file that it names and that is not there, separated by bars.
    private const string Script = """
        import os, sys, pydicom
        root = sys.argv[1]
        for folder, _, names in sorted(os.walk(root)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                try: meta = pydicom.filereader.read_file_meta_info(path)
                except Exception: continue
                if str(meta.get('MediaStorageSOPClassUID', '')) != '1.2.840.10008.1.3.10': continue
                missing = []
                for record in pydicom.dcmread(path).get('DirectoryRecordSequence', []):
                    parts = record.get('ReferencedFileID')
                    if not parts: continue
                    file = parts if isinstance(parts, str) else '/'.join(parts)
                    if not os.path.exists(os.path.join(folder, file)) and file not in missing: missing.append(file)
                print('|'.join([os.path.relpath(path, root)] + missing))
        """;

    [Fact]
    public Task Files_missed_in_the_corpus_are_those_that_pydicom_misses() => CompareAsync(Path.Join(Root, "tests", "Corpus"));

    [Fact]
    public Task Files_missed_in_the_larger_corpus_are_those_that_pydicom_misses() => CompareAsync(Path.GetFullPath(Path.Join(Root, "..", "shared", "corpus")));

    private static async Task CompareAsync(string corpus)
    {
        Assert.SkipUnless(Directory.Exists(corpus), "There is no larger corpus beside the repository.");
        var source = new FolderSource("s", new FolderSourceOptions { Path = corpus });
        var lines = await JudgeAsync(corpus);
        Assert.NotEmpty(lines);
        foreach (var line in lines)
        {
            var fields = line.Split('|');
            var (missed, isMalformed) = (new List<string>(), false);
            await foreach (var item in source.ReadAsync(new SourceUnit(fields[0], SourceUnitKind.File), TestContext.Current.CancellationToken))
            {
                var finding = Assert.IsType<SourceFinding>(item);
                isMalformed |= finding.Fault?.Code is FaultCode.MalformedDicomDir;
                if (finding.Fault?.Code is FaultCode.DicomDirFileMissing) missed.Add(finding.Place);
            }
            // pydicom reads on behind an item that reaches out of its sequence; here the records before it count.
            Assert.Equal(isMalformed ? fields[1..(missed.Count + 1)] : fields[1..], missed);
            Assert.Equal(fields[0].EndsWith("-nooffset", StringComparison.Ordinal), isMalformed);
        }
    }

    private static async Task<string[]> JudgeAsync(string corpus)
    {
        Assert.SkipUnless(File.Exists(Python), $"{Python} is missing.");
        var start = new ProcessStartInfo(Python) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "-W", "ignore", "-c", Script, corpus }) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen((await error).Contains("No module named 'pydicom'", StringComparison.Ordinal), "pydicom is missing.");
        Assert.True(process.ExitCode == 0, await error);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Join(folder.FullName, "Dicom.Migration.sln"))) return folder.FullName;
        throw new InvalidOperationException("Run the tests from the repository.");
    }
}
