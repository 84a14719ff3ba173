using System.Globalization;

namespace Comparisons.Dimse;

/// <summary>The DIMSE stack beside DCMTK, Orthanc and a bare pair of sockets: one table, each row beside what it is measured against.</summary>
/// <param name="rounds">Times that each row is run, in turn; the median counts.</param>
internal sealed class DimseComparison(int rounds)
{
    private const int TimesBefore = 12;
    private const string Ct = "ct", Report = "report";
    private readonly string _root = Directory.CreateTempSubdirectory("comparisons-").FullName;
    private readonly Dictionary<string, string> _folders = [];
    private int _folder;

    /// <summary>One way to do the same: how many objects a second, CPU time of whoever is measured, memory allocated.</summary>
    private sealed record Row(string Name, Func<CancellationToken, Task<Figures>> RunAsync);

    /// <summary>Runs the parts that are named: stock, source, nodelay, receive, own, orthanc, memory.</summary>
    public async Task<int> CompareAsync(string[] parts, CancellationToken cancellationToken)
    {
        try
        {
            if (parts.Contains("stock")) await StockAsync(cancellationToken);
            if (parts.Contains("source") && Job.IsThere("Orthanc")) await FromOrthancAsync(cancellationToken);
            if (parts.Contains("nodelay")) await NoDelayAsync(cancellationToken);
            if (parts.Contains("receive")) await ReceiveAsync(cancellationToken);
            if (parts.Contains("own")) await OwnAsync(cancellationToken);
            if (parts.Contains("orthanc")) await OrthancAsync(cancellationToken);
            if (parts.Contains("memory")) await MemoryAsync(cancellationToken);
            return 0;
        }
        finally
        {
            Directory.Delete(_root, recursive: true);
        }
    }

    /// <summary>Nagle's algorithm on at the peer, as it is delivered.</summary>
    private async Task StockAsync(CancellationToken token)
    {
        const int Few = 60;
        foreach (var size in new[] { Ct, Report })
        {
            var folder = await FolderAsync(size, Few, token);
            await TableAsync($"to storescp, stock, {size}",
            [
                new("storescu, stock", t => ToStoreScpAsync(false, p => ToolAsync("storescu", $"-aec STORESCP -pdu 131072 127.0.0.1 {p} +sd {folder}", Few, false, t), t)),
                new("dcmsend, stock", t => ToStoreScpAsync(false, p => ToolAsync("dcmsend", $"-aec STORESCP 127.0.0.1 {p} +sd {folder}", Few, false, t), t)),
                .. new[] { 1, 2, 4 }.Select(lanes => new Row($"Dicom.Migration, {lanes} lanes", t => ToStoreScpAsync(false, p => OursAsync(p, folder, 10 * Few, lanes, 1, t), t, lanes > 1))),
            ], token);
        }

        if (!Job.IsThere("Orthanc")) return;
        var ct = await FolderAsync(Ct, Few, token);
        await TableAsync("to Orthanc, stock, ct",
        [
            new("storescu, stock", t => ToOrthancAsync(false, p => ToolAsync("storescu", $"-aec ORTHANC -pdu 131072 127.0.0.1 {p} +sd {ct}", Few, false, t), t)),
            new("dcmsend, stock", t => ToOrthancAsync(false, p => ToolAsync("dcmsend", $"-aec ORTHANC 127.0.0.1 {p} +sd {ct}", Few, false, t), t)),
            .. new[] { 1, 2, 4 }.Select(lanes => new Row($"Dicom.Migration, {lanes} lanes", async t => await ToOrthancAsync(false, async p => await OursAsync(p, await FolderAsync(Ct, 300, t), 300, lanes, 1, t), t))),
        ], token);
    }

    private async Task FromOrthancAsync(CancellationToken token)
    {
        const int Few = 100, Many = 300;
        var (port, target) = (Peer.FreePort(), Peer.FreePort());
        await using var source = await Peer.OrthancAsync(Path.Join(_root, "source"), false, new Dictionary<string, int> { ["RECEIVER"] = port, ["MOVED"] = target }, token);
        await Peer.RunWorkerAsync(["dimse-send", "--port", Peer.Text(source.Port), "--called", "ORTHANC", "--source", await FolderAsync(Ct, Many, token), "--count", Peer.Text(Many), "--warm-up", "0"], token);
        var study = StoreObject.Make(Ct, 1)[0].StudyInstanceUid;
        var drain = Path.Join(_root, "got");
        Directory.CreateDirectory(drain);
        var keys = $"-k QueryRetrieveLevel=STUDY -k StudyInstanceUID={study}";
        await TableAsync("from Orthanc, stock, ct",
        [
            new("getscu to disk, stock", t => ToolAsync("getscu", $"-S -aec ORTHANC -od {drain} 127.0.0.1 {source.Port} {keys}", Few, false, t)),
            new("movescu to itself, stock", t => ToolAsync("movescu", $"-S -aet MOVED -aem MOVED -aec ORTHANC +P {target} -od {drain} 127.0.0.1 {source.Port} {keys}", Few, false, t)),
            new("Dicom.Migration, C-GET", t => RetrieveAsync("get")),
            new("Dicom.Migration, C-MOVE", t => RetrieveAsync("move")),
        ], token);

        async Task<Figures> RetrieveAsync(string how)
        {
            var figures = await Peer.RunWorkerAsync(["dimse-retrieve", "--port", Peer.Text(source.Port), "--called", "ORTHANC", "--retrieval", how, "--listen", Peer.Text(port), "--source", Ct, "--count", Peer.Text(Many)], token);
            return Expect(figures, Many, StoreObject.Sum(StoreObject.Make(Ct, Many)));
        }
    }

