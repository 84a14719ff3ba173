using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Dicom.Migration.DicomWeb.Multipart;

namespace Dicom.Migration.DicomWeb.Http;

/// <summary>Sends requests to one peer: behind its gate, with its credential, to its origin alone; and gives failures their names.</summary>
internal sealed class DicomWebConnection(HttpClient http, DicomWebClientOptions options, TimeProvider time, DicomWebCredential credential, PeerGate gate)
{
    private const int MaxRedirects = 3;
    private const int MaxHtml = 4_096; // bytes
    private const long MaxSeconds = 1_000_000_000; // 31 years: whatever is longer is absurd

    /// <summary>The service's root, with a slash at its end.</summary>
    public Uri Root { get; } = new(options.BaseAddress!.AbsoluteUri.TrimEnd('/') + "/");
    public DicomWebClientOptions Options => options;
    public TimeProvider Time => time;

    /// <summary>Asks, and gives the answer when its head is here, whatever its status. A redirect is followed within the origin.</summary>
    /// <exception cref="DicomWebException">No answer, or one that says more of the peer than of the request: 401, 403, 429, 5xx.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri uri, string? accept, HttpContent? content, bool isRepeatable, CancellationToken cancellationToken)
    {
        var mayAskAgain = isRepeatable;
        for (var redirects = 0; ;)
        {
            await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
            var header = await credential.GetAsync(cancellationToken).ConfigureAwait(false);
            var response = await SendOnceAsync(method, uri, accept, content, header, cancellationToken).ConfigureAwait(false);
            var isKept = false;
            try
            {
                // One more try with a fresh token; more would be a storm.
                if (response.StatusCode is HttpStatusCode.Unauthorized && credential.Refused(header) && mayAskAgain) mayAskAgain = false;
                else if (method == HttpMethod.Get && (int)response.StatusCode is 301 or 302 or 303 or 307 or 308 && redirects++ < MaxRedirects)
                    uri = SameOrigin(response.Headers.Location is { } location ? new Uri(uri, location) : null);
                else
                {
                    ThrowIfOfPeer(response);
                    if (await IsOfTlsAsync(response, uri, cancellationToken).ConfigureAwait(false))
                        throw new DicomWebException(FaultCode.TlsRefused, "What stands before the peer asks for a client certificate, or for another one (400).");
                    isKept = true;
                    return response;
                }
            }
            finally
            {
                if (!isKept) response.Dispose();
            }
        }
    }

    /// <summary>The body of an answer, which lets go of the answer when it is disposed.</summary>
    /// <exception cref="DicomWebException">It is compressed, which nobody asked for.</exception>
    public async Task<Stream> OpenAsync(HttpResponseMessage response, long maxLength, CancellationToken cancellationToken)
    {
        try
        {
            if (response.Content.Headers.ContentEncoding.Any(static e => !e.Equals("identity", StringComparison.OrdinalIgnoreCase)))
                throw new DicomWebException(FaultCode.ProtocolViolation, "An answer is compressed although that was not asked for.");
            if (response.Content.Headers.ContentLength > maxLength) throw new DicomWebException(FaultCode.MessageTooLong, "An answer is longer than the limit.");
            return new PacedStream(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), response, maxLength, options.IdleTimeout, options.MinBytesPerSecond, time);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>A URL that a peer handed out, if it leads to the peer's own scheme, host and port: anywhere else it could be anything.</summary>
    /// <exception cref="DicomWebException">It leads elsewhere (<see cref="FaultCode.ProtocolViolation"/>).</exception>
    public Uri SameOrigin(Uri? uri) =>
        uri is { IsAbsoluteUri: true, UserInfo: "" } && Uri.Compare(uri, Root, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0 ? uri
            : throw new DicomWebException(FaultCode.ProtocolViolation, "The peer hands out a URL that leads to another origin. It is not followed.");

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri uri, string? accept, HttpContent? content, AuthenticationHeaderValue? header, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, uri) { Content = content };
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.Authorization = header;
        try { return await DeliverAsync(request, cancellationToken).ConfigureAwait(false); }
        finally
        {
            request.Content = null; // is the caller's, and may be sent again
        }
    }

