using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine;

/// <summary>Holds an object as it was sent against the metadata that the target gives of it (L3).</summary>
internal static class MetadataEvidence
{
    /// <summary>Compares; the body is read from its start.</summary>
    /// <returns><see langword="null"/> if every element was compared and is the same; otherwise the first one that differs, or was not compared.</returns>
    /// <exception cref="EngineException">The spool cannot be read.</exception>
    /// <exception cref="TargetUnavailableException">The target cannot be asked for what its metadata refers to.</exception>
    public static async Task<Fault?> CompareAsync(InFlight flight, EvidenceItem shown, int longestHeader, CancellationToken cancellationToken)
    {
        if (shown.Metadata.IsEmpty) return new Fault(FaultCode.UnreadableAtTarget);
        DataSet sent;
        var body = flight.Body!.OpenStream();
        await using (body.ConfigureAwait(false))
        {
            try { sent = DataSet.ReadHeader(body, flight.Syntax, new DataSetOptions { MaxLength = longestHeader }); }
            catch (DicomFormatException e) { return new Fault(FaultCode.NotCompared, e.Fault.Tag); } // ours, and no fault of the target
        }
        try
        {
            var difference = await DicomJsonComparer.CompareAsync(sent, shown.Metadata, shown.BulkData, cancellationToken).ConfigureAwait(false);
            return difference.Different.Count > 0 ? new Fault(FaultCode.UnexplainedDifference, difference.Different[0])
                : difference.NotCompared.Count > 0 ? new Fault(FaultCode.NotCompared, difference.NotCompared[0]) : null;
        }
        catch (DicomFormatException e) { return new Fault(FaultCode.UnreadableAtTarget, e.Fault.Tag); }
    }
}
