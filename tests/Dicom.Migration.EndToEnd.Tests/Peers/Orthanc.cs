using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dicom.Migration.Dimse;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>An Orthanc of one test: storage, index and configuration in a folder, C-STORE, C-FIND, C-GET, C-MOVE and, where its plug-in is installed, DICOMweb.</summary>
internal sealed class Orthanc : IAsyncDisposable
{
    private const string Plugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";
    private readonly HttpClient _http;
    private DimseSecurity _security = DimseSecurity.Plaintext;
    private PeerProcess? _process;

    private Orthanc(string title, int dicomPort, int httpPort)
    {
        (Title, Port, Address) = (title, dicomPort, new Uri($"http://127.0.0.1:{httpPort}/"));
        _http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(10) };
    }

    public string Title { get; }
    public int Port { get; }
    public Uri Address { get; }
    /// <summary>Root of its DICOMweb services; skips the test where the plug-in is not installed.</summary>
    public Uri Web
    {
        get
        {
            Assert.SkipUnless(File.Exists(Plugin), "Orthanc's DICOMweb plug-in is not installed.");
            return new Uri(Address, "dicom-web/");
        }
    }

    /// <param name="folder">Takes its configuration and all that it stores.</param>
    /// <param name="title">Its AE title.</param>
    /// <param name="settings">Settings of its own beside those that all have.</param>
    /// <param name="security">How it is asked whether it answers.</param>
    public static async Task<Orthanc> StartAsync(string folder, string title, IReadOnlyDictionary<string, object>? settings = null, DimseSecurity? security = null)
    {
        var program = PeerProcess.Find("Orthanc");
        var orthanc = new Orthanc(title, PeerProcess.FreePort(), PeerProcess.FreePort());
        var home = Directory.CreateDirectory(Path.Join(folder, title)).FullName;
        var configuration = Path.Join(home, "orthanc.json");
        orthanc._security = security ?? DimseSecurity.Plaintext;
        await File.WriteAllTextAsync(configuration, JsonSerializer.Serialize(new Dictionary<string, object>(settings ?? new Dictionary<string, object>())
        {
            ["Name"] = title, ["DicomAet"] = title, ["DicomPort"] = orthanc.Port, ["HttpPort"] = orthanc.Address.Port, ["RemoteAccessAllowed"] = false, ["AuthenticationEnabled"] = false,
            ["StorageDirectory"] = Path.Join(home, "storage"), ["IndexDirectory"] = Path.Join(home, "index"), ["TemporaryDirectory"] = Directory.CreateDirectory(Path.Join(home, "tmp")).FullName,
            ["SyncStorageArea"] = false, // no test cuts its power
            ["DicomAlwaysAllowFind"] = true, ["DicomAlwaysAllowGet"] = true, ["DicomAlwaysAllowMove"] = true,
            ["DicomScpTimeout"] = 1, // seconds; it waits so long for the rest of what it cannot read
            ["OverwriteInstances"] = false, ["SaveJobs"] = false, ["DicomModalities"] = new Dictionary<string, object>(),
            ["Plugins"] = File.Exists(Plugin) ? [Plugin] : Array.Empty<string>(),
            ["DicomWeb"] = new Dictionary<string, object> { ["Enable"] = true, ["Root"] = "/dicom-web/" },
        }), TestContext.Current.CancellationToken);
        try
        {
            orthanc._process = await PeerProcess.StartAsync(program, [configuration], orthanc.AnswersAsync);
            return orthanc;
        }
        catch
        {
            await orthanc.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes an AE title known to it, as a destination of C-MOVE and of reports on storage commitment.</summary>
    public async Task KnowAsync(string title, int port, bool overTls = false)
    {
        using var answer = await _http.PutAsJsonAsync(new Uri("modalities/" + title, UriKind.Relative), new Dictionary<string, object> { ["AET"] = title, ["Host"] = "127.0.0.1", ["Port"] = port, ["UseDicomTls"] = overTls }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>Has it ask another archive that it knows for storage commitment, and waits for the report that it gets.</summary>
    /// <returns>Its status, and for each instance whether the other one commits to it.</returns>
    public async Task<(string Status, Dictionary<string, bool> Committed)> AskCommitmentAsync(string title, IEnumerable<(string SopClassUid, string SopInstanceUid)> instances)
    {
        using var asked = await _http.PostAsJsonAsync(new Uri($"modalities/{title}/storage-commitment", UriKind.Relative),
            new Dictionary<string, object> { ["DicomInstances"] = instances.Select(static i => new Dictionary<string, string> { ["SOPClassUID"] = i.SopClassUid, ["SOPInstanceUID"] = i.SopInstanceUid }) }, TestContext.Current.CancellationToken);
        Assert.True(asked.IsSuccessStatusCode, $"{asked.StatusCode}");
        var id = (await asked.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("ID").GetString();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var report = await _http.GetFromJsonAsync<JsonElement>(new Uri("storage-commitment/" + id, UriKind.Relative), TestContext.Current.CancellationToken);
            var status = report.GetProperty("Status").GetString()!;
            if (status is not "Pending") return (status, Uids("Success").Select(static u => (u, true)).Concat(Uids("Failures").Select(static u => (u, false))).ToDictionary(StringComparer.Ordinal));
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);

            IEnumerable<string> Uids(string list) => report.TryGetProperty(list, out var items) ? items.EnumerateArray().Select(static i => i.GetProperty("SOPInstanceUID").GetString()!) : [];
        }
    }

    /// <summary>How many instances it says that it holds.</summary>
    public async Task<int> CountAsync() => (await _http.GetFromJsonAsync<string[]>(new Uri("instances", UriKind.Relative), TestContext.Current.CancellationToken))!.Length;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_process is not null) await _process.DisposeAsync();
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri("system", UriKind.Relative), cancellationToken);
            return answer.IsSuccessStatusCode && await PeerProcess.EchoesAsync(Port, Title, cancellationToken, _security);
        }
        catch (HttpRequestException)
        {
            return false; // not yet
        }
    }
}
