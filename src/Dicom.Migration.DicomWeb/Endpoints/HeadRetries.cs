using System.Net;
using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace Dicom.Migration.DicomWeb;

/// <summary>What is tried again below the client: a request that only asks, while there is no head of an answer yet.</summary>
/// <remarks>A store may have been carried out, so whoever sent it decides; a body that breaks off is resumed where it is read; 429 and 503 shut the gate of the
/// peer, which has to see them. What is left are connections that fail, and proxies that cannot reach the peer.</remarks>
internal static class HeadRetries
{
    /// <summary>Tries after the first.</summary>
    public const int Most = 2;

    public static HttpRetryStrategyOptions Options { get; } = new()
    {
        MaxRetryAttempts = Most, Delay = TimeSpan.FromMilliseconds(200), BackoffType = DelayBackoffType.Exponential, UseJitter = true, ShouldRetryAfterHeader = false,
        ShouldHandle = static attempt => ValueTask.FromResult(IsSafe(attempt.Context.GetRequestMessage()) && (attempt.Outcome switch
        {
            { Exception: HttpRequestException e } => e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.ResponseEnded or HttpRequestError.Unknown,
            { Result.StatusCode: HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout } => true,
            _ => false,
        })),
    };

    private static bool IsSafe(HttpRequestMessage? request) => request is { Content: null } && (request.Method == HttpMethod.Get || request.Method == HttpMethod.Options);
}
