using Dicom.Migration;
using Dicom.Migration.DicomWeb;
using Dicom.Migration.Dimse;
using Dicom.Migration.Engine;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ConsoleHost;

/// <summary>What stands behind <c>--from</c> and <c>--to</c>: an address, and what <c>--config</c> says of it.</summary>
internal abstract record Endpoint
{
    /// <summary>How an address may begin, for help and messages.</summary>
    public const string Forms = "folder:PATH (target with DICOMDIR: folder:PATH?layout=file-set), dimse://CALLED@HOST:PORT, dimses://..., http(s)://HOST:PORT/PATH, or a name in --config";

    public abstract void AddAsSource(IMigrationBuilder migration);

    public abstract void AddAsTarget(IMigrationBuilder migration);

    /// <summary>Whether it can be asked for what it holds.</summary>
    public virtual bool IsAtHand => true;

    /// <summary>Whether a path is this endpoint or lies in it.</summary>
    public virtual bool Contains(string path) => false;

    /// <summary>Prints what the peer accepts.</summary>
    public virtual Task ProbeAsync(Screen screen, CancellationToken cancellationToken) =>
        throw new EngineException(new Fault(FaultCode.InvalidConfiguration), "A folder accepts everything; probe asks a PACS: dimse://, dimses://, http:// or https://.");

    /// <summary>Reads an address, or a name that <c>--config</c> gives to one.</summary>
    public static Endpoint Parse(string text, string? configuration)
    {
        var settings = configuration is null ? null : EndpointSettings.Read(configuration).GetSection("endpoints:" + text);
        if (settings is { Value: { } named }) text = named;
        else if (settings?["address"] is { } address) text = address;
        if (settings?.Value is not null) settings = null; // an address alone
        return DimseEndpoint.IsOne(text) ? new DimsePeer(DimseEndpoint.Parse(text), settings)
            : DicomWebEndpoint.IsOne(text) ? new DicomWebPeer(DicomWebEndpoint.Parse(text), settings)
            : FolderEndpoint.TryParse(text) ?? throw new EngineException(new Fault(FaultCode.InvalidConfiguration), $"An endpoint is not of a known kind; use {Forms}.");
    }

    /// <summary>The endpoint as a source, from a host of its own.</summary>
    public ServiceProvider HostSource() => Host(AddAsSource);

    /// <summary>The endpoint as a target, from a host of its own.</summary>
    public ServiceProvider HostTarget() => Host(AddAsTarget);

    private static ServiceProvider Host(Action<IMigrationBuilder> add)
    {
        var services = new ServiceCollection();
        add(services.AddDicomMigration());
        return services.BuildServiceProvider();
    }
}
