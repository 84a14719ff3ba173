using System.Net;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Multipart;

namespace Dicom.Migration.DicomWeb;

/// <summary>The questions of a probe, one after the other: each asks about what the one before has found.</summary>
internal sealed class ProbeConversation(DicomWebClient client)
{
    private const string Json = "application/dicom+json", WithoutTransferSyntax = "multipart/related; type=\"application/dicom\"";
    private const int Page = 8; // enough to find a small study in
    private const int MaxSchemes = 8, MaxSchemeLength = 32;
    private static readonly DicomTag AvailableTransferSyntaxUid = new(0x00083002), Rows = new(0x00280010);

    /// <summary>Asks as nobody, in the highest version of HTTP.</summary>
    public async Task<DicomWebProbeResult> GreetAsync(CancellationToken cancellationToken)
    {
        using var response = await client.Connection.GreetAsync(Of("studies?limit=1"), Json, cancellationToken).ConfigureAwait(false);
        // The name of a scheme alone: a realm is whatever the peer likes to say.
        var schemes = response.Headers.WwwAuthenticate.Select(static h => h.Scheme).Where(static s => s.Length <= MaxSchemeLength && s.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'));
        return new DicomWebProbeResult
        {
            HttpVersion = response.Version, IsOpenToAll = response.IsSuccessStatusCode,
            AuthenticationSchemes = response.StatusCode is HttpStatusCode.Unauthorized ? [.. schemes.Distinct(StringComparer.OrdinalIgnoreCase).Take(MaxSchemes)] : [],
        };
    }

    public async Task<DicomWebProbeResult> AskAsync(DicomWebProbeResult result, CancellationToken cancellationToken)
    {
        var (canFind, studies) = await SearchAsync("studies", $"limit={Page}&includefield=00201208", DicomTags.StudyInstanceUid, isFirst: true, cancellationToken).ConfigureAwait(false);
        result = result with { SearchStudies = canFind, Store = await StoreAsync(cancellationToken).ConfigureAwait(false), Delete = await DeleteAsync(cancellationToken).ConfigureAwait(false) };
        result = await PageAsync(result, "studies", DicomTags.StudyInstanceUid, studies, cancellationToken).ConfigureAwait(false);
        if (studies.Where(static s => DicomUid.IsValid(Uid(s, DicomTags.StudyInstanceUid))).MinBy(Instances) is not { } found) return result;
        var study = new DicomWebResource(Uid(found, DicomTags.StudyInstanceUid));
        result = result with { SearchSeries = (await SearchAsync(study.Path + "/series", $"limit={Page}", DicomTags.SeriesInstanceUid, isFirst: false, cancellationToken).ConfigureAwait(false)).Support };
        var (canList, instances) = await SearchAsync(study.Path + "/instances", $"limit={Page}&includefield=00083002", DicomTags.SopInstanceUid, isFirst: false, cancellationToken).ConfigureAwait(false);
        result = result with { SearchInstances = canList, RetrieveStudy = (await RetrieveAsync(study, null, cancellationToken).ConfigureAwait(false)).Support };
        if (result.HonoursLimit is DicomWebSupport.Unknown) result = await PageAsync(result, study.Path + "/instances", DicomTags.SopInstanceUid, instances, cancellationToken).ConfigureAwait(false);
        var one = instances.Find(static i => DicomUid.IsValid(Uid(i, DicomTags.SopInstanceUid)) && DicomUid.IsValid(Uid(i, DicomTags.SeriesInstanceUid)));
        if (one is null) return result;
        var instance = new DicomWebResource(study.StudyInstanceUid, Uid(one, DicomTags.SeriesInstanceUid), Uid(one, DicomTags.SopInstanceUid));
        result = result with { RetrieveSeries = (await RetrieveAsync(new DicomWebResource(study.StudyInstanceUid, instance.SeriesInstanceUid), null, cancellationToken).ConfigureAwait(false)).Support };
        return await InstanceAsync(result, instance, one, cancellationToken).ConfigureAwait(false);
    }

    private async Task<DicomWebProbeResult> InstanceAsync(DicomWebProbeResult result, DicomWebResource instance, DataSet listed, CancellationToken cancellationToken)
    {
        var (whole, syntax) = await RetrieveAsync(instance, null, cancellationToken).ConfigureAwait(false);
        DataSet? metadata = null;
        string? uri = null;
        var options = new DicomJsonReaderOptions { BulkData = found => { uri ??= found.Uri; return null; } };
        var canDescribe = await TryAsync(async () =>
        {
            await foreach (var dataSet in client.RetrieveMetadataAsync(instance, options, cancellationToken).ConfigureAwait(false))
            {
                metadata = dataSet;
                return true;
            }
            return false;
        }).ConfigureAwait(false);
        var frames = metadata?.Find(Rows) is null ? DicomWebSupport.Unknown
            : await PartAsync(client.RetrieveFramesAsync(instance, [1], cancellationToken), cancellationToken).ConfigureAwait(false);
        var bulk = uri is null ? DicomWebSupport.Unknown
            : await PartAsync(client.RetrieveBulkDataAsync(uri, cancellationToken), cancellationToken).ConfigureAwait(false);
        var stored = Syntaxes(listed) is { Count: > 0 } said ? said : metadata is null ? [] : Syntaxes(metadata);
        return result with
        {
            RetrieveInstance = whole, RetrieveMetadata = canDescribe, RetrieveFrames = frames, RetrieveBulkData = bulk,
            HonoursAnyTransferSyntax = await AnySyntaxAsync(instance, whole, syntax, stored, cancellationToken).ConfigureAwait(false),
        };
    }

    /// <summary>By what the archive says it holds, or by the difference that the parameter makes.</summary>
    private async Task<DicomWebSupport> AnySyntaxAsync(DicomWebResource instance, DicomWebSupport whole, TransferSyntax? syntax, List<string> stored, CancellationToken cancellationToken)
    {
        if (whole is DicomWebSupport.Supported && stored.Count > 0) return stored.Contains(syntax!.Uid, StringComparer.Ordinal) ? DicomWebSupport.Supported : DicomWebSupport.NotSupported;
        var (plain, other) = await RetrieveAsync(instance, WithoutTransferSyntax, cancellationToken).ConfigureAwait(false);
        if (plain is not DicomWebSupport.Supported) return DicomWebSupport.Unknown;
        if (whole is not DicomWebSupport.Supported) return DicomWebSupport.NotSupported;
        return syntax!.Uid != other!.Uid || syntax.IsEncapsulated ? DicomWebSupport.Supported : DicomWebSupport.Unknown;
    }

    private async Task<(DicomWebSupport Support, List<DataSet> Results)> SearchAsync(string path, string query, DicomTag identity, bool isFirst, CancellationToken cancellationToken)
    {
        var results = new List<DataSet>();
        var support = await TryAsync(async () =>
        {
            await foreach (var result in client.ReadJsonAsync(Of(path + "?" + query), null, cancellationToken).ConfigureAwait(false))
            {
                if (Uid(result, identity).Length == 0) return false;
                results.Add(result);
                if (results.Count > 2 * Page) break; // the limit is not honoured: it could be all there is
            }
            return true;
        }, isFirst).ConfigureAwait(false);
        return (support, results);
    }

    private async Task<DicomWebProbeResult> PageAsync(DicomWebProbeResult result, string path, DicomTag identity, List<DataSet> known, CancellationToken cancellationToken)
    {
        if (known.Count < 2) return result;
        var (_, first) = await SearchAsync(path, "limit=1", identity, isFirst: false, cancellationToken).ConfigureAwait(false);
        var (_, second) = await SearchAsync(path, "limit=1&offset=1", identity, isFirst: false, cancellationToken).ConfigureAwait(false);
        return result with
        {
            HonoursLimit = known.Count <= Page && first.Count == 1 ? DicomWebSupport.Supported : DicomWebSupport.NotSupported,
            HonoursOffset = second.Count > 0 && first.Count > 0 && Uid(second[0], identity) != Uid(first[0], identity) ? DicomWebSupport.Supported : DicomWebSupport.NotSupported,
        };
    }

    /// <summary>The first instance of an answer; the rest is not read.</summary>
    private async Task<(DicomWebSupport Support, TransferSyntax? Syntax)> RetrieveAsync(DicomWebResource resource, string? accept, CancellationToken cancellationToken)
    {
        TransferSyntax? syntax = null;
        var support = await TryAsync(async () =>
        {
            await foreach (var instance in (accept is null ? client.RetrieveAsync(resource, cancellationToken) : client.RetrieveAsync(resource, accept, cancellationToken)).ConfigureAwait(false))
            {
                syntax = instance.Prefix?.TransferSyntax;
                break;
            }
            return syntax is not null;
        }).ConfigureAwait(false);
        return (support, syntax);
    }

    private static Task<DicomWebSupport> PartAsync(IAsyncEnumerable<MultipartPart> parts, CancellationToken cancellationToken) => TryAsync(async () =>
    {
        await foreach (var part in parts.WithCancellation(cancellationToken).ConfigureAwait(false)) return part.Headers.Count > 0;
        return false;
    });

    /// <summary>A request that holds no instance can store none; what takes it takes others.</summary>
    private Task<DicomWebSupport> StoreAsync(CancellationToken cancellationToken) => TryAsync(async () =>
    {
        if (await AllowsAsync("studies", HttpMethod.Post, cancellationToken).ConfigureAwait(false) is true) return true;
        using var nothing = new MultipartDicomContent([]);
        using var response = await client.Connection.SendAsync(HttpMethod.Post, Of("studies"), Json, nothing, isRepeatable: true, cancellationToken).ConfigureAwait(false);
        return (int)response.StatusCode is not (404 or 405 or 406 or 415 or 501);
    });

    private async Task<DicomWebSupport> DeleteAsync(CancellationToken cancellationToken)
    {
        bool? allows = null;
        // A UID that nobody has: 2.25 and a random UUID (PS3.5 §B.2).
        var nobodys = "studies/2.25." + new System.Numerics.BigInteger(Guid.NewGuid().ToByteArray(), isUnsigned: true);
        var answer = await TryAsync(async () => (allows = await AllowsAsync(nobodys, HttpMethod.Delete, cancellationToken).ConfigureAwait(false)) is true).ConfigureAwait(false);
        return answer is DicomWebSupport.NotSupported && allows is null ? DicomWebSupport.Unknown : answer;
    }

    /// <summary>Whether the archive says that a method is allowed; <see langword="null"/> if it says nothing.</summary>
    private async Task<bool?> AllowsAsync(string path, HttpMethod method, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await client.Connection.SendAsync(HttpMethod.Options, Of(path), null, null, isRepeatable: true, cancellationToken).ConfigureAwait(false);
            return response.IsSuccessStatusCode && response.Content.Headers.Allow is { Count: > 0 } allowed ? allowed.Contains(method.Method, StringComparer.OrdinalIgnoreCase) : null;
        }
        catch (DicomWebException e) when (e.Fault.Code is FaultCode.PeerBusy or FaultCode.ProtocolViolation) { return null; } // 501 and the like: it knows no OPTIONS
    }

