namespace Dicom.Migration.Evidence;

/// <summary>What the writers of HTML and JSON are given.</summary>
/// <param name="Sums">The account.</param>
/// <param name="Exceptions">The first exceptions, by number.</param>
/// <param name="WrittenAt">When the ledger was read.</param>
/// <param name="Options">What may be shown.</param>
internal sealed record ReportContent(Reconciliation Sums, IReadOnlyList<LedgerInstance> Exceptions, DateTimeOffset WrittenAt, ReportOptions Options)
{
    public long ExceptionsNotListed => Sums.Count(InstanceState.Excepted) - Exceptions.Count;
}
