using System.Globalization;

namespace Dicom.Migration.Dimse;

/// <summary>An archive as one line: <c>dimse://CALLED@HOST:PORT?calling=AET&amp;retrieve=get|move&amp;listen=PORT</c>, or <c>dimses://</c> for TLS.</summary>
/// <param name="CalledAeTitle">Its AE title.</param>
/// <param name="Host">Its name or address.</param>
/// <param name="Port">Its TCP port; 104 if the line has none, 2762 with TLS (PS3.8 §9.1.1, PS3.15 §B.12).</param>
/// <param name="IsSecured">Whether it is reached by TLS.</param>
public sealed record DimseEndpoint(string CalledAeTitle, string Host, int Port, bool IsSecured)
{
    private const string Form = "dimse://CALLED@HOST:PORT?calling=AET&retrieve=get|move&listen=PORT";

    /// <summary>AE title of this side; <see langword="null"/> if the line leaves it to the default.</summary>
    public string? CallingAeTitle { get; init; }
    /// <summary>How instances are read; <see langword="null"/> if the line leaves it to the default.</summary>
    public DimseRetrieval? Retrieval { get; init; }
    /// <summary>Port to listen on; <see langword="null"/> if the line leaves it to the default.</summary>
    public int? ListenPort { get; init; }

    /// <summary>Whether a line names an archive that speaks DIMSE.</summary>
    /// <param name="text">The line.</param>
    public static bool IsOne(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith("dimse://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("dimses://", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads a line.</summary>
    /// <param name="text">The line; reserved characters of an AE title are written as %20 and the like.</param>
    /// <exception cref="DimseEndpointException">It is malformed (<see cref="FaultCode.InvalidConfiguration"/>); its message says what to write instead.</exception>
    public static DimseEndpoint Parse(string text)
    {
        if (!IsOne(text)) throw Malformed("it begins neither with dimse:// nor with dimses://");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0) throw Malformed("host or port is malformed");
        if (uri.AbsolutePath is not ("" or "/") || uri.Fragment.Length > 0) throw Malformed("something stands behind the port that is no ?query");
        var endpoint = new DimseEndpoint(Title(uri.UserInfo, "the called AE title, before the @,"), uri.IdnHost.Trim('[', ']'), uri.Port > 0 ? uri.Port : uri.Port == 0 ? throw Malformed("the port is 0")
            : uri.Scheme is "dimses" ? 2762 : 104, uri.Scheme is "dimses");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.IndexOf('=', StringComparison.Ordinal) is var at and >= 0 ? (pair[..at], pair[(at + 1)..]) : (pair, "");
            if (!seen.Add(name)) throw Malformed("a parameter is given twice");
            endpoint = name switch
            {
                "calling" => endpoint with { CallingAeTitle = Title(value, "the calling AE title") },
                "retrieve" => endpoint with { Retrieval = value switch { "get" => DimseRetrieval.Get, "move" => DimseRetrieval.Move, _ => throw Malformed("retrieve is neither get nor move") } },
                "listen" => endpoint with { ListenPort = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= 65_535 ? port : throw Malformed("listen is no port") },
                _ => throw Malformed("a parameter is none of calling, retrieve, listen"),
            };
        }

        return endpoint;
    }

    /// <summary>Writes what the line says into options, and leaves the others alone.</summary>
    /// <param name="options">The options.</param>
    /// <param name="tls">The protection of a <c>dimses://</c> line.</param>
    /// <exception cref="DimseEndpointException">The line wants TLS, and there are no certificates; or there are, and it does not.</exception>
    public void ApplyTo(DimsePeerOptions options, DimseTls? tls = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!IsSecured && tls is not null) throw new DimseEndpointException("a dimse:// address is plaintext, and certificates are given for it: write dimses://, or leave the certificates out");
        (options.CalledAeTitle, options.Host, options.Port) = (CalledAeTitle, Host, Port);
        options.Security = !IsSecured ? DimseSecurity.Plaintext : tls ?? throw new DimseEndpointException("a dimses:// address needs certificates: name a certificate, its key and the trusted roots");
        options.CallingAeTitle = CallingAeTitle ?? options.CallingAeTitle;
        options.Retrieval = Retrieval ?? options.Retrieval;
        options.ListenPort = ListenPort ?? options.ListenPort;
    }

    private static string Title(string escaped, string what)
    {
        var title = Uri.UnescapeDataString(escaped).Trim(' ');
        return title.Length is > 0 and <= 16 && title.All(static c => c is >= ' ' and <= '~' and not '\\') ? title : throw Malformed($"{what} is not 1 to 16 characters");
    }

    private static DimseEndpointException Malformed(string why) => new($"{why}; write {Form}, or dimses:// for TLS");
}
