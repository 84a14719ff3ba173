using Microsoft.Extensions.DependencyInjection;

namespace Dicom.Migration;

/// <summary>What endpoints, ledger and rules are added to. The order of the calls does not matter.</summary>
public interface IMigrationBuilder
{
    /// <summary>The host's services.</summary>
    public IServiceCollection Services { get; }
}
