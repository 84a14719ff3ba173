namespace Dicom.Migration.Dimse;

/// <summary>Service-class application information of one SOP class (PS3.7 §D.3.3.5), such as relational queries (PS3.4 §C.5.1.1).</summary>
/// <param name="SopClassUid">SOP class.</param>
/// <param name="Information">As the service class defines it; at most 65,000 bytes.</param>
public sealed record ExtendedNegotiation(string SopClassUid, ReadOnlyMemory<byte> Information);

/// <summary>Service class and related general SOP classes of one SOP class (PS3.7 §D.3.3.6). It is never answered.</summary>
/// <param name="SopClassUid">SOP class.</param>
/// <param name="ServiceClassUid">Its service class.</param>
/// <param name="RelatedSopClassUids">General SOP classes it may be treated as.</param>
public sealed record CommonExtendedNegotiation(string SopClassUid, string ServiceClassUid, IReadOnlyList<string> RelatedSopClassUids);
