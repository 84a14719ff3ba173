namespace Dicom.Migration;

/// <summary>Reads the durable record of a migration. Several may read while one writes; what they see is committed.</summary>
public interface ILedgerReader
{
    /// <summary>What the ledger says of itself.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<LedgerHeader> ReadHeaderAsync(CancellationToken cancellationToken);
    /// <summary>The account as of one moment. Its cost does not grow with the number of instances.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<LedgerAccount> ReadAccountAsync(CancellationToken cancellationToken);
    /// <summary>Lists instances in the order of their numbers, a page at a time.</summary>
    /// <param name="query">Which ones.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <remarks>Pages are read one after the other: what changes meanwhile may be seen or not, but nothing is seen twice.</remarks>
    public IAsyncEnumerable<LedgerInstance> ReadInstancesAsync(LedgerQuery query, CancellationToken cancellationToken);
    /// <summary>All that happened to one instance, first things first; empty if the number is unknown.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<IReadOnlyList<LedgerStep>> ReadHistoryAsync(long number, CancellationToken cancellationToken);
    /// <summary>All instances with this UID, in the order of their numbers: there may be none, or several.</summary>
    /// <param name="sopInstanceUid">(0008,0018), compared by code point.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<IReadOnlyList<LedgerInstance>> FindAsync(string sopInstanceUid, CancellationToken cancellationToken);
    /// <summary>The unit with this key, or <see langword="null"/>.</summary>
    /// <param name="key">As the source named it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<LedgerUnit?> FindUnitAsync(string key, CancellationToken cancellationToken);
}