    /// <summary>Nagle's algorithm off at the peer: what is left is work.</summary>
    private async Task NoDelayAsync(CancellationToken token)
    {
        foreach (var (size, count) in new[] { (Ct, 1_000), (Report, 2_000) })
        {
            var folder = await FolderAsync(size, count, token);
            await TableAsync($"to storescp --ignore, TCP_NODELAY=1, {size}, ratio of wall time",
                [
                new("storescu, PDU 128 kB", t => ToStoreScpAsync(true, p => ToolAsync("storescu", $"-aec STORESCP -pdu 131072 127.0.0.1 {p} +sd {folder}", count, true, t), t)),
                new("dcmsend, PDU 128 kB", t => ToStoreScpAsync(true, p => ToolAsync("dcmsend", $"-aec STORESCP -pdu 131072 127.0.0.1 {p} +sd {folder}", count, true, t), t)),
                .. new[] { 1, 2, 4 }.Select(lanes => new Row($"Dicom.Migration, and SHA-256, {lanes} lanes", t => ToStoreScpAsync(true, p => OursAsync(p, folder, count, lanes, 1, t), t, lanes > 1))),
            ], token);
        }
    }

    /// <summary>
    /// The same of a receiver: its CPU time. What counts is what it costs for months, not in its first second, so each is a process that stays: all has been sent to it as often
    /// as the compiler of the runtime needs to be done, and then they take turns.
    /// </summary>
    private async Task ReceiveAsync(CancellationToken token)
    {
        foreach (var (size, count) in new[] { (Ct, 1_000), (Report, 2_000) })
        {
            var (folder, target) = (await FolderAsync(size, count, token), Directory.CreateDirectory(NewFolder()).FullName);
            await using var ignores = await Peer.StoreScpAsync(true, null, false, token);
            await using var stores = await Peer.StoreScpAsync(true, target, false, token);
            await using var discards = await Peer.WorkerAsync(["dimse-receive", "--work", "discard"], token);
            await using var hashes = await Peer.WorkerAsync(["dimse-receive", "--work", "hash"], token);
            await using var writes = await Peer.WorkerAsync(["dimse-receive", "--work", "disk"], token);
            Row[] rows =
            [
                new("storescp --ignore", t => ReceiverCpuAsync(ignores, folder, count, null, t)),
                new("Dicom.Migration, discards", t => OurReceiverCpuAsync(discards, folder, count, t)),
                new("Dicom.Migration, SHA-256", t => OurReceiverCpuAsync(hashes, folder, count, t)),
                new("storescp +B, to disk", t => ReceiverCpuAsync(stores, folder, count, target, t)),
                new("Dicom.Migration, SHA-256 and to disk", t => OurReceiverCpuAsync(writes, folder, count, t)),
            ];
            for (var i = 0; i < TimesBefore; i++)
                foreach (var row in rows) await row.RunAsync(token);
            await TableAsync($"from dcmsend, TCP_NODELAY=1, {size}, CPU of the receiver", rows, token, byCpu: true);
        }
    }

    /// <summary>Our SCU to our SCP, which takes the SHA-256, beside the floor.</summary>
    private async Task OwnAsync(CancellationToken token)
    {
        foreach (var (size, count) in new[] { (Ct, 3_000), (Report, 20_000) })
            await TableAsync($"SCU to SCP, both ours, {size}, ratio to the floor",
            [
                new("floor: two sockets, SHA-256", t => FloorAsync(size, count, t)),
                .. new[] { (1, 1), (2, 1), (4, 1), (1, 8), (1, 32) }.Select(w => new Row($"Dicom.Migration, {w.Item1} lanes, window {w.Item2}", t => OwnAsync(size, count, w.Item1, w.Item2, t))),
            ], token);
    }

