using System.Text.Json;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>From one archive into another, and into a folder, each by one command of the console host.</summary>
[Collection(nameof(FilledOrthanc))]
public sealed class OneCommandTests(FilledOrthanc filled) : IDisposable
{
    private const int Closed = 0;
    private readonly string _folder = Directory.CreateTempSubdirectory("dicom-migration-").FullName;

    private string End => Path.Join(_folder, "end");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, InlineData("get"), InlineData("move")]
    public async Task One_command_moves_an_archive_into_another_and_the_next_one_that_into_a_folder(string retrieve)
    {
        var (a, first) = await filled.GetAsync();
        await using var b = await Orthanc.StartAsync(_folder, "SECOND");
        var (reading, back) = (PeerProcess.FreePort(), PeerProcess.FreePort());
        await a.KnowAsync(Endpoints.Reading, reading);
        await b.KnowAsync(Endpoints.Reading, reading);
        await b.KnowAsync(Endpoints.ReadingBack, back);
        var (from, to) = (Address(a, Endpoints.Reading, retrieve, reading), Address(b, Endpoints.ReadingBack, retrieve, back));
        // By C-GET addresses are all; in C-MOVEs this side listens, and no more widely than it must.
        if (retrieve is "get") await RunAsync("second", from, to);
        else await RunAsync("second", "a", "b", "--config", await WriteAsync(("a", from), ("b", to)));
        var second = await Hop.ReadAsync("Orthanc to Orthanc in one command", Ledger("second"));
        Assert.Equal(second.Instances.Count, second.Verified.Count());
        Assert.Equal(await a.CountAsync(), second.Instances.Count);
        Assert.Equal(await a.CountAsync(), await b.CountAsync());

        from = Address(b, Endpoints.Reading, retrieve, reading);
        if (retrieve is "get") await RunAsync("last", from, "folder:" + End);
        else await RunAsync("last", "b", "folder:" + End, "--config", await WriteAsync(("b", from)));
        var last = await Hop.ReadAsync("Orthanc to folder in one command", Ledger("last"));
        await Arrival.CheckAsync(End, KnownEncodings.OfOrthanc, first, second, last);

        // None was decompressed on its way: the archive that sends it, the ledger and the file say the same of each.
        var stored = second.Verified.ToLookup(static i => i.Identity.SopInstanceUid, static i => i.Identity.TransferSyntaxUid, StringComparer.Ordinal);
        var compressed = Directory.EnumerateFiles(End, "*.dcm", SearchOption.AllDirectories).Select(static f => StoredObject.Read(f)!).Where(static o => o.Syntax.IsEncapsulated).ToList();
        Assert.True(compressed.DistinctBy(static o => o.Syntax).Count() >= 8, $"only {compressed.Count} are compressed");
        Assert.All(compressed, o => Assert.Contains(o.Syntax.Uid, stored[o.SopInstanceUid]));
        Assert.Equal(compressed.Count, second.Verified.DistinctBy(static i => i.Identity.SopInstanceUid).Count(static i => DataSets.TransferSyntax.FromUid(i.Identity.TransferSyntaxUid!).IsEncapsulated));
    }

    private static string Address(Orthanc archive, string calling, string retrieve, int listen) =>
        FormattableString.Invariant($"dimse://{archive.Title}@127.0.0.1:{archive.Port}?calling={calling}&retrieve={retrieve}&listen={listen}");

    private string Ledger(string name) => Path.Join(_folder, name + ".db");

    private async Task<string> WriteAsync(params (string Name, string Address)[] endpoints)
    {
        var path = Path.Join(_folder, endpoints[0].Name + ".json");
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(new { endpoints = endpoints.ToDictionary(static e => e.Name, static e => new { address = e.Address, options = new { ListenAddress = "127.0.0.1" } }) }), TestContext.Current.CancellationToken);
        return path;
    }

    private async Task RunAsync(string name, string from, string to, params string[] more)
    {
        var (status, lines, error) = await ConsoleHostTests.RunAsync(["run", "--from", from, "--to", to, "--ledger", Ledger(name), "--json", .. more]);
        Assert.True(status == Closed, $"{status}: {error}");
        var account = JsonDocument.Parse(lines.Last(static l => l.Contains("\"account\"", StringComparison.Ordinal))).RootElement;
        Assert.Equal((true, 0), (account.GetProperty("isClosed").GetBoolean(), account.GetProperty("excepted").GetInt32()));
        Assert.True(account.GetProperty("verified").GetInt32() > 50);
    }
}
