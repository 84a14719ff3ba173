using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Multipart;
using Dicom.Migration.DicomWeb.Tests.Multipart;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Dicom.Migration.DicomWeb.Tests.Peers;

/// <summary>A DICOMweb server in memory, on loopback, that keeps to the standard until it is told to misbehave.</summary>
internal sealed class WebArchive : IAsyncDisposable
{
    private const string Boundary = "archive-boundary";
    private readonly WebApplication _app;
    private readonly Lock _lock = new();
    private readonly List<StoredObject> _objects = [];

    private WebArchive(WebApplication app) => _app = app;

    public Uri Root => new(_app.Urls.First() + "/dicom-web/");
    /// <summary>What was asked, as method, path and query.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();
    /// <summary>Header fields of what was asked.</summary>
    public ConcurrentQueue<IHeaderDictionary> Headers { get; } = new();
    /// <summary>Answers a request in its own way and says so; <see langword="false"/> leaves it to the archive.</summary>
    public Func<HttpContext, Task<bool>> Misbehaviour { get; set; } = static _ => Task.FromResult(false);
    /// <summary>Of the objects stored: whether the answer lists one as stored, as failed, or not at all.</summary>
    public Func<StoredObject, bool?> Lists { get; set; } = static _ => true;
    /// <summary>Bytes of a multipart answer's parts after which the connection is cut.</summary>
    public int? CutAfter { get; set; }
    /// <summary>Most results of any query; an offset counts within them alone.</summary>
    public int? Cap { get; set; }
    public bool IgnoresOffset { get; set; }

    public IReadOnlyList<StoredObject> Objects { get { lock (_lock) return [.. _objects]; } }

    public static Task<WebArchive> StartAsync(params IEnumerable<byte[]> files) => StartAsync(null, files);

