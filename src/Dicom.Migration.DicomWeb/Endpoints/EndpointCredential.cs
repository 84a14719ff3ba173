using Microsoft.Extensions.Configuration;

namespace Dicom.Migration.DicomWeb;

/// <summary>Makes the credential that options describe.</summary>
internal static class EndpointCredential
{
    public static DicomWebCredential Of(DicomWebEndpointOptions options, HttpClient http, IConfiguration? configuration, TimeProvider time)
    {
        var secret = options.Secret ?? (_ => new(configuration?[options.SecretKey!]
            ?? throw new DicomWebException(FaultCode.InvalidConfiguration, "The configuration has no value under the key that names a secret.")));
        return options.Authentication switch
        {
            DicomWebAuthentication.Basic => DicomWebCredential.Basic(options.User, secret),
            DicomWebAuthentication.Bearer => DicomWebCredential.Bearer(secret),
            DicomWebAuthentication.OAuth2 => new OAuth2ClientCredentials(http, options.TokenEndpoint!, options.User, secret, options.Scope, time),
            _ => DicomWebCredential.None,
        };
    }
}
