using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dicom.Migration;
using Dicom.Migration.Engine;
using Microsoft.Extensions.Configuration;

namespace ConsoleHost;

/// <summary>What <c>--config</c> says of an endpoint beside its address.</summary>
internal static class EndpointSettings
{
    public const string Example = """{ "endpoints": { "vna": { "address": "dimses://VNA@vna:2762", "tls": { "certificate": "me.pem", "key": "me.key", "roots": "ca.pem" }, "options": { "AsksForCommitment": true } } } }""";

    public static IConfigurationRoot Read(string path)
    {
        if (!File.Exists(path)) throw new EngineException(new Fault(FaultCode.PathNotFound), $"The configuration file {path} does not exist; check --config.");
        try
        {
            return new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(path)).Build();
        }
        catch (InvalidDataException e)
        {
            throw new EngineException(new Fault(FaultCode.InvalidConfiguration), $"The configuration file {path} is no JSON.", e);
        }
    }

    /// <summary>Sets the options that the section "options" names. A name that the endpoint does not have is an error: a limit that is misspelt would not be one.</summary>
    public static void Apply(this IConfigurationSection? settings, object options)
    {
        if (settings is null) return;
        foreach (var key in settings.GetChildren().Select(c => c.Key).Where(k => k is not ("address" or "tls" or "options")))
            throw new EngineException(new Fault(FaultCode.InvalidConfiguration), $"--config has {settings.Path}:{key}; an endpoint has address, tls and options.");
        try
        {
            settings.GetSection("options").Bind(options, static o => o.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException)
        {
            throw new EngineException(new Fault(FaultCode.InvalidConfiguration), $"--config has an option in {settings.Path}:options that {options.GetType().Name} does not have, or a value that is not of its kind.");
        }
    }

    /// <summary>A certificate with its key from the section "tls".</summary>
    public static X509Certificate2 Certificate(this IConfigurationSection settings) =>
        Load(settings, static s => X509Certificate2.CreateFromPemFile(s["tls:certificate"]!, s["tls:key"]));

    /// <summary>Who may have signed the peer's certificate.</summary>
    public static X509Certificate2Collection Roots(this IConfigurationSection settings) => Load(settings, static s =>
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(s["tls:roots"]!);
        return roots;
    });

    private static T Load<T>(IConfigurationSection settings, Func<IConfigurationSection, T> load)
    {
        try
        {
            return load(settings);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new EngineException(new Fault(FaultCode.InvalidConfiguration), $"Certificate, key or roots of {settings.Path}:tls cannot be read; they are PEM files, the key not encrypted.");
        }
    }
}
