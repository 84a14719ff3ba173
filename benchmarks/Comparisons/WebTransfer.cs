using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb;

namespace Comparisons;

/// <summary>The measured parts, each in a process of its own: one client, one request after the other.</summary>
internal static class WebTransfer
{
    private const long LongestHeld = 1 << 30; // beyond, an object is read while it is sent

    /// <summary>Retrieves a study: each part of the answer is found, and its SHA-256 taken.</summary>
    public static async Task<int> GetAsync(string folder, Uri address, int times, CancellationToken cancellationToken)
    {
        var study = await WebStudy.OpenAsync(folder, cancellationToken);
        using var http = new HttpClient(DicomWebHandler.Create()) { Timeout = Timeout.InfiniteTimeSpan };
        var client = new DicomWebClient(http, new DicomWebClientOptions { BaseAddress = address }, TimeProvider.System);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (objects, before, resident) = (0, GC.GetTotalAllocatedBytes(precise: true), Resident("VmRSS:"));
        var all = new byte[SHA256.HashSizeInBytes];
        var one = new byte[SHA256.HashSizeInBytes];
        var warm = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            if (i == times / 2) warm = Stopwatch.GetTimestamp();
            all.AsSpan().Clear();
            await foreach (var instance in client.RetrieveAsync(new DicomWebResource(study.Uid), cancellationToken))
            {
                await using var _ = instance;
                hash.AppendData(instance.Prefix!.Preamble.Span);
                hash.AppendData(instance.Prefix.FileMeta.Span);
                for (var isOver = false; !isOver;)
                {
                    var read = await instance.Body.ReadAsync(cancellationToken);
                    foreach (var memory in read.Buffer) hash.AppendData(memory.Span);
                    isOver = read.IsCompleted;
                    instance.Body.AdvanceTo(read.Buffer.End);
                }
                hash.GetHashAndReset(one);
                WebStudy.Add(all, one);
                objects++;
            }
        }
        if (objects != times * study.Uids.Count) throw new InvalidDataException($"{objects} objects came.");
        Console.WriteLine(WebStudy.Report(objects, all, Stopwatch.GetElapsedTime(warm) / (times - (times / 2)), GC.GetTotalAllocatedBytes(precise: true) - before, Resident("VmHWM:") - resident));
        return 0;
    }

    /// <summary>Stores a study in one request: objects that are in memory, and large ones as they are read.</summary>
    public static async Task<int> PutAsync(string folder, Uri address, int times, CancellationToken cancellationToken)
    {
        var study = await WebStudy.OpenAsync(folder, cancellationToken);
        using var http = new HttpClient(DicomWebHandler.Create()) { Timeout = Timeout.InfiniteTimeSpan };
        var client = new DicomWebClient(http, new DicomWebClientOptions { BaseAddress = address }, TimeProvider.System);
        var held = study.Length > LongestHeld ? null : study.Files.Select(File.ReadAllBytes).ToArray();
        List<StowInstance> instances = held is null ? [] : [.. held.Select((bytes, n) =>
        {
            var prefix = Part10Prefix.Read(bytes.AsSpan(0, Math.Min(4_096, bytes.Length)), isFinal: true)!.Length;
            return StowInstance.FromMemory(study.Uids[n], bytes.AsMemory(0, prefix), new ReadOnlySequence<byte>(bytes.AsMemory(prefix)));
        })];
        var (before, resident) = (GC.GetTotalAllocatedBytes(precise: true), Resident("VmRSS:"));
        var warm = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            if (i == times / 2) warm = Stopwatch.GetTimestamp();
            await using var file = held is null ? File.OpenRead(study.Files.Single()) : null;
            if (file is not null)
                instances = [StowInstance.FromPipe(study.Uids[0], ReadOnlyMemory<byte>.Empty, PipeReader.Create(file, new StreamPipeReaderOptions(bufferSize: 131_072)), file.Length)];
            var result = await client.StoreAsync(instances, cancellationToken);
            if (study.Uids.Count(result.IsStored) is var stored && stored != study.Uids.Count) throw new InvalidDataException($"{stored} objects are stored.");
        }
        Console.WriteLine(WebStudy.Report(times * study.Uids.Count, [], Stopwatch.GetElapsedTime(warm) / (times - (times / 2)), GC.GetTotalAllocatedBytes(precise: true) - before, Resident("VmHWM:") - resident));
        return 0;
    }

    // Of /proc/self/status, in kB there (proc(5)): VmRSS is resident now, VmHWM the most so far.
    private static long Resident(string line) => long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(line, StringComparison.Ordinal))[6..^3].Trim(), CultureInfo.InvariantCulture) * 1024;
}
