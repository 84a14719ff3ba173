using System.Net;

namespace Dicom.Migration.DicomWeb;

/// <summary>Deletes at a DICOMweb server that offers it. For rolling back what a migration has stored; a type of its own, so that nothing else can.</summary>
/// <param name="client">How the server is reached.</param>
public sealed class DicomWebEraser(DicomWebClient client)
{
    /// <summary>Deletes a study, a series or an instance.</summary>
    /// <param name="resource">What to delete.</param>
    /// <param name="cancellationToken">Gives up; it may or may not be deleted then.</param>
    /// <returns><see langword="false"/> if the server has none. Whether it is gone is to be asked by a query.</returns>
    /// <exception cref="DicomWebException">The server does not delete (<see cref="FaultCode.Refused"/>), or fails.</exception>
    public async Task<bool> DeleteAsync(DicomWebResource resource, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(resource);
        using var response = await client.Connection.SendAsync(HttpMethod.Delete, new Uri(client.Connection.Root, resource.Path), null, null, true, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone) return false;
        return response.IsSuccessStatusCode ? true : throw new DicomWebException(FaultCode.Refused, "The peer does not delete.");
    }
}
