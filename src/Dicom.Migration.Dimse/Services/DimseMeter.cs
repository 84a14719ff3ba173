using System.Diagnostics.Metrics;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Services;

/// <summary>What a collector of metrics sees under the meter <c>Dicom.Migration.Dimse</c>. Labels are of closed sets: no title, address or UID.</summary>
internal static class DimseMeter
{
    private const string Side = "side", Outcome = "outcome", Direction = "direction";
    private static readonly Counter<long> Associations = Traffic.Meter.CreateCounter<long>("dicom.dimse.associations", "{association}", "Associations that were opened, released, and ended otherwise.");
    private static readonly Counter<long> Refusals = Traffic.Meter.CreateCounter<long>("dicom.dimse.refusals", "{connection}", "Peers that were not let in or were put out, by fault.");
    private static readonly Counter<long> Objects = Traffic.Meter.CreateCounter<long>("dicom.dimse.objects", "{object}", "C-STOREs that were answered, by outcome.");

    public static void Stored(DimseStatus status, bool isSent) => Objects.Add(1, new(Direction, isSent ? "sent" : "received"), new(Outcome, status.IsSuccess ? "success" : status.IsWarning ? "warning" : "failure"));

    public static void Refused(FaultCode code) => Refusals.Add(1, new KeyValuePair<string, object?>("fault", code.ToString()));

    /// <summary>Counts an association from now to its end.</summary>
    public static async Task CountAsync(DimseSession session, bool isRequestor, CancellationToken stop)
    {
        var side = new KeyValuePair<string, object?>(Side, isRequestor ? "requestor" : "acceptor");
        Associations.Add(1, side, new(Outcome, "opened"));
        var outcome = "aborted";
        try
        {
            await session.RunAsync(stop).ConfigureAwait(false);
            outcome = "released";
        }
        finally
        {
            Associations.Add(1, side, new(Outcome, outcome));
        }
    }
}
