using System.Globalization;
using Comparisons.Dimse;
using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem;
using Dicom.Migration.Testing;

namespace Comparisons;

/// <summary>Reads every element up to the pixel data of many files: how many files for one second of CPU?</summary>
internal static class HeaderScan
{
    private static readonly DicomTag PixelData = new(0x7FE0, 0x0010);

    public static async Task<int> CompareAsync(int files, int rounds, string[] sets, CancellationToken cancellationToken)
    {
        Console.WriteLine("| header scan | CPU s | wall s | files per CPU-second | ratio |\n| --- | --- | --- | --- | --- |");
        var notes = new List<string>();
        foreach (var set in sets)
        {
            var folder = Directory.CreateTempSubdirectory("comparisons-").FullName;
            var python = folder + ".py"; // beside the files, not among them
            try
            {
                await WriteAsync(folder, set, files, cancellationToken);
                var self = $"dotnet {Path.Join(AppContext.BaseDirectory, "Comparisons.dll")}";
                var jobs = new List<Job> { new("Dicom.Migration", $"{self} scan {folder}") };
                if (Job.IsThere("dcmdump")) jobs.Add(new("dcmdump, prints all", $"find {folder} -name '*.dcm' -print0 | xargs -0 -n 1000 dcmdump -q -M +sb 7fe0,0010 > /dev/null"));
                if (Job.IsThere("dcmdump")) jobs.Add(new("dcmdump, prints the SOP Instance UID", $"find {folder} -name '*.dcm' -print0 | xargs -0 -n 1000 dcmdump -q -M +sb 7fe0,0010 +P 0008,0018 > /dev/null"));
                if (Job.IsThere("gdcmscanner")) jobs.Add(new("gdcmscanner, reads up to the SOP Instance UID", $"gdcmscanner -d {folder} -t 8,18 > /dev/null"));
                await File.WriteAllTextAsync(python, """
                    import os, sys, warnings, pydicom
                    warnings.simplefilter('ignore')
                    for name in os.listdir(sys.argv[1]):
                        try: pydicom.dcmread(os.path.join(sys.argv[1], name), force=True, stop_before_pixels=True).get('SOPInstanceUID')
                        except Exception: pass
                    """, cancellationToken);
                if (File.Exists("/usr/bin/python3")) jobs.Add(new("pydicom, stop_before_pixels", $"/usr/bin/python3 {python} {folder}"));
                var costs = await Job.MediansAsync(jobs, rounds, static c => c.Cpu, static () => { }, cancellationToken);
                for (var i = 0; i < jobs.Count; i++)
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {set}: {jobs[i].Name} | {costs[i].Cpu:F2} | {costs[i].Wall:F2} | {files / costs[i].Cpu:N0} | {costs[i].Cpu / costs[0].Cpu:F1} |"));
                var warm = await new Job("warm", $"{self} scan {folder} --passes 9").RunAsync(cancellationToken);
                notes.Add($"{set}: {costs[0].Output.Trim()}\n{set}: {warm.Output.Trim().Split('\n')[^1]}");
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
                File.Delete(python);
            }
        }
        Console.WriteLine("\n" + string.Join('\n', notes));
        return Memory(20_000);
    }

    // Nobody reads the pixel data, so it is a hole in the file: 20,000 files would take 10 GB.
    private static async Task WriteAsync(string folder, string set, int files, CancellationToken cancellationToken)
    {
        var mixed = set == "mixed" ? MadeUpInstances.Create(1, Math.Min(files, 1_000)) : [];
        var objects = mixed.Count > 0 ? [] : StoreObject.Make(set, Math.Min(files, 100));
        for (var i = 0; i < files; i++)
        {
            var bytes = mixed.Count > 0 ? mixed[i % mixed.Count].Bytes : objects[i % objects.Length].File;
            await using var file = File.Create(Path.Join(folder, $"{i:D6}.dcm"));
            await file.WriteAsync(set == "ct" ? bytes[..^524_288] : bytes, cancellationToken);
            file.SetLength(bytes.Length);
        }
    }

    /// <summary>The measured part: every element of every file, one reader, nothing kept but a count and the SOP Instance UID's length.</summary>
    public static int Scan(string folder, int passes)
    {
        var (files, best, floor) = (0, TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var pass = 0; pass < passes; pass++)
        {
            var cpu = Environment.CpuUsage.TotalTime;
            files = Pass(folder, pass == 0);
            best = Min(best, Environment.CpuUsage.TotalTime - cpu);
        }
        if (passes == 1) return 0;
        var names = HeaderFloor.Names(folder);
        for (var pass = 0; pass < passes; pass++)
        {
            var cpu = Environment.CpuUsage.TotalTime;
            HeaderFloor.Pass(names);
            floor = Min(floor, Environment.CpuUsage.TotalTime - cpu);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the best of {passes} passes: {files / best.TotalSeconds:N0} files per CPU-second; open, statx, pread of 4 KiB and close alone: {files / floor.TotalSeconds:N0}"));
        return 0;

        static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
    }

    private static int Pass(string folder, bool tell)
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
        if (tell) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{files} files, {elements} elements, {uids} SOP Instance UIDs, {allocated / files} bytes allocated for a file"));
        return files;
    }

    /// <summary>The same without files: what reading itself costs, once its code is compiled.</summary>
    public static int Memory(int objects)
    {
        Console.WriteLine("\n| from memory | objects per CPU-second | bytes allocated for an object |\n| --- | --- | --- |");
        foreach (var set in new[] { "ct", "report" })
        {
            ReadOnlyMemory<byte>[] files = [.. StoreObject.Make(set, 100).Select(static o => o.File)];
            using var reader = new Part10FileReader();
            ReadOnlyMemory<byte> file = default;
            Measure($"{set}: Part10FileReader, every element up to the pixel data", () =>
            {
                reader.Open(Read, file.Length);
                while (reader.Read() && reader.Element.Tag != PixelData)
                    if (reader.Element.Token == DataSetToken.ElementStart) reader.SkipValue();
            });
            Measure($"{set}: DataSet.ReadFile, every element kept", () => DataSet.ReadFile(file));

            int Read(Span<byte> into, long offset)
            {
                var rest = file.Span[(int)offset..];
                rest = rest[..Math.Min(rest.Length, into.Length)];
                rest.CopyTo(into);
                return rest.Length;
            }

            void Measure(string name, Action once)
            {
                var best = (Cpu: double.MaxValue, Bytes: 0L);
                for (var round = 0; round < 9; round++)
                {
                    var (before, cpu) = (GC.GetAllocatedBytesForCurrentThread(), Environment.CpuUsage.TotalTime);
                    for (var i = 0; i < objects; i++)
                    {
                        file = files[i % files.Length];
                        once();
                    }
                    var took = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
                    if (took < best.Cpu) best = (took, (GC.GetAllocatedBytesForCurrentThread() - before) / objects);
                }
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {objects / best.Cpu:N0} | {best.Bytes:N0} |"));
            }
        }
        return 0;
    }
}
