namespace Dicom.Migration;

/// <summary>One lane's way into a target. Used by one caller at a time.</summary>
public interface ITargetSession : IAsyncDisposable
{
    /// <summary>Takes one instance and reads its body to the end.</summary>
    /// <param name="instance">Stays the caller's; the session neither completes nor disposes the body.</param>
    /// <param name="cancellationToken">Gives up; the target may or may not hold the instance then, and storing it again does no harm.</param>
    /// <returns>Once the body is consumed. Whether it is stored is known when <see cref="StoreReceipt.Acknowledged"/> completes, which
    /// may need further instances or <see cref="FlushAsync"/>.</returns>
    /// <exception cref="MigrationException">The body broke off. Nothing of it is stored, and the session can be used further.</exception>
    /// <remarks>A session that fails early may leave the rest of the body unread. What the target refuses, or fails to store, is an outcome and not an exception. Storing the same bytes again changes nothing.</remarks>
    public Task<StoreReceipt> StoreAsync(OutgoingInstance instance, CancellationToken cancellationToken);

    /// <summary>Brings every instance taken so far to its answer; all receipts given out are complete when it returns.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public Task FlushAsync(CancellationToken cancellationToken);
}
