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
    private const int WarmUpTimes = 30; // requests

    /// <summary>Moves another study until nothing is left to compile, then the one that is measured, and says what that took.</summary>
    /// <remarks>A migration runs for days: neither the start of the process nor the compiler is what is compared.</remarks>
    public static async Task<int> RunAsync(Func<string, Uri, int, CancellationToken, Task<string>> moveAsync, string folder, string address, int times, string warmUp, string warmUpAddress, CancellationToken cancellationToken)
    {
        if (warmUp.Length > 0) await WarmUp.RunAsync(() => moveAsync(warmUp, new Uri(warmUpAddress), WarmUpTimes, cancellationToken));
        GC.Collect();
        Console.WriteLine(await moveAsync(folder, new Uri(address), times, cancellationToken));
        return 0;
    }

    /// <summary>Retrieves a study: each part of the answer is found, and its SHA-256 taken.</summary>
    public static async Task<string> GetAsync(string folder, Uri address, int times, CancellationToken cancellationToken)
    {
        var study = await WebStudy.OpenAsync(folder, cancellationToken);
        using var http = new HttpClient(DicomWebHandler.Create()) { Timeout = Timeout.InfiniteTimeSpan };
        var client = new DicomWebClient(http, new DicomWebClientOptions { BaseAddress = address }, TimeProvider.System);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (objects, before, resident) = (0, GC.GetTotalAllocatedBytes(precise: true), Resident("VmRSS:"));
        var all = new byte[SHA256.HashSizeInBytes];
        var one = new byte[SHA256.HashSizeInBytes];
        var (start, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        for (var i = 0; i < times; i++)
        {
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
        return WebStudy.Report(objects, all, Stopwatch.GetElapsedTime(start), Environment.CpuUsage.TotalTime - cpu, GC.GetTotalAllocatedBytes(precise: true) - before, Resident("VmHWM:") - resident);
    }

    /// <summary>Stores a study in one request: objects that are in memory, and large ones as they are read.</summary>
    public static async Task<string> PutAsync(string folder, Uri address, int times, CancellationToken cancellationToken)
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
        var (start, cpu) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
        for (var i = 0; i < times; i++)
        {
            await using var file = held is null ? File.OpenRead(study.Files.Single()) : null;
            if (file is not null)
                instances = [StowInstance.FromPipe(study.Uids[0], ReadOnlyMemory<byte>.Empty, PipeReader.Create(file, new StreamPipeReaderOptions(bufferSize: 131_072)), file.Length)];
            var result = await client.StoreAsync(instances, cancellationToken);
            if (study.Uids.Count(result.IsStored) is var stored && stored != study.Uids.Count) throw new InvalidDataException($"{stored} objects are stored.");
        }
        return WebStudy.Report(times * study.Uids.Count, [], Stopwatch.GetElapsedTime(start), Environment.CpuUsage.TotalTime - cpu, GC.GetTotalAllocatedBytes(precise: true) - before, Resident("VmHWM:") - resident);
    }

    // Of /proc/self/status, in kB there (proc(5)): VmRSS is resident now, VmHWM the most so far.
    private static long Resident(string line) => long.Parse(File.ReadLines("/proc/self/status").First(l => l.StartsWith(line, StringComparison.Ordinal))[6..^3].Trim(), CultureInfo.InvariantCulture) * 1024;
}
