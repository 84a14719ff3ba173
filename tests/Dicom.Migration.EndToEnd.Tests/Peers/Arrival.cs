using System.Diagnostics;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>Holds the last folder of a chain against the first one: files are read again, and no ledger is asked what they hold.</summary>
internal static class Arrival
{
    private const string Python = "/usr/bin/python3";
    private static readonly ILookup<string, StoredObject> Sent = Directory.EnumerateFiles(Endpoints.CorpusFolder, "*", SearchOption.AllDirectories)
        .Select(StoredObject.Read).OfType<StoredObject>().ToLookup(static o => o.SopInstanceUid, StringComparer.Ordinal);

    public static async Task CheckAsync(string folder, params Hop[] hops)
    {
        var arrived = Directory.EnumerateFiles(folder, "*.dcm", SearchOption.AllDirectories).Select(StoredObject.Read).ToList();
        Assert.DoesNotContain(null, arrived);
        var through = hops.Select(static h => h.Verified.Select(static i => i.Identity.SopInstanceUid).ToHashSet(StringComparer.Ordinal)).Aggregate(static (one, next) => [.. one.Intersect(next)]);
        Assert.True(through.Count > 50, $"Only {through.Count} went the whole way.");
        var uids = arrived.Select(static o => o!.SopInstanceUid).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        Assert.Empty(through.Except(uids, StringComparer.Ordinal));
        // An archive may list one object under two studies: equal copies are one file.
        Assert.Equal(hops[^1].Verified.Select(static i => i.Identity.SopInstanceUid).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), uids);
        // One that an account excepts may be there all the same, as its archive changed it.
        var pairs = arrived.Where(o => through.Contains(o!.SopInstanceUid)).Select(static o => (Arrived: o!, Sent: Sent[o!.SopInstanceUid].FirstOrDefault(o.Is))).ToList();
        var changed = pairs.Where(static p => p.Sent is null).Select(static p => $"{p.Arrived.SopInstanceUid} in {p.Arrived.Syntax} was sent as {string.Join(", ", Sent[p.Arrived.SopInstanceUid].Select(static s => $"{s.Path} in {s.Syntax}"))}").ToList();
        Assert.True(changed.Count == 0, string.Join('\n', changed));
        if (File.Exists(Python)) await JudgeAsync([.. pairs.Where(static p => p.Sent!.Path.EndsWith(".dcm", StringComparison.Ordinal)).SelectMany(static p => new[] { p.Sent!.Path, p.Arrived.Path })]);
    }

    /// <summary>The same by a reader of somebody else's: which elements there are, in which transfer syntax, and the bytes of the pixel data.</summary>
    private static async Task JudgeAsync(string[] paths)
    {
        const string Script = """
            import sys, hashlib
            try: import pydicom
            except ImportError: print('no pydicom'); sys.exit()
            def look(path):
                data = pydicom.dcmread(path, force=True)
                syntax = str(getattr(data, 'file_meta', {}).get('TransferSyntaxUID', '') or '')
                tags = [t for t in sorted(data.keys()) if t.elem and t != 0xFFFCFFFC]
                pixels = data.get_item(0x7FE00010)
                return syntax, tags, hashlib.sha256(bytes(pixels.value)).hexdigest() if pixels is not None and pixels.value else ''
            paths = sys.stdin.read().split('\n')
            for sent, arrived in zip(paths[0::2], paths[1::2]):
                try: a = look(sent)
                except Exception: a = None
                if a is None: print('same'); continue # it cannot judge what it cannot read
                b = look(arrived)
                if a[1] != b[1]: print('elements', sent)
                elif a[0] == b[0] and a[2] != b[2]: print('pixel data', sent)
                else: print('same')
            """;
        using var process = Process.Start(new ProcessStartInfo(Python, ["-W", "ignore", "-c", Script]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await process.StandardInput.WriteAsync(string.Join('\n', paths).AsMemory(), TestContext.Current.CancellationToken);
        process.StandardInput.Close();
        var said = (await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (said is ["no pydicom"]) return; // the reader of this SDK has judged alone
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(paths.Length / 2, said.Length);
        Assert.All(said, static line => Assert.Equal("same", line));
    }
}
