using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Testing;

/// <summary>A small DICOMweb archive in memory: QIDO-RS, WADO-RS, metadata, STOW-RS and DELETE; behaves as its script says.</summary>
/// <remarks>It is a handler for <see cref="HttpClient"/> without a socket, so that whoever tests with it carries no web server along; a test that is about
/// connections puts it behind one by passing on what that receives. It shares the objects of a <see cref="ScriptedPacs"/> if it is given one.</remarks>
/// <param name="over">Whose objects it shows and stores into; <see langword="null"/> for its own.</param>
public sealed class ScriptedWebPacs(ScriptedPacs? over = null) : HttpMessageHandler
{
    private const string Json = "application/dicom+json", Dicom = "application/dicom", Octets = "application/octet-stream", BoundaryOfAnswers = "scripted-boundary";
    private readonly Lock _lock = new();
    private readonly List<PacsInstance> _instances = [];

    /// <summary>Root of the service.</summary>
    public static Uri Root { get; } = new("http://pacs.test/dicom-web/");
    /// <summary>How it behaves; may be changed while it runs.</summary>
    public WebPacsScript Script { get; set; } = new();
    /// <summary>What was asked, as method, path below the root, and query.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();
    /// <summary>Header fields of what was asked.</summary>
    public ConcurrentQueue<HttpRequestHeaders> RequestHeaders { get; } = new();

    /// <summary>What it holds now.</summary>
    public IReadOnlyList<PacsInstance> Instances
    {
        get
        {
            if (over is not null) return over.Instances;
            lock (_lock) return [.. _instances];
        }
    }

    /// <summary>Puts an object into it.</summary>
    /// <param name="instance">The object.</param>
    public void Add(PacsInstance instance)
    {
        if (over is not null) over.Add(instance);
        else
        {
            lock (_lock) _instances.Add(instance);
        }
    }

    /// <summary>Puts an object into it.</summary>
    /// <param name="instance">The object.</param>
    public void Add(MadeUpInstance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        Add(PacsInstance.Read(instance.Bytes[instance.DataSetOffset..], instance.TransferSyntax));
    }

