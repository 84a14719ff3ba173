using System.CommandLine;
using System.Globalization;

namespace Comparisons;

/// <summary>WADO-RS and STOW-RS by the SDK's client, beside curl moving the same bytes: from and to a bare server, and Orthanc if it is here.</summary>
internal static class WebComparison
{
    private const string Accept = "multipart/related; type=\\\"application/dicom\\\"; transfer-syntax=*";

    /// <summary>The command, and the parts of it that run in processes of their own.</summary>
    public static Command Command(Option<int> rounds)
    {
        var gib = new Option<int>("--gib") { DefaultValueFactory = _ => 4, Description = "Size of the one large object, in GiB; 0 for none." };
        var peers = new Option<string>("--peer") { DefaultValueFactory = _ => "all", Description = "all, bare, orthanc or none." };
        var folder = new Argument<string>("folder");
        var (address, times) = (new Argument<string>("address"), new Argument<int>("times"));
        var warmUp = new Option<string>("--warm-up") { DefaultValueFactory = _ => "", Description = "Folder of another study, moved first, over and over, until nothing is left to compile." };
        var warmUpAddress = new Option<string>("--warm-up-address") { DefaultValueFactory = _ => "" };
        var serve = new Command("serve", "The bare server.") { folder };
        serve.SetAction((parsed, token) => WebServer.RunAsync(parsed.GetValue(folder)!, token));
        var get = new Command("get", "Retrieves a study so many times; the measured part.") { folder, address, times, warmUp, warmUpAddress };
        get.SetAction((parsed, token) => WebTransfer.RunAsync(WebTransfer.GetAsync, parsed.GetValue(folder)!, parsed.GetValue(address)!, parsed.GetValue(times), parsed.GetValue(warmUp)!, parsed.GetValue(warmUpAddress)!, token));
        var put = new Command("put", "Stores a study so many times; the measured part.") { folder, address, times, warmUp, warmUpAddress };
        put.SetAction((parsed, token) => WebTransfer.RunAsync(WebTransfer.PutAsync, parsed.GetValue(folder)!, parsed.GetValue(address)!, parsed.GetValue(times), parsed.GetValue(warmUp)!, parsed.GetValue(warmUpAddress)!, token));
        var web = new Command("web", "WADO-RS and STOW-RS, beside curl.") { rounds, gib, peers, serve, get, put };
        web.SetAction((parsed, token) => CompareAsync(parsed.GetValue(rounds), parsed.GetValue(gib), parsed.GetValue(peers)!, token));
        return web;
    }

    private static async Task<int> CompareAsync(int rounds, int gib, string peers, CancellationToken cancellationToken)
    {
        var root = Directory.CreateTempSubdirectory("comparisons-").FullName;
        try
        {
            var ct = await WebStudy.WriteAsync(Path.Join(root, "ct"), 200, 526 * 1024, 0, cancellationToken);
            var report = await WebStudy.WriteAsync(Path.Join(root, "report"), 2_000, 10 * 1024, 1, cancellationToken);
            var warmUp = await WebStudy.WriteAsync(Path.Join(root, "warm-up"), 50, 64 * 1024, 2, cancellationToken);
            if (peers is "all" or "bare" || gib > 0)
            {
                await using var bare = await WebPeer.StartBareAsync(root, cancellationToken);
                if (peers is "all" or "bare")
                {
                    var warm = new Place(warmUp, new Uri(bare.Root, "warm-up/"));
                    await CompareAsync("bare server, 200 of 526 KB", new Place(ct, new Uri(bare.Root, "ct/")), warm, 20, 20, rounds, cancellationToken);
                    await CompareAsync("bare server, 2,000 of 10 KB", new Place(report, new Uri(bare.Root, "report/")), warm, 80, 80, rounds, cancellationToken);
                }
                if (gib > 0) await MeasureLargeAsync(root, gib, cancellationToken);
            }
            if (peers is "all" or "orthanc" && WebPeer.HasOrthanc)
            {
                await using var orthanc = await WebPeer.StartOrthancAsync(root, cancellationToken);
                var address = new Uri(orthanc.Root, "dicom-web/");
                foreach (var study in new[] { warmUp, ct, report }) await Put("first", new Place(study, address), null, 1).RunAsync(cancellationToken); // stores are costly, once
                await CompareAsync("Orthanc, 200 of 526 KB", new Place(ct, address), new Place(warmUp, address), 20, 6, rounds, cancellationToken);
                await CompareAsync("Orthanc, 2,000 of 10 KB", new Place(report, address), new Place(warmUp, address), 40, 3, rounds, cancellationToken);
            }
            return 0;
        }
        finally { Directory.Delete(root, recursive: true); }
    }

