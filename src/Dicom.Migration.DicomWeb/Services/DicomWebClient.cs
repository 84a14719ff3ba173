using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Http;
using Dicom.Migration.DicomWeb.Multipart;

namespace Dicom.Migration.DicomWeb;

/// <summary>A DICOMweb client (PS3.18): QIDO-RS, WADO-RS, WADO-URI and STOW-RS, streaming both ways. Safe for concurrent use.</summary>
/// <remarks>It asks for no compression, follows redirects and URLs within the service's origin only, and deletes nothing: for that there is
/// <see cref="DicomWebEraser"/>. It tries nothing again but a request refused for an old token: whether and when is the caller's to say, by
/// <see cref="Fault.IsTransient"/>. After 429 and 503 the next requests wait as long as the peer asked.</remarks>
public sealed class DicomWebClient
{
    private const string Json = "application/dicom+json";
    private const string Instances = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    private const string Octets = "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*";
    private static readonly StreamPipeReaderOptions Buffers = new(bufferSize: 131_072, minimumReadSize: 16_384);

    /// <summary>A client that asks nothing before it is told to.</summary>
    /// <param name="http">Should follow no redirects and decompress nothing; <see cref="DicomWebHandler"/> makes such a handler. Its timeout has to be infinite.</param>
    /// <param name="options">Where the service is, and the limits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="credential">Who asks; nobody in particular by default.</param>
    /// <param name="gate">Shared by all clients of the same peer; one of its own by default.</param>
    public DicomWebClient(HttpClient http, DicomWebClientOptions options, TimeProvider time, DicomWebCredential? credential = null, PeerGate? gate = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(options.BaseAddress, nameof(options));
        Connection = new DicomWebConnection(http, options, time, credential ?? DicomWebCredential.None, gate ?? new PeerGate(time));
    }

    internal DicomWebConnection Connection { get; }
    private DicomWebClientOptions Options => Connection.Options;

    /// <summary>Searches for studies (QIDO-RS, PS3.18 §10.6), page by page.</summary>
    /// <param name="query">What to match and to give; all studies by default.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomWebException">The peer fails, or cannot list all there is (<see cref="FaultCode.QueryTooLarge"/>).</exception>
    public IAsyncEnumerable<DataSet> SearchStudiesAsync(DicomWebQuery? query = null, CancellationToken cancellationToken = default) => SearchAsync("studies", DicomTags.StudyInstanceUid, query, null, cancellationToken);

    /// <summary>Searches for the series of a study (QIDO-RS).</summary>
    /// <param name="study">The study.</param>
    /// <param name="query">What to match and to give.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomWebException">As of <see cref="SearchStudiesAsync"/>.</exception>
    public IAsyncEnumerable<DataSet> SearchSeriesAsync(DicomWebResource study, DicomWebQuery? query = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(study);
        return SearchAsync(new DicomWebResource(study.StudyInstanceUid).Path + "/series", DicomTags.SeriesInstanceUid, query, null, cancellationToken);
    }

    /// <summary>Searches for the instances of a study or series (QIDO-RS).</summary>
    /// <param name="resource">The study or series.</param>
    /// <param name="query">What to match and to give.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomWebException">As of <see cref="SearchStudiesAsync"/>.</exception>
    public IAsyncEnumerable<DataSet> SearchInstancesAsync(DicomWebResource resource, DicomWebQuery? query = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return SearchInstancesAsync(resource, query, null, cancellationToken);
    }

    internal IAsyncEnumerable<DataSet> SearchInstancesAsync(DicomWebResource resource, DicomWebQuery? query, QueryEnd? end, CancellationToken cancellationToken) =>
        SearchAsync(new DicomWebResource(resource.StudyInstanceUid, resource.SeriesInstanceUid).Path + "/instances", DicomTags.SopInstanceUid, query, end, cancellationToken);

    /// <summary>Instances of all studies, in no order: for finding out how many the peer gives at once.</summary>
    internal IAsyncEnumerable<DataSet> SearchAllInstancesAsync(CancellationToken cancellationToken) => SearchAsync("instances", DicomTags.SopInstanceUid, null, null, cancellationToken);