    /// <summary>An object as a Part 10 file.</summary>
    /// <param name="instance">The object.</param>
    public static byte[] ToFile(PacsInstance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        var file = new ArrayBufferWriter<byte>(instance.Bytes.Length + 512);
        Part10FileWriter.WritePrefix(file, instance.SopClassUid, instance.SopInstanceUid, instance.TransferSyntax);
        file.Write(instance.Bytes.Span);
        return file.WrittenSpan.ToArray();
    }

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        cancellationToken.ThrowIfCancellationRequested();
        var path = request.RequestUri!.AbsolutePath;
        if (path.StartsWith(Root.AbsolutePath, StringComparison.Ordinal)) path = path[Root.AbsolutePath.Length..];
        Requests.Enqueue(request.Method + " " + path + request.RequestUri.Query);
        RequestHeaders.Enqueue(request.Headers);
        // A server reads a request to its end before it answers, whatever it answers.
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        var answer = Script.Answers(request) ?? Answer(request, path, body);
        answer.RequestMessage = request;
        return answer;
    }

    private HttpResponseMessage Answer(HttpRequestMessage request, string path, byte[] body)
    {
        var names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (request.Method == HttpMethod.Post) return Store(request, body);
        if (request.Method == HttpMethod.Delete) return Delete(names);
        if (request.Method != HttpMethod.Get || names.Length == 0) return new(HttpStatusCode.MethodNotAllowed);
        return names[^1] switch
        {
            "studies" or "series" or "instances" => Search(request, names),
            "metadata" => Metadata(request, names[..^1]),
            _ when names is [.., "bulk", _] => BulkData(request, names),
            _ => Retrieve(request, path, names),
        };
    }

    // studies/1.2/series/1.2.3/instances/1.2.3.4, as far as it goes
    private static bool IsIn(PacsInstance i, string[] names) =>
        (names.Length < 2 || names[1] == i.StudyInstanceUid) && (names.Length < 4 || names[3] == i.SeriesInstanceUid) && (names.Length < 6 || names[5] == i.SopInstanceUid);

    private HttpResponseMessage Search(HttpRequestMessage request, string[] names)
    {
        var query = request.RequestUri!.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(static p => p.Split('=', 2)).ToLookup(static p => p[0], static p => Uri.UnescapeDataString(p[^1]), StringComparer.Ordinal);
        int Number(string name, int otherwise) => query[name].FirstOrDefault() is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        var held = Instances.Where(i => IsIn(i, names[..^1])).ToList();
        var answers = WebPacsQuery.Answers(names[^1], query, held, Script).ToList();
        if (Script.Withheld > 0 && !query.Contains("00080020")) answers.RemoveRange(0, Math.Min(Script.Withheld, answers.Count));
        if (Script.Cap > 0) answers = [.. answers.Take(Script.Cap + 1)];
        var (offset, limit) = (Number("offset", 0), Number("limit", int.MaxValue));
        var page = Script.Paging switch
        {
            WebPacsPaging.OffsetIgnored => answers.Take(limit),
            WebPacsPaging.Loops => answers.Skip(answers.Count == 0 ? 0 : offset % answers.Count).Take(limit),
            WebPacsPaging.Overlaps => answers.Skip(Math.Max(0, offset - 1)).Take(limit),
            WebPacsPaging.Endless => Enumerable.Range(offset, Math.Min(limit, 10_000)).Select(static n => WebPacsQuery.MadeUp(n)),
            _ => answers.Skip(offset).Take(limit),
        };
        return JsonAnswer(request, page);
    }

    private HttpResponseMessage Metadata(HttpRequestMessage request, string[] names)
    {
        var found = Instances.Where(i => IsIn(i, names)).ToList();
        if (found.Count == 0) return new(HttpStatusCode.NotFound);
        var path = request.RequestUri!.GetLeftPart(UriPartial.Path);
        var options = Script.LongestInline is not { } longest ? null : new DicomJsonWriterOptions
        {
            MaxInlineBinaryLength = longest,
            BulkDataUri = at => $"{path[..path.LastIndexOf('/')]}/bulk/{string.Concat(at.Path.Select(static step => string.Create(CultureInfo.InvariantCulture, $"{step.Sequence.Value:X8}.{step.Item}.")))}{at.Tag.Value:X8}",
        };
        return JsonAnswer(request, found.Select(Script.Describes).Select(static i => DataSet.Read(i.Bytes, i.TransferSyntax)), options: options);
    }

    private HttpResponseMessage BulkData(HttpRequestMessage request, string[] names)
    {
        static uint Hex(string tag) => uint.Parse(tag, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var instance = Instances.FirstOrDefault(i => IsIn(i, names[..^2]));
        var (steps, at) = (names[^1].Split('.'), instance is null ? null : DataSet.Read(instance.Bytes, instance.TransferSyntax));
        for (var i = 0; i < steps.Length - 1; i += 2) at = at?.Find(new DicomTag(Hex(steps[i])))?.Items[int.Parse(steps[i + 1], CultureInfo.InvariantCulture)];
        var found = at?.Find(new DicomTag(Hex(steps[^1])));
        return found is null ? new(HttpStatusCode.NotFound) : Answer(request, $"multipart/related; type=\"{Octets}\"; boundary=\"{BoundaryOfAnswers}\"", WebPacsMultipart.Write(BoundaryOfAnswers, Octets, [found.Value]), null);
    }

    private HttpResponseMessage Retrieve(HttpRequestMessage request, string path, string[] names)
    {
        var found = Instances.Where(i => IsIn(i, names)).ToList();
        var isSplit = Script.SplitsStudiesByPatient && names.Length == 2 && found.Select(static i => i.PatientId).Distinct(StringComparer.Ordinal).Count() > 1;
        if (found.Count == 0 || isSplit) return new(HttpStatusCode.NotFound);
        var isAsStored = request.Headers.TryGetValues("Accept", out var accept) && accept.Any(static a => a.Contains("transfer-syntax=*", StringComparison.Ordinal));
        if (Script.SendsUnrequested) found.AddRange(Instances.Where(i => !IsIn(i, names)));
        found.RemoveAll(i => Script.Withholds(i));
        IEnumerable<PacsInstance> sent = found.Select(Script.Sends).Select(i => isAsStored ? i : Script.Transcodes(i));
        if (Script.SendsTwice) sent = sent.SelectMany(static i => new[] { i, i });
        var isFrames = names.Contains("frames", StringComparer.Ordinal);
        var type = isFrames ? Octets : Dicom;
        var bytes = WebPacsMultipart.Write(BoundaryOfAnswers, type, sent.Select(i => isFrames ? i.Bytes[^1..] : ToFile(i).AsMemory()));
        return Answer(request, Script.Labels($"multipart/related; type=\"{type}\"; boundary=\"{BoundaryOfAnswers}\""), Script.Damages(bytes), Script.BreaksOffAfter(path));
    }

    private HttpResponseMessage Store(HttpRequestMessage request, byte[] body)
    {
        var type = request.Content?.Headers.ContentType;
        if (type?.MediaType is "multipart/form-data") return new(HttpStatusCode.OK); // Orthanc: 200, an empty body, and nothing stored
        if (type?.MediaType is not "multipart/related") return new(HttpStatusCode.UnsupportedMediaType);
        var boundary = type.Parameters.FirstOrDefault(static p => p.Name == "boundary")?.Value?.Trim('"') ?? "";
        if (WebPacsMultipart.Read(body, boundary) is not { } files) return new(HttpStatusCode.BadRequest);
        var (stored, failed) = (new List<DataSet>(), new List<DataSet>());
        foreach (var file in files)
        {
            var dataSet = DataSet.ReadFile(file);
            var instance = PacsInstance.Read(file.AsMemory(dataSet.Prefix!.Length), dataSet.Prefix.TransferSyntax);
            var listing = Script.Lists(instance);
            var isKept = listing is WebPacsListing.Failed or WebPacsListing.LeftOut or WebPacsListing.Both || Keep(instance);
            if (!isKept) failed.Add(Item(instance, 0x00081197, 0x0111));
            else if (listing is WebPacsListing.Failed) failed.Add(Item(instance, 0x00081197, 0x0110));
            else if (listing is WebPacsListing.Both) { stored.Add(Item(instance, 0, 0)); failed.Add(Item(instance, 0x00081197, 0x0110)); }
            else if (listing is WebPacsListing.Stored or WebPacsListing.StoredWithWarning) stored.Add(Item(instance, listing is WebPacsListing.Stored ? 0 : 0x00081196u, 0xB000));
        }

        var answer = new DataSet();
        if (failed.Count > 0) answer.Add(DataElement.Sequence(new DicomTag(0x00081198), failed));
        if (stored.Count > 0) answer.Add(DataElement.Sequence(new DicomTag(0x00081199), stored));
        var response = JsonAnswer(request, [answer], isArray: false);
        response.StatusCode = (HttpStatusCode)Script.StoreStatus(stored.Count, failed.Count);
        return response;
    }

    private HttpResponseMessage Delete(string[] names)
    {
        if (!Script.Deletes || over is not null) return new(HttpStatusCode.MethodNotAllowed);
        lock (_lock) return new(_instances.RemoveAll(i => IsIn(i, names)) > 0 ? HttpStatusCode.NoContent : HttpStatusCode.NotFound);
    }

    private bool Keep(PacsInstance instance)
    {
        if (Script.StoresNothing) return true;
        lock (_lock)
        {
            var same = Instances.FirstOrDefault(i => i.SopInstanceUid == instance.SopInstanceUid);
            if (same is null) Add(instance);
            else if (Script.Duplicates is PacsDuplicates.NewReplaces && over is null) _instances[_instances.IndexOf(same)] = instance;
            else if (Script.Duplicates is PacsDuplicates.Refused && !same.Bytes.Span.SequenceEqual(instance.Bytes.Span)) return false;
            return true;
        }
    }

    private static DataSet Item(PacsInstance instance, uint reason, long code)
    {
        var item = new DataSet { DataElement.Text(new DicomTag(0x00081150), DicomVr.UI, [instance.SopClassUid]), DataElement.Text(new DicomTag(0x00081155), DicomVr.UI, [instance.SopInstanceUid]) };
        if (reason != 0) item.Set(DataElement.Integers(new DicomTag(reason), DicomVr.US, code));
        return item;
    }

    private HttpResponseMessage JsonAnswer(HttpRequestMessage request, IEnumerable<DataSet> dataSets, bool isArray = true, DicomJsonWriterOptions? options = null)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            if (isArray) writer.WriteStartArray();
            foreach (var dataSet in dataSets) new DicomJsonWriter(writer, options).Write(dataSet);
            if (isArray) writer.WriteEndArray();
        }

        return Answer(request, Json, json.ToArray(), null);
    }

    private HttpResponseMessage Answer(HttpRequestMessage request, string type, byte[] bytes, long? breakOff)
    {
        var isCompressed = Script.CompressesUnasked || (Script.Compresses && request.Headers.AcceptEncoding.Any(static e => e.Value is "gzip" or "*"));
        if (isCompressed)
        {
            using var compressed = new MemoryStream();
            using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(bytes);
            bytes = compressed.ToArray();
        }

        var response = new HttpResponseMessage(HttpStatusCode.OK) { Content = new WebPacsBody(bytes, breakOff, Script.BreaksOffQuietly, !Script.GivesNoLength && !Script.HasNoLength) };
        response.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (isCompressed) response.Content.Headers.ContentEncoding.Add("gzip");
        if (Script.GivesNoLength) response.Headers.ConnectionClose = true;
        return response;
    }
}
