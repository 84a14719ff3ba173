using System.IO.Pipelines;
using System.Threading.Channels;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>One instance while it comes in.</summary>
internal sealed record Arrival(StoreIndication Store, HandedBody Body)
{
    /// <summary>Whether it is here already, as far as its UID says.</summary>
    public bool IsRepeat { get; init; }

    public TransferSyntax TransferSyntax => TransferSyntax.FromUid(Store.Context.TransferSyntax);
}

/// <summary>Where the instances of one retrieval arrive. One at a time is handed on: as long as it is read, the archive waits.</summary>
internal sealed class Inbox(Wanted wanted) : IDimseHandler
{
    private readonly Channel<Arrival> _arrivals = Channel.CreateBounded<Arrival>(new BoundedChannelOptions(1) { SingleReader = true });
    private readonly HashSet<string> _fromBefore = new(wanted.All.Select(static l => l.SopInstanceUid).Where(wanted.Has), StringComparer.Ordinal);

    public ChannelReader<Arrival> Arrivals => _arrivals.Reader;

    /// <summary>Nothing more will come.</summary>
    public void Complete() => _arrivals.Writer.TryComplete();

    /// <summary>Nothing more is taken; what waits is let go.</summary>
    public void Close()
    {
        Complete();
        while (_arrivals.Reader.TryRead(out var arrival)) arrival.Body.Complete();
    }

    public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.NoReason);

    public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.AbstractSyntaxNotSupported;

    public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
    {
        if (!wanted.Admits(store.SopInstanceUid)) return DimseStatus.NotAuthorized;
        if (_fromBefore.Contains(store.SopInstanceUid)) return DimseStatus.Success; // asked for again with others that are missing
        var arrival = new Arrival(store, new HandedBody(body));
        try
        {
            await _arrivals.Writer.WriteAsync(arrival, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return DimseStatus.OutOfResources; // whoever asked has given up
        }

        // Whatever happens to the association: the body is the reader's until it is let go.
        await arrival.Body.Released.ConfigureAwait(false);
        return DimseStatus.Success;
    }
}