    /// <summary>Retrieves the instances of a study or series, or one instance, as Part 10 files in the transfer syntax that they are stored in (WADO-RS, PS3.18 §10.4).</summary>
    /// <param name="resource">What to retrieve.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Each is read or disposed before the next; until then the peer waits.</returns>
    /// <exception cref="DicomWebException">The peer fails, or has none (<see cref="FaultCode.PathNotFound"/>), or the answer breaks off.</exception>
    public IAsyncEnumerable<DicomWebInstance> RetrieveAsync(DicomWebResource resource, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return RetrieveAsync(resource, Instances, cancellationToken);
    }

    internal async IAsyncEnumerable<DicomWebInstance> RetrieveAsync(DicomWebResource resource, string accept, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var part in PartsAsync(new Uri(Connection.Root, resource.Path), accept, cancellationToken).ConfigureAwait(false))
            yield return await DicomWebInstance.OpenAsync(part, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Retrieves the metadata of a study, series or instance (PS3.18 §10.4.1.1.2), without bulk data.</summary>
    /// <param name="resource">Whose metadata.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomWebException">The peer fails, or has none.</exception>
    /// <exception cref="DicomFormatException">The answer is malformed.</exception>
    public IAsyncEnumerable<DataSet> RetrieveMetadataAsync(DicomWebResource resource, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return RetrieveMetadataAsync(resource, null, cancellationToken);
    }

    internal IAsyncEnumerable<DataSet> RetrieveMetadataAsync(DicomWebResource resource, DicomJsonReaderOptions? options, CancellationToken cancellationToken) =>
        ReadJsonAsync(new Uri(Connection.Root, resource.Path + "/metadata"), options, cancellationToken);

    /// <summary>The metadata of one instance as the peer gave it.</summary>
    internal async Task<ReadOnlyMemory<byte>> RetrieveMetadataBytesAsync(DicomWebResource instance, CancellationToken cancellationToken)
    {
        if (await OpenJsonAsync(new Uri(Connection.Root, instance.Path + "/metadata"), cancellationToken).ConfigureAwait(false) is not { } stream) return default;
        await using (stream.ConfigureAwait(false))
        {
            using var all = new MemoryStream();
            await stream.CopyToAsync(all, cancellationToken).ConfigureAwait(false);
            return all.ToArray();
        }
    }

    /// <summary>Retrieves frames of an instance as they are stored (PS3.18 §10.4.1.1.4).</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="frames">Their numbers, from 1 on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>One part for each frame; each is read or disposed before the next.</returns>
    /// <exception cref="DicomWebException">The peer fails, or has none, or the answer breaks off.</exception>
    public IAsyncEnumerable<MultipartPart> RetrieveFramesAsync(DicomWebResource instance, IReadOnlyCollection<int> frames, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(instance);
        ArgumentNullException.ThrowIfNull(instance.SopInstanceUid, nameof(instance));
        ArgumentNullException.ThrowIfNull(frames);
        if (frames.Count == 0 || frames.Any(static f => f < 1)) throw new ArgumentException("Frames are numbered from 1 on.", nameof(frames));
        return PartsAsync(new Uri(Connection.Root, instance.Path + "/frames/" + string.Join(',', frames)), Octets, cancellationToken);
    }

    /// <summary>Retrieves bulk data by the URI that metadata has for it (PS3.18 §10.4.1.1.5).</summary>
    /// <param name="bulkDataUri">As it stands there, absolute or relative to the service's root. One that leads to another origin is refused.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Its parts; each is read or disposed before the next.</returns>
    /// <exception cref="DicomWebException">The URI leads elsewhere, the peer fails, or the answer breaks off.</exception>
    public IAsyncEnumerable<MultipartPart> RetrieveBulkDataAsync(string bulkDataUri, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(bulkDataUri);
        return PartsAsync(Connection.SameOrigin(Uri.TryCreate(Connection.Root, bulkDataUri, out var uri) ? uri : null), Octets, cancellationToken);
    }

    /// <summary>Retrieves one instance by WADO-URI (PS3.18 §9.4), for servers that know nothing newer.</summary>
    /// <param name="wadoUri">The WADO-URI service, absolute or relative to the service's root, and within its origin.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomWebException">The peer fails, has none, or answers so that its end cannot be told from a cut.</exception>
    public async Task<DicomWebInstance> RetrieveByUriAsync(Uri wadoUri, DicomWebResource instance, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wadoUri);
        ArgumentNullException.ThrowIfNull(instance);
        ArgumentNullException.ThrowIfNull(instance.SopInstanceUid, nameof(instance));
        var query = $"?requestType=WADO&studyUID={instance.StudyInstanceUid}&seriesUID={instance.SeriesInstanceUid}&objectUID={instance.SopInstanceUid}&contentType=application%2Fdicom&transferSyntax=*";
        var service = Connection.SameOrigin(new Uri(Connection.Root, wadoUri));
        var response = await Connection.SendAsync(HttpMethod.Get, new Uri(service.GetLeftPart(UriPartial.Path) + query), "application/dicom", null, true, cancellationToken).ConfigureAwait(false);
        Checked(response, "application/dicom");
        if (response.Content.Headers.ContentLength is null && response.Headers.TransferEncodingChunked is not true)
        {
            response.Dispose();
            throw new DicomWebException(FaultCode.ProtocolViolation, "An answer has neither a length nor chunks: a whole one cannot be told from one that was cut off. Use WADO-RS.");
        }
        var body = PipeReader.Create(await Connection.OpenAsync(response, Options.MaxBodyLength, cancellationToken).ConfigureAwait(false), Buffers);
        return await DicomWebInstance.OpenAsync(body, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stores instances in one request (STOW-RS, PS3.18 §10.5).</summary>
    /// <param name="instances">At least one; each UID once.</param>
    /// <param name="cancellationToken">Gives up; the server may or may not have stored then.</param>
    /// <exception cref="DicomWebException">No answer that says anything of the instances: they may or may not be stored, and storing them again does no harm.</exception>
    /// <exception cref="Exception">A body could not be read to its end: what it threw. The request is broken off.</exception>
    public async Task<StowResult> StoreAsync(IReadOnlyList<StowInstance> instances, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(instances);
        ArgumentOutOfRangeException.ThrowIfZero(instances.Count, nameof(instances));
        using var content = new MultipartDicomContent(instances);
        try { return await StoreAsync(content, cancellationToken).ConfigureAwait(false); }
        catch (DicomWebException) when (content.BodyFailure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure); // the peer is not to blame
            throw;
        }
    }

    internal async Task<StowResult> StoreAsync(MultipartDicomContent content, CancellationToken cancellationToken)
    {
        using (var response = await Connection.SendAsync(HttpMethod.Post, new Uri(Connection.Root, "studies"), Json, content, content.IsRepeatable, cancellationToken).ConfigureAwait(false))
        {
            switch ((int)response.StatusCode)
            {
                case 413: return StowResult.Nothing(FaultCode.MessageTooLong);
                case 406 or 415: return StowResult.Nothing(FaultCode.NotNegotiable);
                case 400 or 409 or (>= 200 and < 300) when IsOf(response, Json, "application/json"): break;
                case >= 200 and < 300: return StowResult.Nothing(FaultCode.ProtocolViolation); // success that names nothing it stored
                default: return StowResult.Nothing(FaultCode.Refused);
            }
            // 400 and 409 list what was stored all the same (PS3.18 §10.5.3.1).
            var stream = await Connection.OpenAsync(response, Options.MaxJsonLength, cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
                return await StowAnswer.ReadAsync(stream, response.Content.Headers.ContentLength, content.Instances, cancellationToken).ConfigureAwait(false) ?? StowResult.Nothing(FaultCode.ProtocolViolation);
        }
    }

    private async IAsyncEnumerable<DataSet> SearchAsync(string path, DicomTag identity, DicomWebQuery? query, QueryEnd? end, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        query ??= new DicomWebQuery();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var offset = 0L; ;)
        {
            var page = new List<DataSet>();
            var before = seen.Count;
            await foreach (var result in ReadJsonAsync(new Uri(Connection.Root, path + "?" + query.ToQueryString(Options.PageSize, offset)), null, cancellationToken).ConfigureAwait(false))
            {
                if (result.GetString(identity) is not { Length: > 0 } uid) throw new DicomWebException(new Fault(FaultCode.ProtocolViolation, identity), "A result of a query lacks its UID.");
                seen.Add(uid);
                page.Add(result);
                if (seen.Count > Options.MaxResults || page.Count > Options.MaxResults) throw new DicomWebException(FaultCode.QueryTooLarge, "A query has more results than the limit: ask for less at once, by date.");
            }
            if (page.Count == 0)
            {
                if (end is not null) end.IsProven = true;
                yield break;
            }
            if (seen.Count == before)
            {
                // The offset is ignored: the same page again. Had it been all, it would hardly be as long as was asked for.
                if (page.Count == Options.PageSize) throw new DicomWebException(FaultCode.QueryTooLarge, "The peer gives the same page again and again: raise the page size above the number of results.");
                yield break;
            }
            foreach (var result in page) yield return result;
            // A short page may be the server's own cap: only an empty one is the end.
            offset += page.Count;
        }
    }

    /// <summary>The data sets of one answer.</summary>
    internal async IAsyncEnumerable<DataSet> ReadJsonAsync(Uri uri, DicomJsonReaderOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await OpenJsonAsync(uri, cancellationToken).ConfigureAwait(false) is not { } stream) yield break;
        await using (stream.ConfigureAwait(false))
            await foreach (var result in DicomJsonReader.ReadAllAsync(stream, options, cancellationToken).ConfigureAwait(false)) yield return result;
    }

