using System.Globalization;

namespace Dicom.Migration.Engine;

/// <summary>Puts on record what a source lists, while the first units are moved already.</summary>
internal sealed class Inventory(IMigrationSource source, ILedger ledger, LedgerLease lease, RunTally tally)
{
    private const int UnitsPerBatch = 512;
    private volatile TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isComplete;

    /// <summary>Whether all units are on record.</summary>
    public bool IsComplete => _isComplete;
    /// <summary>Completes with the next units on record, or when there are no more.</summary>
    public Task More => _more.Task;

    public async Task ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            await TellAsync().ConfigureAwait(false);
            var header = await ledger.ReadHeaderAsync(cancellationToken).ConfigureAwait(false);
            // A listing that broke off goes on. One that is complete is made anew: what has come to the source since, or changed there, has to be moved too.
            await ListAsync(header is { IsDiscoveryComplete: false, DiscoveryCursor: { } text } ? new SourceCursor(text) : null, cancellationToken).ConfigureAwait(false);
            await TellAsync().ConfigureAwait(false);
            _isComplete = true;
        }
        finally { Wake(); }
    }

    private async Task ListAsync(SourceCursor? after, CancellationToken cancellationToken)
    {
        var units = new List<LedgerUnit>(UnitsPerBatch);
        SourceCursor? cursor = null;
        await foreach (var unit in source.DiscoverAsync(after, cancellationToken).ConfigureAwait(false))
        {
            units.Add(new LedgerUnit(unit.Key, (LedgerUnitKind)unit.Kind, unit.Instances) { Stamp = Listed(unit) });
            cursor = unit.Cursor ?? cursor; // what it stands for is in this batch or on record
            if (units.Count < UnitsPerBatch) continue;
            await ledger.AppendAsync(lease, new LedgerBatch { Units = units, DiscoveryCursor = cursor?.Value }, cancellationToken).ConfigureAwait(false);
            units = new List<LedgerUnit>(UnitsPerBatch);
            await TellAsync().ConfigureAwait(false);
            Wake();
        }
        await ledger.AppendAsync(lease, new LedgerBatch { Units = units, IsDiscoveryComplete = true }, cancellationToken).ConfigureAwait(false);
    }

    private void Wake() => Interlocked.Exchange(ref _more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    private async Task TellAsync() => tally.Listed(await ledger.ReadAccountAsync(CancellationToken.None).ConfigureAwait(false));

    /// <summary>What a listing says of a unit: of two that differ in it, the later one opens the unit again.</summary>
    private static string? Listed(SourceUnit unit) => unit.Instances is { } instances ? string.Create(CultureInfo.InvariantCulture, $"{unit.Stamp}#{instances}") : unit.Stamp;
}