    /// <summary>Whether a question is answered well; a peer that cannot be reached is an exception, one that forbids or fails is an answer.</summary>
    private static async Task<DicomWebSupport> TryAsync(Func<Task<bool>> ask, bool isFirst = false)
    {
        try { return await ask().ConfigureAwait(false) ? DicomWebSupport.Supported : DicomWebSupport.NotSupported; }
        catch (DicomWebException e) when (e.Fault.Code is FaultCode.AccessDenied) { return DicomWebSupport.Denied; }
        catch (DicomWebException e) when (isFirst && e.Fault.IsTransient) { throw; }
        catch (DicomWebException e) when (e.Fault.IsTransient) { return DicomWebSupport.Unknown; }
        catch (MigrationException e) when (e is DicomWebException or DicomFormatException && e.Fault.Code is not (FaultCode.TlsRefused or FaultCode.InvalidConfiguration)) { return DicomWebSupport.NotSupported; }
    }

    private Uri Of(string pathAndQuery) => new(client.Connection.Root, pathAndQuery);

    private static string Uid(DataSet result, DicomTag tag) => result.GetString(tag)?.TrimEnd('\0', ' ') ?? "";

    private static long Instances(DataSet study) => study.TryGetValue(DicomTags.NumberOfStudyRelatedInstances, out var value) && value.TryGetInt64(out var number) && number > 0 ? number : long.MaxValue;

    private static List<string> Syntaxes(DataSet dataSet)
    {
        var uids = new List<string>();
        if (dataSet.TryGetValue(AvailableTransferSyntaxUid, out var value))
            for (var i = 0; value.TryGetString(out var uid, i); i++) uids.Add(uid.TrimEnd('\0', ' '));
        return uids;
    }
}
