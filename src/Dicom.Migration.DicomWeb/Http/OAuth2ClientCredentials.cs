using System.Net.Http.Headers;
using System.Text.Json;

namespace Dicom.Migration.DicomWeb;

/// <summary>OAuth 2.0 client credentials (RFC 6749 §4.4): one token for all requests, and one request for a new token at a time.</summary>
public sealed class OAuth2ClientCredentials : DicomWebCredential, IDisposable
{
    private const int MaxAnswerLength = 65_536; // a token is a few KiB
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60); // for the token endpoint's whole answer
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(10); // between two tokens, where the first is refused
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(2);
    private readonly HttpClient _http;
    private readonly Uri _tokenEndpoint;
    private readonly string _clientId;
    private readonly SecretReference _clientSecret;
    private readonly string? _scope;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _single = new(1, 1);
    private volatile Token? _token;
    private volatile Failure? _failure;

    /// <summary>A credential that asks for a token when the first request needs one.</summary>
    /// <param name="http">For the token endpoint alone; should follow no redirects.</param>
    /// <param name="tokenEndpoint">Where tokens are given out.</param>
    /// <param name="clientId">Who asks.</param>
    /// <param name="clientSecret">Where the secret is.</param>
    /// <param name="scope">What is asked for, or <see langword="null"/>.</param>
    /// <param name="time">The clock.</param>
    public OAuth2ClientCredentials(HttpClient http, Uri tokenEndpoint, string clientId, SecretReference clientSecret, string? scope, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(tokenEndpoint);
        ArgumentException.ThrowIfNullOrEmpty(clientId);
        ArgumentNullException.ThrowIfNull(clientSecret);
        ArgumentNullException.ThrowIfNull(time);
        (_http, _tokenEndpoint, _clientId, _clientSecret, _scope, _time) = (http, tokenEndpoint, clientId, clientSecret, scope, time);
    }

    internal override async ValueTask<AuthenticationHeaderValue?> GetAsync(CancellationToken cancellationToken)
    {
        if (_token is { } held && held.GoodUntil > _time.GetUtcNow()) return held.Header;
        await _single.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_token is { } fresh && fresh.GoodUntil > _time.GetUtcNow()) return fresh.Header;
            // Those who waited for a request that failed do not ask again one after the other.
            if (_failure is { } failure && failure.Until > _time.GetUtcNow()) throw new DicomWebException(failure.Fault, "The token endpoint gave no token a moment ago.");
            try
            {
                var token = await RequestAsync(cancellationToken).ConfigureAwait(false);
                (_token, _failure) = (token, null);
                return token.Header;
            }
            catch (DicomWebException e)
            {
                _failure = new Failure(e.Fault, _time.GetUtcNow() + RestAfterFailure);
                throw;
            }
        }
        finally { _single.Release(); }
    }

    // Many requests may be refused with the same old token; only the one that is still held is thrown away. One that was given out just now is
    // refused for another reason than its age: a new one would be too, and so on.
    internal override bool Refused(AuthenticationHeaderValue? header)
    {
        var held = _token;
        if (held is null || !ReferenceEquals(held.Header, header)) return true;
        if (_time.GetUtcNow() - held.Since < Rest) return false;
        Interlocked.CompareExchange(ref _token, null, held);
        return true;
    }

    /// <summary>Lets go of the lock; the HTTP client stays the caller's.</summary>
    public void Dispose() => _single.Dispose();

    private async Task<Token> RequestAsync(CancellationToken cancellationToken)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["grant_type"] = "client_credentials", ["client_id"] = _clientId,
            ["client_secret"] = await _clientSecret(cancellationToken).ConfigureAwait(false),
        };
        if (_scope is not null) fields["scope"] = _scope;
        using var late = new CancellationTokenSource(Patience, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, _tokenEndpoint) { Content = new FormUrlEncodedContent(fields) };
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token).ConfigureAwait(false);
            if ((int)response.StatusCode >= 500) throw new DicomWebException(FaultCode.PeerUnreachable, "The token endpoint fails.");
            if (!response.IsSuccessStatusCode) throw new DicomWebException(FaultCode.AccessDenied, "The token endpoint gives out no token: check client, secret and scope.");
            using var body = await response.Content.ReadAsStreamAsync(both.Token).ConfigureAwait(false);
            var answer = new byte[MaxAnswerLength];
            var length = await body.ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, both.Token).ConfigureAwait(false);
            return Read(answer.AsMemory(0, length));
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DicomWebException(FaultCode.PeerTimeout, "The token endpoint did not answer within the time allowed.", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new DicomWebException(FaultCode.PeerUnreachable, "The token endpoint cannot be reached.", e);
        }
    }

    private Token Read(ReadOnlyMemory<byte> answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            var value = json.RootElement.GetProperty("access_token").GetString();
            // RFC 6749 §5.1: how long it is good is recommended, not required. Renewed before it ends, so that no request is refused for it.
            var seconds = json.RootElement.TryGetProperty("expires_in", out var said) && said.ValueKind is JsonValueKind.Number && said.TryGetInt32(out var s) ? Math.Clamp(s, 1, 86_400) : 300;
            if (string.IsNullOrEmpty(value) || value.AsSpan().ContainsAnyExceptInRange('!', '~')) throw Malformed(null);
            return new Token(new AuthenticationHeaderValue("Bearer", value), _time.GetUtcNow(), _time.GetUtcNow() + TimeSpan.FromSeconds(seconds * 0.9));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException) { throw Malformed(e is JsonException ? null : e); }
    }

    private static DicomWebException Malformed(Exception? inner) => new(FaultCode.ProtocolViolation, "The answer of the token endpoint holds no token.", inner);

    private sealed class Failure(Fault fault, DateTimeOffset until)
    {
        public Fault Fault { get; } = fault;
        public DateTimeOffset Until { get; } = until;
    }

    private sealed class Token(AuthenticationHeaderValue header, DateTimeOffset since, DateTimeOffset goodUntil)
    {
        public DateTimeOffset Since { get; } = since;
        public AuthenticationHeaderValue Header { get; } = header;
        public DateTimeOffset GoodUntil { get; } = goodUntil;
    }
}