    /// <summary>A study, and the service that has it.</summary>
    private sealed record Place(WebStudy Study, Uri Address);

    private static async Task CompareAsync(string what, Place place, Place warmUp, int gets, int puts, int rounds, CancellationToken cancellationToken)
    {
        var (study, address) = place;
        // Counted up in the query, which no server heeds: one curl, one connection, as many requests; of each it says how long it took.
        Job[] jobs =
        [
            Get("WADO-RS, Dicom.Migration", place, warmUp, gets),
            new("WADO-RS, curl to a file", $"curl -sf --noproxy '*' -w '%{{time_total}}\\n' -H \"Accept: {Accept}\" -o {study.Folder}/received '{address}studies/{study.Uid}?n=[1-{gets}]'"),
            Put("STOW-RS, Dicom.Migration", place, warmUp, puts),
            new("STOW-RS, curl", $"curl -sf --noproxy '*' -w '%{{time_total}}\\n' -o {study.Folder}/answer -H Expect: -H 'Accept: application/dicom+json' -H 'Content-Type: multipart/related; type=\"application/dicom\"; boundary={WebStudy.Boundary}' --data-binary @{study.Body} '{address}studies?n=[1-{puts}]'"),
        ];
        var all = jobs.Select(static _ => new List<Cost>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var turn = 0; turn < jobs.Length; turn++)
            {
                var i = round % 2 == 0 ? turn : jobs.Length - 1 - turn; // each is the first as often
                var cost = await jobs[i].RunAsync(cancellationToken);
                if (i == 0) study.Check(cost.Output);
                all[i].Add(i % 2 == 0 ? WebStudy.Transfer(cost.Output) : cost with { Wall = WebStudy.Seconds(cost.Output) });
            }
        }

        Console.WriteLine($"| {what} | objects/s | MB/s | wall s | CPU s | throughput, against curl | in each round | bytes allocated for an object |\n| --- | --- | --- | --- | --- | --- | --- | --- |");
        Cost[] medians = [.. all.Select(static costs => costs.OrderBy(static c => c.Wall).ElementAt(costs.Count / 2))];
        for (var i = 0; i < jobs.Length; i++)
        {
            var times = i < 2 ? gets : puts;
            double[] ratios = [.. all[i | 1].Zip(all[i], static (curl, cost) => curl.Wall / cost.Wall)];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {jobs[i].Name} | {study.Uids.Count * times / medians[i].Wall:F0} | {study.Length * times / 1e6 / medians[i].Wall:F0} | {medians[i].Wall:F2} | {medians[i].Cpu:F2} | {medians[i | 1].Wall / medians[i].Wall:F2} | {ratios.Min():F2}-{ratios.Max():F2} | {(i % 2 == 0 ? WebStudy.Allocated(medians[i].Output) : "-")} |"));
        }
        Console.WriteLine();
    }

    private static async Task MeasureLargeAsync(string root, int gib, CancellationToken cancellationToken)
    {
        // A server of its own: the first one did not know the object.
        var study = await WebStudy.WriteLargeAsync(Path.Join(root, "large"), gib, cancellationToken);
        await using var bare = await WebPeer.StartBareAsync(root, cancellationToken);
        var place = new Place(study, new Uri(bare.Root, "large/"));
        foreach (var job in new[] { Get("WADO-RS", place, null, 1), Put("STOW-RS", place, null, 1) })
        {
            var cost = await job.RunAsync(cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{job.Name}, one object of {gib} GiB: {cost.Wall:F1} s, {cost.Cpu:F1} s of CPU; {cost.Output.Trim()}"));
        }
    }

    private static Job Get(string name, Place place, Place? warmUp, int times) => Worker(name, "get", place, warmUp, times);
    private static Job Put(string name, Place place, Place? warmUp, int times) => Worker(name, "put", place, warmUp, times);
    private static Job Worker(string name, string work, Place place, Place? warmUp, int times) =>
        new(name, $"{Self} web {work} {place.Study.Folder} {place.Address} {times}{(warmUp is null ? "" : $" --warm-up {warmUp.Study.Folder} --warm-up-address {warmUp.Address}")}");

    /// <summary>The command that starts this program.</summary>
    internal static string Self => $"dotnet {Path.Join(AppContext.BaseDirectory, "Comparisons.dll")}";
}