    /// <summary>Asks without saying who asks, and in the highest version of HTTP that both sides know; gives the answer whatever it is.</summary>
    /// <exception cref="DicomWebException">No answer.</exception>
    public async Task<HttpResponseMessage> GreetAsync(Uri uri, string accept, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return await DeliverAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> DeliverAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(options.AnswerTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        // A large instance may take longer than any answer: as long as it goes on, it goes on.
        using var progress = (request.Content as MultipartDicomContent)?.Watch(() => late.CancelAfter(options.AnswerTimeout));
        try { return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token).ConfigureAwait(false); }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DicomWebException(FaultCode.PeerTimeout, "The peer did not answer within the time allowed.", e);
        }
        catch (HttpRequestException e)
        {
            throw e.HttpRequestError is HttpRequestError.SecureConnectionError
                ? new DicomWebException(FaultCode.TlsRefused, "TLS could not be agreed on: check host name, certificates and the authorities that are trusted.", e)
                : new DicomWebException(e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError ? FaultCode.PeerUnreachable : FaultCode.PeerClosedEarly,
                    "The peer cannot be reached, or closed the connection before it had answered.", e);
        }
    }

    private void ThrowIfOfPeer(HttpResponseMessage response)
    {
        switch ((int)response.StatusCode)
        {
            case 401 or 407: throw new DicomWebException(FaultCode.AccessDenied, "The peer asks for other credentials (401).");
            case 403: throw new DicomWebException(FaultCode.AccessDenied, "The peer forbids it (403).");
            case 408: throw new DicomWebException(FaultCode.PeerTimeout, "The peer waited too long for the request (408).");
            case 429 or 503:
                gate.Shut(Pause(response.Headers));
                throw new DicomWebException(FaultCode.PeerBusy, "The peer asks to be left alone for a while (429 or 503).");
            case 502 or 504: throw new DicomWebException(FaultCode.PeerUnreachable, "What stands before the peer cannot reach it (502 or 504).");
            case 507: throw new DicomWebException(FaultCode.DiskFull, "The peer is full (507).");
            case >= 500: throw new DicomWebException(FaultCode.PeerBusy, "The peer failed (5xx).");
            case >= 300 and < 400: throw new DicomWebException(FaultCode.ProtocolViolation, "The peer sends the client elsewhere, again and again or not by GET.");
        }
    }

    /// <summary>Whether an answer says of the connection, and of no object, that it lacks a certificate: nginx lets TLS succeed and says so by 400 and a page of its own.</summary>
    private async Task<bool> IsOfTlsAsync(HttpResponseMessage response, Uri uri, CancellationToken cancellationToken)
    {
        if (response.StatusCode is not HttpStatusCode.BadRequest || uri.Scheme != Uri.UriSchemeHttps || response.Content.Headers is not { ContentType.MediaType: "text/html", ContentLength: > 0 and <= MaxHtml }) return false;
        using var late = new CancellationTokenSource(options.IdleTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await response.Content.LoadIntoBufferAsync(MaxHtml, both.Token).ConfigureAwait(false);
            return (await response.Content.ReadAsByteArrayAsync(both.Token).ConfigureAwait(false)).AsSpan().IndexOf("SSL certificate"u8) >= 0;
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false; // a page that does not come says nothing
        }
    }

    // RFC 9110 §10.2.3: seconds or a date. What is absurd is no reason to ask at once, nor to wait for ever.
    private TimeSpan Pause(HttpResponseHeaders headers)
    {
        var said = headers.TryGetValues("Retry-After", out var values) ? values.First().Trim() : "";
        var isNumber = said.Length > 0 && !said.AsSpan().ContainsAnyExceptInRange('0', '9');
        var pause = !isNumber ? headers.RetryAfter?.Date is { } date ? date - time.GetUtcNow() : options.DefaultPause
            : long.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < MaxSeconds ? TimeSpan.FromSeconds(seconds) : options.MaxPause;
        return pause < options.DefaultPause ? options.DefaultPause : pause > options.MaxPause ? options.MaxPause : pause;
    }
}