    /// <summary>What Orthanc can take, whoever sends.</summary>
    private async Task OrthancAsync(CancellationToken token)
    {
        const int Count = 1_000;
        if (!Job.IsThere("Orthanc")) return;
        var ct = await FolderAsync(Ct, Count, token);
        // One Orthanc for all rows, which has stored them all before, and is emptied before each; in memory, so that no disk that is written behind decides.
        var folder = Directory.Exists("/dev/shm") ? Directory.CreateDirectory(Path.Join("/dev/shm", Path.GetFileName(_root))).FullName : NewFolder();
        try
        {
            await using var peer = await Peer.OrthancAsync(folder, true, new Dictionary<string, int>(), token, isEmptied: true);
            var storeScu = new Row("storescu, PDU 128 kB", t => IntoEmptyAsync(p => ToolAsync("storescu", $"-aec ORTHANC -pdu 131072 127.0.0.1 {p} +sd {ct}", Count, true, t), t));
            await storeScu.RunAsync(token);
            await TableAsync("to Orthanc, TCP_NODELAY=1, ct",
            [
                storeScu,
                new("dcmsend", t => IntoEmptyAsync(p => ToolAsync("dcmsend", $"-aec ORTHANC 127.0.0.1 {p} +sd {ct}", Count, true, t), t)),
                .. new[] { 1, 2, 4 }.Select(lanes => new Row($"Dicom.Migration, {lanes} lanes", t => IntoEmptyAsync(p => OursAsync(p, ct, Count, lanes, 1, t), t))),
            ], token);

            async Task<Figures> IntoEmptyAsync(Func<int, Task<Figures>> sendAsync, CancellationToken cancellationToken)
            {
                await peer.EmptyAsync(cancellationToken);
                return await sendAsync(peer.Port);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>4 GiB in one object, from one association to another through a process that has to stay small.</summary>
    private static async Task MemoryAsync(CancellationToken token)
    {
        const int Gib = 4;
        await using var target = await Peer.WorkerAsync(["dimse-receive", "--work", "hash", "--warm-up", "0"], token);
        await using var relay = await Peer.WorkerAsync(["dimse-relay", "--port", Peer.Text(target.Port)], token);
        await target.TakeAsync(token);
        var sent = await Peer.RunWorkerAsync(["dimse-send-large", "--port", Peer.Text(relay.Port), "--count", Peer.Text(Gib)], token);
        var (passed, got) = (await relay.TakeAsync(token), await target.TakeAsync(token));
        if (got.Objects != 1 || got.Bytes != sent.Bytes || got.Sum != sent.Sum) throw new InvalidOperationException("The object did not arrive as it was sent.");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Gib} GiB in one object, passed on: {sent.Usage.Wall:F1} s, {sent.Bytes / sent.Usage.Wall / 1e6:F0} MB/s; the process in the middle grew by {passed.Usage.Resident / 1048576.0:F1} MiB (largest resident set, above that after its warm-up), CPU {passed.Usage.Cpu:F1} s, {passed.Usage.Allocated / 1048576.0:F1} MiB allocated; same SHA-256\n"));
    }

    private async Task TableAsync(string name, IReadOnlyList<Row> rows, CancellationToken token, bool byCpu = false)
    {
        var all = rows.Select(static _ => new List<Figures>()).ToArray();
        for (var round = 0; round < rounds; round++)
        {
            for (var turn = 0; turn < rows.Count; turn++)
            {
                var i = round % 2 == 0 ? turn : rows.Count - 1 - turn; // each is the first as often
                all[i].Add(await rows[i].RunAsync(token));
            }
        }

        Console.WriteLine($"| {name} | objects | objects/s | MB/s | CPU ms/object | objects per CPU-s | allocated B/object | ratio | in each round |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        Figures[] medians = [.. all.Select(f => f.OrderBy(x => Measure(x)).ElementAt(f.Count / 2))];
        for (var i = 0; i < rows.Count; i++)
        {
            var (f, u) = (medians[i], medians[i].Usage);
            double[] ratios = [.. all[i].Zip(all[0], (one, first) => Measure(one) / Measure(first))];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {rows[i].Name} | {f.Objects} | {f.Objects / u.Wall:F0} | {f.Bytes / u.Wall / 1e6:F0} | {1000 * u.Cpu / f.Objects:F3} | {f.Objects / u.Cpu:F0} | {u.Allocated / f.Objects} | {Measure(f) / Measure(medians[0]):F2} | {ratios.Min():F2}-{ratios.Max():F2} |"));
        }

        Console.WriteLine();

        double Measure(Figures f) => f.Objects / (byCpu ? f.Usage.Cpu : f.Usage.Wall);
    }

    private static async Task<Figures> ToStoreScpAsync(bool hasNoDelay, Func<int, Task<Figures>> sendAsync, CancellationToken token, bool forks = false)
    {
        await using var peer = await Peer.StoreScpAsync(hasNoDelay, null, forks, token);
        return await sendAsync(peer.Port);
    }

    private async Task<Figures> ToOrthancAsync(bool hasNoDelay, Func<int, Task<Figures>> sendAsync, CancellationToken token)
    {
        await using var peer = await Peer.OrthancAsync(NewFolder(), hasNoDelay, new Dictionary<string, int>(), token);
        return await sendAsync(peer.Port);
    }

    private static async Task<Figures> OwnAsync(string size, int count, int lanes, int window, CancellationToken token)
    {
        await using var receiver = await Peer.WorkerAsync(["dimse-receive", "--work", "hash"], token);
        var sent = await Peer.RunWorkerAsync(["dimse-send", "--port", Peer.Text(receiver.Port), "--source", size, "--count", Peer.Text(count), "--lanes", Peer.Text(lanes), "--window", Peer.Text(window)], token);
        var got = await receiver.TakeAsync(token);
        var once = StoreObject.Make(size, Math.Min(count, 100));
        Expect(got, count, StoreObject.Sum(once) * (ulong)(count / once.Length));
        return sent with { Usage = sent.Usage with { Cpu = sent.Usage.Cpu + got.Usage.Cpu, Allocated = Math.Max(sent.Usage.Allocated, got.Usage.Allocated) } };
    }

    private static async Task<Figures> FloorAsync(string size, int count, CancellationToken token)
    {
        await using var reader = await Peer.WorkerAsync(["dimse-floor-read", "--source", size, "--count", Peer.Text(count)], token);
        var sent = await Peer.RunWorkerAsync(["dimse-floor-write", "--port", Peer.Text(reader.Port), "--source", size, "--count", Peer.Text(count)], token);
        var got = await reader.TakeAsync(token);
        return sent with { Usage = sent.Usage with { Cpu = sent.Usage.Cpu + got.Usage.Cpu } };
    }

    /// <summary>Our SCU, out of files: read, hashed and sent.</summary>
    private static Task<Figures> OursAsync(int port, string folder, int count, int lanes, int window, CancellationToken token) => Peer.RunWorkerAsync(
        ["dimse-send", "--port", Peer.Text(port), "--source", folder, "--count", Peer.Text(count), "--lanes", Peer.Text(lanes), "--window", Peer.Text(window)], token);

    /// <summary>A client of DCMTK, its start included.</summary>
    private async Task<Figures> ToolAsync(string tool, string arguments, int count, bool hasNoDelay, CancellationToken token)
    {
        var cost = await new Job(tool, $"{(hasNoDelay ? "TCP_NODELAY=1 " : "")}{tool} {arguments} > {_root}/log 2>&1").RunAsync(token);
        return new Figures(count, 0, 0, new Usage(cost.Wall, cost.Cpu, 0, 0));
    }

    private async Task<Figures> ReceiverCpuAsync(Peer receiver, string folder, int count, string? target, CancellationToken token)
    {
        var before = receiver.Cpu;
        var sent = await DcmSendAsync(receiver.Port, folder, count, token);
        var cpu = receiver.Cpu - before;
        if (target is not null && Directory.GetFiles(target).Length != count) throw new InvalidOperationException("storescp did not get all.");
        return sent with { Usage = sent.Usage with { Cpu = cpu } };
    }

    private async Task<Figures> OurReceiverCpuAsync(Peer receiver, string folder, int count, CancellationToken token)
    {
        await receiver.TakeAsync(token);
        var sent = await DcmSendAsync(receiver.Port, folder, count, token);
        var got = await receiver.TakeAsync(token);
        if (got.Objects != count) throw new InvalidOperationException($"{got.Objects} of {count} objects came.");
        return got with { Usage = got.Usage with { Wall = sent.Usage.Wall } };
    }

    private Task<Figures> DcmSendAsync(int port, string folder, int count, CancellationToken token) => ToolAsync("dcmsend", $"-aec STORESCP 127.0.0.1 {port} +sd {folder}", count, true, token);

    private static Figures Expect(Figures figures, int objects, ulong sum) => figures.Objects == objects && figures.Sum == sum ? figures
        : throw new InvalidOperationException($"{figures.Objects} of {objects} objects came, or one was changed on its way.");

    private string NewFolder() => Path.Join(_root, string.Create(CultureInfo.InvariantCulture, $"peer{++_folder}"));

    private async Task<string> FolderAsync(string size, int count, CancellationToken token)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{size}{count}");
        if (!_folders.TryGetValue(key, out var folder)) _folders[key] = folder = await StoreObject.WriteAsync(Path.Join(_root, key), StoreObject.Make(size, count), token);
        return folder;
    }
}