    /// <returns><see langword="null"/> if there is nothing: of a query, no match (PS3.18 §10.6.3.1).</returns>
    private async Task<Stream?> OpenJsonAsync(Uri uri, CancellationToken cancellationToken)
    {
        var response = await Connection.SendAsync(HttpMethod.Get, uri, Json, null, true, cancellationToken).ConfigureAwait(false);
        if ((int)response.StatusCode == 204)
        {
            response.Dispose();
            return null;
        }
        Checked(response, Json, "application/json");
        return await Connection.OpenAsync(response, Options.MaxJsonLength, cancellationToken).ConfigureAwait(false);
    }

    private async IAsyncEnumerable<MultipartPart> PartsAsync(Uri uri, string accept, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var response = await Connection.SendAsync(HttpMethod.Get, uri, accept, null, true, cancellationToken).ConfigureAwait(false);
        Checked(response, "multipart/related");
        var boundary = response.Content.Headers.ContentType!.Parameters.FirstOrDefault(static p => p.Name.Equals("boundary", StringComparison.OrdinalIgnoreCase))?.Value?.Trim('"') ?? "";
        var stream = await Connection.OpenAsync(response, Options.MaxBodyLength, cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var reader = new MultipartReader(PipeReader.Create(stream, Buffers), boundary);
            while (await reader.ReadPartAsync(cancellationToken).ConfigureAwait(false) is { } part) yield return part;
        }
    }

    /// <summary>Lets a whole answer of the type that was asked for pass; a login page with status 200 is none.</summary>
    private static void Checked(HttpResponseMessage response, params ReadOnlySpan<string> types)
    {
        var fault = (int)response.StatusCode switch
        {
            200 when IsOf(response, types) => FaultCode.None,
            404 or 410 => FaultCode.PathNotFound,
            406 or 415 => FaultCode.NotNegotiable,
            413 or 414 => FaultCode.MessageTooLong,
            >= 400 => FaultCode.Refused,
            _ => FaultCode.ProtocolViolation, // 206 was not asked for either: a part is not the whole
        };
        if (fault is FaultCode.None) return;
        var status = (int)response.StatusCode;
        response.Dispose();
        throw new DicomWebException(fault, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"The peer answers a request with status {status}{(status == 200 ? " and a type that was not asked for" : "")}."));
    }

    private static bool IsOf(HttpResponseMessage response, params ReadOnlySpan<string> types)
    {
        foreach (var type in types)
            if (type.Equals(response.Content.Headers.ContentType?.MediaType, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
