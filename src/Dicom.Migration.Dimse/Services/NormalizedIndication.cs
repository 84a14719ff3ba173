using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>A DIMSE-N request as it came in (PS3.7 §10.3).</summary>
/// <param name="Association">On whose behalf.</param>
/// <param name="Context">The presentation context; its transfer syntax is that of both data sets.</param>
/// <param name="SopClassUid">Requested or affected SOP class.</param>
/// <param name="SopInstanceUid">Requested or affected SOP instance; empty if an N-CREATE leaves it to the performer.</param>
/// <param name="TypeId">Action Type ID of an N-ACTION, Event Type ID of an N-EVENT-REPORT.</param>
/// <param name="Attributes">Attribute Identifier List of an N-GET; empty asks for all.</param>
/// <param name="HasDataSet">Whether a data set follows; if not, the body is empty.</param>
public sealed record NormalizedIndication(AssociationInfo Association, AcceptedContext Context, string SopClassUid, string SopInstanceUid,
    ushort? TypeId, IReadOnlyList<DicomTag> Attributes, bool HasDataSet)
{
    /// <summary>Whether the peer has the role that the request needs. Not so of an N-EVENT-REPORT from an archive that left out the role selection (PS3.7 §D.3.3.4),
    /// which is let pass unless <see cref="AssociationOptions.RequiresEventReportRole"/>.</summary>
    public bool HasRole { get; init; } = true;
}
