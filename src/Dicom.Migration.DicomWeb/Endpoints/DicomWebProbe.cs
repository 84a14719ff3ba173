using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;

namespace Dicom.Migration.DicomWeb;

/// <summary>Finds out what a DICOMweb archive offers, without storing or deleting anything; of one small study it reads the beginning.</summary>
public static class DicomWebProbe
{
    /// <summary>Asks for everything: some 15 requests.</summary>
    /// <param name="options">How the archive is reached.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="configuration">Has the secret under <see cref="DicomWebEndpointOptions.SecretKey"/>, if that is set.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DicomWebException">The archive cannot be reached, TLS cannot be agreed on, or it asks to be left alone for a while.</exception>
    /// <exception cref="ValidationException">The options contradict themselves.</exception>
    public static async Task<DicomWebProbeResult> RunAsync(DicomWebEndpointOptions options, TimeProvider timeProvider, IConfiguration? configuration = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(timeProvider);
        foreach (var wrong in options.Validate(new ValidationContext(options, nameof(options), null, null))) throw new ValidationException(wrong, null, null);
        if (options.BaseAddress is null) throw new ValidationException($"{nameof(options.BaseAddress)} is missing.");
        var (tls, ends) = ((string?)null, (DateTimeOffset?)null);
        using var handler = DicomWebHandler.Create(options.ClientCertificate?.Invoke(), options.MaxConnections, options.TrustedRoots);
        handler.PlaintextStreamFilter = (connection, _) =>
        {
            if (connection.PlaintextStream is SslStream { RemoteCertificate: { } certificate } stream)
                (tls, ends) = (stream.SslProtocol.ToString(), new DateTimeOffset(DateTime.Parse(certificate.GetExpirationDateString(), CultureInfo.CurrentCulture)));
            return ValueTask.FromResult(connection.PlaintextStream);
        };
        using var http = new HttpClient(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        var credential = EndpointCredential.Of(options, http, configuration, timeProvider);
        using var owned = credential as IDisposable;
        var conversation = new ProbeConversation(new DicomWebClient(http, options, timeProvider, credential));
        var result = await conversation.GreetAsync(cancellationToken).ConfigureAwait(false) with { TlsVersion = tls, CertificateEnds = ends };
        return await conversation.AskAsync(result, cancellationToken).ConfigureAwait(false);
    }
}
