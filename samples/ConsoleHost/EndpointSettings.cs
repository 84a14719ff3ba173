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
}
