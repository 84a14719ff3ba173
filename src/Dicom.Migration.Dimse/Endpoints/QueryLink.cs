using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Queries over an association that is kept, and made again if it is lost. Used by one caller at a time.</summary>
internal sealed class QueryLink(Peer peer) : IAsyncDisposable
{
    private DimseAssociation? _association;

    /// <summary>All matches.</summary>
    /// <exception cref="AssociationException">The archive fails, or has cut its answer.</exception>
    public async Task<List<DataSet>> FindAllAsync(DataSet identifier, CancellationToken cancellationToken)
    {
        var matches = new List<DataSet>();
        await foreach (var match in FindAsync(identifier, cancellationToken).ConfigureAwait(false)) matches.Add(match);
        return matches;
    }

    /// <summary>Yields the matches as they come; left early, the query is cancelled.</summary>
    public IAsyncEnumerable<DataSet> FindAsync(DataSet identifier, CancellationToken cancellationToken) => FindAsync(identifier, null, cancellationToken);

    /// <summary>The same, but a match that is no data set is passed over and told of.</summary>
    public async IAsyncEnumerable<DataSet> FindAsync(DataSet identifier, Action? onUnreadable, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var association = await OpenAsync(cancellationToken).ConfigureAwait(false);
        var context = association.Find(Keys.Find) ?? throw new AssociationException(new Fault(FaultCode.NotNegotiable), "The archive does not take queries (Study Root C-FIND).");
        var syntax = TransferSyntax.FromUid(context.TransferSyntax);
        var isOver = false;
        try
        {
            await foreach (var response in association.FindAsync(Keys.Find, identifier.ToArray(syntax), cancellationToken).ConfigureAwait(false))
            {
                var consequence = DimseStatusMeaning.Of(response.Status, DimseService.Find);
                if (consequence is DimseConsequence.Continue)
                {
                    if (Read(response, syntax, onUnreadable) is { } match) yield return match;
                }
                else if (consequence is not DimseConsequence.Done)
                    throw new AssociationException(new Fault(DimseStatusMeaning.FaultOf(response.Status, DimseService.Find)), $"The archive ends a query with status {response.Status}.");
            }

            isOver = true;
        }
        finally
        {
            if (!isOver && association.Ended.IsCancellationRequested) await CloseAsync().ConfigureAwait(false);
        }
    }

    private static DataSet? Read(DimseResponse response, TransferSyntax syntax, Action? onUnreadable)
    {
        try
        {
            return DataSet.Read(response.DataSet, syntax);
        }
        catch (DicomFormatException) when (onUnreadable is not null)
        {
            onUnreadable();
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_association is not { } association) return;
        _association = null;
        try
        {
            if (!association.Ended.IsCancellationRequested) await association.ReleaseAsync().ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            // all answers are here; how it ends does not matter
        }

        await association.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<DimseAssociation> OpenAsync(CancellationToken cancellationToken)
    {
        if (_association is { Ended.IsCancellationRequested: true }) await CloseAsync().ConfigureAwait(false);
        return _association ??= await peer.ConnectAsync([Keys.Context(Keys.Find)], cancellationToken).ConfigureAwait(false);
    }

    private async Task CloseAsync()
    {
        if (_association is { } association) await association.DisposeAsync().ConfigureAwait(false);
        _association = null;
    }
}
