using System.Globalization;
using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem;
using Dicom.Migration.Testing;

namespace Comparisons;

/// <summary>Reads every element up to the pixel data of many files: how many files for one second of CPU?</summary>
internal static class HeaderScan
{
    public static async Task<int> CompareAsync(int files, int rounds, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("comparisons-").FullName;
        try
        {
            var made = MadeUpInstances.Create(1, Math.Min(files, 1_000));
            for (var i = 0; i < files; i++) await File.WriteAllBytesAsync(Path.Join(folder, $"{i:D6}.dcm"), made[i % made.Count].Bytes.ToArray(), cancellationToken);
            var self = $"dotnet {Path.Join(AppContext.BaseDirectory, "Comparisons.dll")}";
            var jobs = new List<Job> { new("Dicom.Migration", $"{self} scan {folder}") };
            if (Job.IsThere("dcmdump")) jobs.Add(new("dcmdump (DCMTK)", $"find {folder} -name '*.dcm' -print0 | xargs -0 -n 1000 dcmdump -q -M +sb 7fe0,0010 > /dev/null"));
            if (Job.IsThere("dcmdump")) jobs.Add(new("dcmdump +P 0008,0018", $"find {folder} -name '*.dcm' -print0 | xargs -0 -n 1000 dcmdump -q -M +sb 7fe0,0010 +P 0008,0018 > /dev/null"));
            if (Job.IsThere("gdcmscanner")) jobs.Add(new("gdcmscanner", $"gdcmscanner -d {folder} -t 8,18 > /dev/null"));
            var python = folder + ".py"; // beside the files, not among them
            await File.WriteAllTextAsync(python, """
                import os, sys, warnings, pydicom
                warnings.simplefilter('ignore')
                for name in os.listdir(sys.argv[1]):
                    try: pydicom.dcmread(os.path.join(sys.argv[1], name), force=True, stop_before_pixels=True).get('SOPInstanceUID')
                    except Exception: pass
                """, cancellationToken);
            if (File.Exists("/usr/bin/python3")) jobs.Add(new("pydicom", $"/usr/bin/python3 {python} {folder}"));
            var costs = await Job.MediansAsync(jobs, rounds, static c => c.Cpu, static () => { }, cancellationToken);
            Console.WriteLine(costs[0].Output.Trim());
            Console.WriteLine("| header scan | CPU s | wall s | files per CPU-second | ratio |\n| --- | --- | --- | --- | --- |");
            for (var i = 0; i < jobs.Count; i++)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {jobs[i].Name} | {costs[i].Cpu:F2} | {costs[i].Wall:F2} | {files / costs[i].Cpu:F0} | {costs[i].Cpu / costs[0].Cpu:F1} |"));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            File.Delete(folder + ".py");
        }
    }

    /// <summary>The measured part: every element of every file, one reader, nothing kept but a count and the SOP Instance UID's length.</summary>
    public static int Scan(string folder)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var (files, elements, uids) = (0, 0L, 0L);
        using var headers = new FolderHeaders(folder);
        var reader = headers.Reader;
        var element = reader.Element;
        while (headers.MoveNext())
        {
            if (headers.Fault is { } fault) throw new InvalidDataException($"{fault}");
            files++;
            while (reader.Read())
            {
                if (element.Token is not (DataSetToken.ElementStart or DataSetToken.SequenceStart or DataSetToken.FragmentsStart)) continue;
                if (element is { Depth: 0, Tag.Group: >= 0x7FE0 }) break;
                elements++;
                if (element.Token != DataSetToken.ElementStart) continue;
                if (element is { Depth: 0, Tag.Value: 0x00080018 }) uids++;
                else reader.SkipValue();
            }
        }
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{files} files, {elements} elements, {uids} SOP Instance UIDs, {allocated / files} bytes allocated for a file"));
        return 0;
    }
}
