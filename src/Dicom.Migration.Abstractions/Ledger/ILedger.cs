namespace Dicom.Migration;

/// <summary>The durable record of every state change; the only truth about progress.</summary>
public interface ILedger : ILedgerReader
{
    /// <summary>Takes the right to write.</summary>
    /// <param name="holder">Who asks. A holder takes over its own earlier lease at once, so that it can go on after a crash.</param>
    /// <param name="duration">How long it lasts unless it is renewed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LedgerException">Another holds it (<see cref="FaultCode.LeaseLost"/>).</exception>
    public ValueTask<LedgerLease> AcquireLeaseAsync(string holder, TimeSpan duration, CancellationToken cancellationToken);
    /// <summary>Keeps the right to write.</summary>
    /// <param name="lease">The lease; its epoch stays.</param>
    /// <param name="duration">How long it lasts from now on.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LedgerException">It was taken or given up (<see cref="FaultCode.LeaseLost"/>).</exception>
    public ValueTask<LedgerLease> RenewAsync(LedgerLease lease, TimeSpan duration, CancellationToken cancellationToken);
    /// <summary>Gives up the right to write; does nothing if it is lost already.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask ReleaseAsync(LedgerLease lease, CancellationToken cancellationToken);
    /// <summary>Appends a batch: all of it or nothing. When this returns, it survives a loss of power.</summary>
    /// <param name="lease">The right to write.</param>
    /// <param name="batch">What happened.</param>
    /// <param name="cancellationToken">Ends the wait; a batch that is being written is written to its end.</param>
    /// <exception cref="LedgerException">The lease's epoch is old (<see cref="FaultCode.LeaseLost"/>), or the batch cannot be made durable.</exception>
    /// <exception cref="InvalidOperationException">A change is not legal from the state that its instance is in.</exception>
    /// <exception cref="ArgumentException">A unit or number is not on record, or an outcome lacks what its state needs.</exception>
    public ValueTask<LedgerReceipt> AppendAsync(LedgerLease lease, LedgerBatch batch, CancellationToken cancellationToken);
}
