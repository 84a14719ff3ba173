namespace Dicom.Migration;

/// <summary>What the operator wants of the runners.</summary>
public enum DesiredState
{
    /// <summary>Go on.</summary>
    Run = 0,
    /// <summary>Take no new units until told; finish what is in hand.</summary>
    Pause = 1,
    /// <summary>Take no new units, finish what is in hand, and end.</summary>
    Drain = 2,
}

/// <summary>A unit handed out.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Attempt">1 for the first time that it is handed out; counted across restarts.</param>
public sealed record WorkItem(LedgerUnit Unit, int Attempt);

/// <summary>Units handed out together, for a while. Those not completed by then are handed out again.</summary>
/// <param name="Epoch">The fencing epoch: a later handout has a larger one, and ends an earlier handout of the same unit.</param>
/// <param name="Items">The units; empty if there is nothing to do at present.</param>
/// <param name="Duration">How long it lasts from when it was acquired or renewed.</param>
public sealed record WorkLease(long Epoch, IReadOnlyList<WorkItem> Items, TimeSpan Duration);

/// <summary>Hands out units. A unit may be handed out more than once, never to two holders whose leases both last.</summary>
public interface IWorkCoordinator
{
    /// <summary>Takes a batch of units, in the order in which they were listed.</summary>
    /// <param name="maxUnits">At most so many.</param>
    /// <param name="duration">How long the lease lasts unless it is renewed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A lease without units if none is free, or the desired state is not <see cref="DesiredState.Run"/>.</returns>
    public ValueTask<WorkLease> AcquireAsync(int maxUnits, TimeSpan duration, CancellationToken cancellationToken);
    /// <summary>Keeps the units of a lease that are not complete.</summary>
    /// <param name="lease">The lease; its epoch stays.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LedgerException">A unit of it was handed to another (<see cref="FaultCode.LeaseLost"/>).</exception>
    public ValueTask RenewAsync(WorkLease lease, CancellationToken cancellationToken);
    /// <summary>Says that a unit needs no more work. Saying it again changes nothing.</summary>
    /// <param name="lease">The lease that it was handed out under.</param>
    /// <param name="unitKey">The unit.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LedgerException">The unit was handed to another, and is not complete (<see cref="FaultCode.LeaseLost"/>).</exception>
    public ValueTask CompleteAsync(WorkLease lease, string unitKey, CancellationToken cancellationToken);
    /// <summary>What the operator wants.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<DesiredState> ReadDesiredStateAsync(CancellationToken cancellationToken);
}
