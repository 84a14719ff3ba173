using System.Diagnostics;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>Holds the last folder of a chain against the first one: files are read again, and no ledger is asked what they hold.</summary>
internal static class Arrival
{
    private const string Python = "/usr/bin/python3";

    private static readonly ILookup<string, StoredObject> Sent = Directory.EnumerateFiles(Endpoints.CorpusFolder, "*", SearchOption.AllDirectories)
        .Select(StoredObject.Read).OfType<StoredObject>().ToLookup(static o => o.SopInstanceUid, StringComparer.Ordinal);

    /// <param name="folder">Where the last hop has put them.</param>
    /// <param name="encodings">Files that do not arrive byte for byte, by the reason for it; all others have to.</param>
    /// <param name="hops">The way there.</param>
    public static async Task CheckAsync(string folder, KnownEncodings encodings, params Hop[] hops)
    {
        var arrived = Directory.EnumerateFiles(folder, "*.dcm", SearchOption.AllDirectories).Select(StoredObject.Read).ToList();
        Assert.DoesNotContain(null, arrived);
        var through = hops.Select(static h => h.Verified.Select(static i => i.Identity.SopInstanceUid).ToHashSet(StringComparer.Ordinal)).Aggregate(static (one, next) => [.. one.Intersect(next)]);
        Assert.True(through.Count > 50, $"Only {through.Count} went the whole way.");
        var uids = arrived.Select(static o => o!.SopInstanceUid).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        Assert.Empty(through.Except(uids, StringComparer.Ordinal));
        // An archive may list one object under two studies: equal copies are one file.
        Assert.Equal(hops[^1].Verified.Select(static i => i.Identity.SopInstanceUid).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), uids);
        // One that an account excepts may be there all the same, as its archive changed it. Several files may be the same object in other encodings.
        var pairs = arrived.Where(o => through.Contains(o!.SopInstanceUid)).Select(static o => (Arrived: o!, Sent: Likest(o!))).ToList();
        var changed = pairs.Where(static p => p.Sent.Count == 0).Select(static p => $"{p.Arrived.SopInstanceUid} in {p.Arrived.Syntax} was sent as {string.Join(", ", Sent[p.Arrived.SopInstanceUid].Select(static s => $"{s.Path} in {s.Syntax}"))}").ToList();
        Assert.True(changed.Count == 0, string.Join('\n', changed));
        encodings.Check([.. pairs.Select(static p => (p.Arrived, p.Sent, IsAlone: Sent[p.Arrived.SopInstanceUid].Count() == 1))]);
        await JudgeAsync([.. pairs.SelectMany(static p => p.Sent.Where(static s => s.Path.EndsWith(".dcm", StringComparison.Ordinal)).SelectMany(s => new[] { s.Path, p.Arrived.Path }))]);
    }

    /// <summary>Of all files with its UID those that it is byte for byte; if there is none, has the content of; if there is none, has the content of in another transfer syntax.</summary>
    private static List<StoredObject> Likest(StoredObject arrived) =>
        ((Func<StoredObject, bool>[])[arrived.Is, arrived.HasContentOf, arrived.HasContentInOtherSyntaxOf]).Select(likes => Sent[arrived.SopInstanceUid].Where(likes).ToList()).FirstOrDefault(static l => l.Count > 0) ?? [];

    /// <summary>The same by a reader of somebody else's: which elements there are, in which transfer syntax, and the bytes of the pixel data.</summary>
    /// <remarks>An archive may pad a fragment of odd length (PS3.5 §A.4). The fragments are told apart here, by the script itself.</remarks>
    private static async Task JudgeAsync(string[] paths)
    {
        Assert.SkipUnless(File.Exists(Python), $"{Python} is not installed: the reader of this SDK has judged alone, and found nothing.");
        const string Script = """
            import sys, struct
            try: import pydicom
            except ImportError: print('no pydicom'); sys.exit()
            from pydicom.filereader import read_dataset
            def look(path):
                data = pydicom.dcmread(path, force=True)
                meta = getattr(data, 'file_meta', {})
                syntax = str(meta.get('TransferSyntaxUID', '') or '')
                if syntax == '1.2.840.10008.1.2.2' and min(data.keys(), default=0) >> 16 > 0xFF: # little endian, which the file denies: group 0008 looks like 0800
                    with open(path, 'rb') as file:
                        file.seek(144 + meta.FileMetaInformationGroupLength)
                        data, syntax = read_dataset(file, False, True), '1.2.840.10008.1.2.1'
                tags = [t for t in sorted(data.keys()) if t.elem and t != 0xFFFCFFFC]
                pixels = data.get_item(0x7FE00010)
                if pixels is None or not pixels.value: return syntax, tags, []
                value = bytes(pixels.value)
                return syntax, tags, fragments(value) if getattr(pixels, 'length', 0) == 0xFFFFFFFF or getattr(pixels, 'is_undefined_length', False) else [value]
            def fragments(value):
                found, at = [], 0
                while at < len(value):
                    tag, length = struct.unpack_from('<II', value, at)
                    if tag == 0xE0DDFFFE: break
                    if tag != 0xE000FFFE or at + 8 + length > len(value): raise ValueError('no item')
                    found.append(value[at + 8:at + 8 + length])
                    at += 8 + length
                return found
            def even(value): return value + b'\0' if len(value) % 2 else value
            paths = sys.stdin.read().split('\n')
            for sent, arrived in zip(paths[0::2], paths[1::2]):
                try: a = look(sent)
                except Exception: a = None
                if a is None: print('unread', sent); continue # it cannot judge, and says so
                b = look(arrived)
                if a[1] != b[1]: print('elements', sent)
                elif a[0] == b[0] and [even(v) for v in a[2]] != [even(v) for v in b[2]]: print('pixel data', sent)
                else: print('same')
            """;
        using var process = Process.Start(new ProcessStartInfo(Python, ["-W", "ignore", "-c", Script]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await process.StandardInput.WriteAsync(string.Join('\n', paths).AsMemory(), TestContext.Current.CancellationToken);
        process.StandardInput.Close();
        var said = (await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(said is ["no pydicom"], "pydicom is not installed: the reader of this SDK has judged alone, and found nothing.");
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(paths.Length / 2, said.Length);
        Assert.All(said, static line => Assert.Equal("same", line));
    }
}
