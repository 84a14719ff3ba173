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
        var serve = new Command("serve", "The bare server.") { folder };
        serve.SetAction((parsed, token) => WebServer.RunAsync(parsed.GetValue(folder)!, token));
        var get = new Command("get", "Retrieves a study so many times; the measured part.") { folder, address, times };
        get.SetAction((parsed, token) => WebTransfer.GetAsync(parsed.GetValue(folder)!, new Uri(parsed.GetValue(address)!), parsed.GetValue(times), token));
        var put = new Command("put", "Stores a study so many times; the measured part.") { folder, address, times };
        put.SetAction((parsed, token) => WebTransfer.PutAsync(parsed.GetValue(folder)!, new Uri(parsed.GetValue(address)!), parsed.GetValue(times), token));
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
            if (peers is "all" or "bare" || gib > 0)
            {
                await using var bare = await WebPeer.StartBareAsync(root, cancellationToken);
                if (peers is "all" or "bare")
                {
                    await CompareAsync("bare server, 200 of 526 KB", ct, new Uri(bare.Root, "ct/"), 20, 20, rounds, cancellationToken);
                    await CompareAsync("bare server, 2,000 of 10 KB", report, new Uri(bare.Root, "report/"), 80, 80, rounds, cancellationToken);
                }
                if (gib > 0) await MeasureLargeAsync(root, gib, cancellationToken);
            }
            if (peers is "all" or "orthanc" && WebPeer.HasOrthanc)
            {
                await using var orthanc = await WebPeer.StartOrthancAsync(root, cancellationToken);
                var address = new Uri(orthanc.Root, "dicom-web/");
                foreach (var study in new[] { ct, report }) await Put("first", study, address, 1).RunAsync(cancellationToken); // stores are costly, once
                await CompareAsync("Orthanc, 200 of 526 KB", ct, address, 5, 1, rounds, cancellationToken);
                await CompareAsync("Orthanc, 2,000 of 10 KB", report, address, 10, 1, rounds, cancellationToken);
            }
            return 0;
        }
        finally { Directory.Delete(root, recursive: true); }
    }

    private static async Task CompareAsync(string what, WebStudy study, Uri address, int gets, int puts, int rounds, CancellationToken cancellationToken)
    {
        // Counted up in the query, which no server heeds: one curl, one connection, as many requests.
        Job[] jobs =
        [
            Get("WADO-RS, Dicom.Migration", study, address, gets),
            new("WADO-RS, curl to a file", $"curl -sf --noproxy '*' -H \"Accept: {Accept}\" -o {study.Folder}/received '{address}studies/{study.Uid}?n=[1-{gets}]'"),
            Put("STOW-RS, Dicom.Migration", study, address, puts),
            new("STOW-RS, curl", $"curl -sf --noproxy '*' -o {study.Folder}/answer -H Expect: -H 'Accept: application/dicom+json' -H 'Content-Type: multipart/related; type=\"application/dicom\"; boundary={WebStudy.Boundary}' --data-binary @{study.Body} '{address}studies?n=[1-{puts}]'"),
        ];
        var costs = await Job.MediansAsync(jobs, rounds, static c => c.Wall, static () => { }, cancellationToken);
        Console.WriteLine($"| {what} | objects/s | MB/s | wall s | CPU s | throughput, against curl | the same, second half | bytes allocated for an object |\n| --- | --- | --- | --- | --- | --- | --- | --- |");
        for (var i = 0; i < jobs.Length; i++)
        {
            var times = i < 2 ? gets : puts;
            if (i % 2 == 0) study.Check(costs[i].Output, ofRetrieval: i == 0);
            var (allocated, warm) = i % 2 == 0 ? WebStudy.Figures(costs[i].Output) : ("-", costs[i].Wall / times);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {jobs[i].Name} | {study.Uids.Count * times / costs[i].Wall:F0} | {study.Length * times / 1e6 / costs[i].Wall:F0} | {costs[i].Wall:F2} | {costs[i].Cpu:F2} | {costs[i | 1].Wall / costs[i].Wall:F2} | {costs[i | 1].Wall / times / warm:F2} | {allocated} |"));
        }
        Console.WriteLine();
    }

    private static async Task MeasureLargeAsync(string root, int gib, CancellationToken cancellationToken)
    {
        // A server of its own: the first one did not know the object.
        var study = await WebStudy.WriteLargeAsync(Path.Join(root, "large"), gib, cancellationToken);
        await using var bare = await WebPeer.StartBareAsync(root, cancellationToken);
        foreach (var job in new[] { Get("WADO-RS", study, new Uri(bare.Root, "large/"), 1), Put("STOW-RS", study, new Uri(bare.Root, "large/"), 1) })
        {
            var cost = await job.RunAsync(cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{job.Name}, one object of {gib} GiB: {cost.Wall:F1} s, {cost.Cpu:F1} s of CPU; {cost.Output.Trim()}"));
        }
    }

    private static Job Get(string name, WebStudy study, Uri address, int times) => new(name, $"{Self} web get {study.Folder} {address} {times}");
    private static Job Put(string name, WebStudy study, Uri address, int times) => new(name, $"{Self} web put {study.Folder} {address} {times}");

    /// <summary>The command that starts this program.</summary>
    internal static string Self => $"dotnet {Path.Join(AppContext.BaseDirectory, "Comparisons.dll")}";
}