    /// <param name="https">Sets up TLS; <see langword="null"/> for none.</param>
    /// <param name="files">What it holds.</param>
    public static async Task<WebArchive> StartAsync(Action<HttpsConnectionAdapterOptions>? https, params IEnumerable<byte[]> files)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(o =>
        {
            o.Listen(IPAddress.Loopback, 0, l =>
            {
                l.Protocols = https is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
                if (https is not null) l.UseHttps(https);
            });
            o.Limits.MaxRequestBodySize = null;
            o.Limits.MinRequestBodyDataRate = null;
        });
        var archive = new WebArchive(builder.Build());
        archive._app.Run(archive.AnswerAsync);
        archive._objects.AddRange(files.Select(StoredObject.Read));
        await archive._app.StartAsync();
        return archive;
    }

    public DicomWebClient Client(TimeProvider? time = null, DicomWebCredential? credential = null, Action<DicomWebClientOptions>? configure = null)
    {
        var options = new DicomWebSourceOptions { BaseAddress = Root };
        configure?.Invoke(options);
        return new DicomWebClient(new HttpClient(DicomWebHandler.Create()) { Timeout = Timeout.InfiniteTimeSpan }, options, time ?? TimeProvider.System, credential);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        Requests.Enqueue(context.Request.Method + " " + context.Request.Path + context.Request.QueryString);
        Headers.Enqueue(new HeaderDictionary(context.Request.Headers.ToDictionary(static h => h.Key, static h => h.Value, StringComparer.OrdinalIgnoreCase))); // the server uses its own again
        if (await Misbehaviour(context)) return;
        var names = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries)[1..];
        if (context.Request.Method == "POST") await StoreAsync(context);
        else if (context.Request.Method == "DELETE")
        {
            lock (_lock) context.Response.StatusCode = _objects.RemoveAll(o => IsIn(o, names)) > 0 ? 204 : 404;
        }
        else if (names[^1] is "studies" or "series" or "instances") await SearchAsync(context, names);
        else if (names[^1] == "metadata" && Objects.Any(o => IsIn(o, names[..^1]))) await JsonAsync(context, Objects.Where(o => IsIn(o, names[..^1])));
        else await RetrieveAsync(context, Objects.Where(o => IsIn(o, names)).ToList());
    }

    // studies/1.2/series/1.2.3/instances/1.2.3.4, as far as it goes
    private static bool IsIn(StoredObject o, string[] names) =>
        (names.Length < 2 || names[1] == o.StudyUid) && (names.Length < 4 || names[3] == o.SeriesUid) && (names.Length < 6 || names[5] == o.InstanceUid);

    private async Task SearchAsync(HttpContext context, string[] names)
    {
        var query = context.Request.Query;
        var matching = Objects.Where(o => IsIn(o, names[..^1]));
        if (query.TryGetValue("00080020", out var dates) && dates[0]!.Split('-') is [var first, var last])
            matching = matching.Where(o => string.CompareOrdinal(o.Date, first) >= 0 && string.CompareOrdinal(o.Date, last) <= 0);
        if (query.TryGetValue("00080018", out var uid)) matching = matching.Where(o => o.InstanceUid == uid[0]);
        var groups = matching.GroupBy(o => names[^1] switch { "studies" => o.StudyUid, "series" => o.SeriesUid, _ => o.InstanceUid });
        if (Cap is { } cap) groups = groups.Take(cap + 1);
        if (!IgnoresOffset && query.TryGetValue("offset", out var offset)) groups = groups.Skip(int.Parse(offset[0]!, System.Globalization.CultureInfo.InvariantCulture));
        if (query.TryGetValue("limit", out var limit)) groups = groups.Take(int.Parse(limit[0]!, System.Globalization.CultureInfo.InvariantCulture));
        await JsonAsync(context, groups.Select(static g => g.First()), o => Objects.Count(p => p.StudyUid == o.StudyUid));
    }

    private static async Task JsonAsync(HttpContext context, IEnumerable<StoredObject> objects, Func<StoredObject, int>? count = null)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartArray();
            foreach (var o in objects)
            {
                var result = new DataSet();
                result.Set(new DicomTag(0x00080018), o.InstanceUid);
                result.Set(new DicomTag(0x0020000D), o.StudyUid);
                result.Set(new DicomTag(0x0020000E), o.SeriesUid);
                if (count is not null) result.Set(DataElement.Integers(new DicomTag(0x00201208), DicomVr.IS, count(o)));
                new DicomJsonWriter(writer).Write(result);
            }
            writer.WriteEndArray();
        }
        context.Response.ContentType = "application/dicom+json";
        await context.Response.Body.WriteAsync(json.ToArray());
    }

    private async Task RetrieveAsync(HttpContext context, List<StoredObject> objects)
    {
        if (objects.Count == 0)
        {
            context.Response.StatusCode = 404;
            return;
        }
        context.Response.ContentType = $"multipart/related; type=\"application/dicom\"; boundary=\"{Boundary}\"";
        var bytes = MultipartSample.Write(Boundary, objects.Select(static o => o.File));
        if (CutAfter is not { } cut || cut >= bytes.Length) await context.Response.Body.WriteAsync(bytes);
        else
        {
            await context.Response.Body.WriteAsync(bytes.AsMemory(0, cut));
            await context.Response.Body.FlushAsync();
            context.Abort();
        }
    }

    private async Task StoreAsync(HttpContext context)
    {
        var type = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(context.Request.ContentType!);
        Assert.Equal("multipart/related", type.MediaType);
        Assert.Equal("\"application/dicom\"", type.Parameters.Single(static p => p.Name == "type").Value);
        var reader = new MultipartReader(context.Request.BodyReader, type.Parameters.Single(static p => p.Name == "boundary").Value!);
        var (stored, failed, received) = (new List<StoredObject>(), new List<(StoredObject, int)>(), new List<StoredObject>());
        foreach (var file in await MultipartSample.ReadAllAsync(reader)) received.Add(StoredObject.Read(file)); // all or nothing of a request that is cut off
        foreach (var o in received)
        {
            var lists = Lists(o);
            lock (_lock)
            {
                var same = _objects.Find(p => p.InstanceUid == o.InstanceUid);
                if (lists is false) failed.Add((o, 0x0110));
                else if (same is not null && !same.Body.AsSpan().SequenceEqual(o.Body)) failed.Add((o, 0x0111));
                else
                {
                    if (same is null) _objects.Add(o);
                    if (lists is true) stored.Add(o);
                }
            }
        }
        await AnswerStoreAsync(context, stored.Select(static o => o.InstanceUid), failed.Select(static f => (f.Item1.InstanceUid, f.Item2)));
    }

    public static async Task AnswerStoreAsync(HttpContext context, IEnumerable<string> stored, IEnumerable<(string Uid, int Reason)> failed)
    {
        var parts = new List<string>();
        var (good, bad) = (stored.ToList(), failed.ToList());
        if (good.Count > 0) parts.Add("\"00081199\":{\"vr\":\"SQ\",\"Value\":[" + string.Join(',', good.Select(static u => "{\"00081155\":{\"vr\":\"UI\",\"Value\":[\"" + u + "\"]}}")) + "]}");
        if (bad.Count > 0) parts.Add("\"00081198\":{\"vr\":\"SQ\",\"Value\":[" + string.Join(',', bad.Select(static f => "{\"00081155\":{\"vr\":\"UI\",\"Value\":[\"" + f.Uid + "\"]},\"00081197\":{\"vr\":\"US\",\"Value\":[" + f.Reason + "]}}")) + "]}");
        context.Response.StatusCode = bad.Count == 0 ? 200 : good.Count == 0 ? 409 : 202;
        context.Response.ContentType = "application/dicom+json";
        await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes("{" + string.Join(',', parts) + "}"));
    }
}
