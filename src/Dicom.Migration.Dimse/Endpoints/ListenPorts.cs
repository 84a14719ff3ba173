using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Dicom.Migration.Dimse;

/// <summary>Makes sure, when the host starts, that no two archives of one migration report to the same port: one socket can listen there.</summary>
internal sealed class ListenPorts(IServiceProvider services) : IValidateOptions<DimseSourceOptions>, IValidateOptions<DimseTargetOptions>
{
    public ValidateOptionsResult Validate(string? name, DimseSourceOptions options) => Check(new DimseEndpointName(name ?? "", IsTarget: false), options);

    public ValidateOptionsResult Validate(string? name, DimseTargetOptions options) => Check(new DimseEndpointName(name ?? "", IsTarget: true), options);

    /// <summary>Against those that were added before it: each pair is looked at once.</summary>
    private ValidateOptionsResult Check(DimseEndpointName self, DimsePeerOptions options)
    {
        if (!Listens(options)) return ValidateOptionsResult.Skip;
        foreach (var other in services.GetServices<DimseEndpointName>().TakeWhile(n => n != self))
            if (OptionsOf(other) is { } theirs && Listens(theirs) && theirs.ListenPort == options.ListenPort && Overlap(theirs.ListenAddress, options.ListenAddress))
                return ValidateOptionsResult.Fail(FormattableString.Invariant(
                    $"{nameof(DimsePeerOptions.ListenPort)} {options.ListenPort} of {self} is the port of {other}, too: give one of them another {nameof(DimsePeerOptions.ListenPort)}, and tell its archive."));
        return ValidateOptionsResult.Success;
    }

    private DimsePeerOptions? OptionsOf(DimseEndpointName name)
    {
        try
        {
            return name.IsTarget ? services.GetRequiredService<IOptionsMonitor<DimseTargetOptions>>().Get(name.Name) : services.GetRequiredService<IOptionsMonitor<DimseSourceOptions>>().Get(name.Name);
        }
        catch (OptionsValidationException)
        {
            return null; // which tells of itself
        }
    }

    /// <summary>Whether the archive makes associations of its own: for C-MOVE, or to report on storage commitment.</summary>
    private static bool Listens(DimsePeerOptions options) => options.ListenPort != 0 && options switch
    {
        DimseTargetOptions target => target.AsksForCommitment || (target.ReadsBack && target.Retrieval is DimseRetrieval.Move),
        _ => options.Retrieval is DimseRetrieval.Move,
    };

    private static bool Overlap(string one, string other) => IPAddress.TryParse(one, out var a) && IPAddress.TryParse(other, out var b) && (IsAny(a) || IsAny(b) || a.Equals(b));

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}

/// <summary>An archive that a migration reaches over DIMSE.</summary>
internal sealed record DimseEndpointName(string Name, bool IsTarget)
{
    public override string ToString() => $"{(IsTarget ? "target" : "source")} {Name}";
}
