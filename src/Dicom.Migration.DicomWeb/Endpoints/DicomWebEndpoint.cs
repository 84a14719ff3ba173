namespace Dicom.Migration.DicomWeb;

/// <summary>An archive as one line: <c>https://HOST:PORT/PATH?auth=basic|bearer|oauth2&amp;user=NAME&amp;secret=KEY&amp;token=URL&amp;scope=SCOPE</c>, or <c>http://</c>.</summary>
/// <remarks>A secret never stands in the line, which is seen by whoever lists processes: <c>secret</c> is the key of the host's configuration that it stands under.</remarks>
/// <param name="BaseAddress">The service's root, without user, query and fragment.</param>
public sealed record DicomWebEndpoint(Uri BaseAddress)
{
    private const string Form = "https://HOST:PORT/PATH?auth=basic|bearer|oauth2&user=NAME&secret=KEY&token=URL&scope=SCOPE";

    /// <summary>How the migration says who it is; <see langword="null"/> if the line leaves it to the default.</summary>
    public DicomWebAuthentication? Authentication { get; init; }
    /// <summary>User or client; <see langword="null"/> if the line leaves it to the default.</summary>
    public string? User { get; init; }
    /// <summary>Key of the host's configuration that password, token or client secret stands under; <see langword="null"/> if the line leaves it to the default.</summary>
    public string? SecretKey { get; init; }
    /// <summary>Token endpoint of OAuth 2.0; <see langword="null"/> if the line leaves it to the default.</summary>
    public Uri? TokenEndpoint { get; init; }
    /// <summary>Scope asked for with OAuth 2.0; <see langword="null"/> if the line leaves it to the default.</summary>
    public string? Scope { get; init; }

    /// <summary>Whether a line names an archive that speaks DICOMweb.</summary>
    /// <param name="text">The line.</param>
    public static bool IsOne(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads a line.</summary>
    /// <param name="text">The line; reserved characters of a value are written as %26 and the like.</param>
    /// <exception cref="DicomWebException">It is malformed (<see cref="FaultCode.InvalidConfiguration"/>); its message says what to write instead, and repeats nothing of the line.</exception>
    public static DicomWebEndpoint Parse(string text)
    {
        if (!IsOne(text)) throw Malformed("it begins neither with https:// nor with http://");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0) throw Malformed("host or port is malformed");
        if (uri.Port == 0) throw Malformed("the port is 0");
        if (uri.UserInfo.Length > 0) throw Malformed("a user stands before the @: name it by user= and the key of its password by secret=");
        if (uri.Fragment.Length > 0) throw Malformed("a # stands in it");
        var endpoint = new DicomWebEndpoint(new Uri(uri.GetLeftPart(UriPartial.Path)));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, escaped) = pair.IndexOf('=', StringComparison.Ordinal) is var at and >= 0 ? (pair[..at], pair[(at + 1)..]) : (pair, "");
            var value = Uri.UnescapeDataString(escaped);
            if (!seen.Add(name)) throw Malformed("a parameter is given twice");
            if (value.Length == 0) throw Malformed("a parameter is empty");
            endpoint = name switch
            {
                "auth" => endpoint with { Authentication = value switch { "none" => DicomWebAuthentication.None, "basic" => DicomWebAuthentication.Basic, "bearer" => DicomWebAuthentication.Bearer, "oauth2" => DicomWebAuthentication.OAuth2, _ => throw Malformed("auth is none of none, basic, bearer, oauth2") } },
                "user" => endpoint with { User = value },
                "secret" => endpoint with { SecretKey = value },
                "token" => endpoint with { TokenEndpoint = Uri.TryCreate(value, UriKind.Absolute, out var token) && token is { Scheme: "https" or "http", UserInfo: "" } ? token : throw Malformed("token is no http or https address") },
                "scope" => endpoint with { Scope = value },
                _ => throw Malformed("a parameter is none of auth, user, secret, token, scope"),
            };
        }

        return endpoint;
    }

    /// <summary>Writes what the line says into options, and leaves the others alone.</summary>
    /// <param name="options">The options.</param>
    public void ApplyTo(DicomWebEndpointOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.BaseAddress = BaseAddress;
        options.Authentication = Authentication ?? options.Authentication;
        options.User = User ?? options.User;
        options.SecretKey = SecretKey ?? options.SecretKey;
        options.TokenEndpoint = TokenEndpoint ?? options.TokenEndpoint;
        options.Scope = Scope ?? options.Scope;
    }

    private static DicomWebException Malformed(string why) => new(FaultCode.InvalidConfiguration, $"The address of a DICOMweb archive cannot be used: {why}; write {Form}, or http:// without TLS.");
}
