namespace Dicom.Migration.Dimse;

/// <summary>What a C-MOVE sends, and how its destination is reached.</summary>
/// <param name="Instances">The instances, in the order to send them.</param>
/// <param name="ConnectAsync">Makes the association to the destination; it is given one context for each SOP class and transfer syntax in use.
/// It is released after the last instance.</param>
public sealed record MovePlan(IReadOnlyList<OutgoingInstance> Instances,
    Func<IReadOnlyList<ContextProposal>, CancellationToken, Task<DimseAssociation>> ConnectAsync);
