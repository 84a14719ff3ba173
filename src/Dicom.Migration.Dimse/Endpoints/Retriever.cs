using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Reads instances by C-GET, or by C-MOVE to a listener of this side.</summary>
internal sealed class Retriever(Peer peer) : IAsyncDisposable
{
    private readonly ReturnListener _listener = new(peer);
    private readonly ConcurrentDictionary<string, int> _seen = new(StringComparer.Ordinal); // SOP classes that have come, in their order

    public ReturnListener Listener => _listener;

    /// <summary>The contexts in which instances come; one for each transfer syntax, so that they come as they are stored.</summary>
    public IReadOnlyList<IReadOnlyList<ContextProposal>> Plan(IEnumerable<Listed> instances)
    {
        var all = instances.Select(static i => i.SopClassUid).ToHashSet(StringComparer.Ordinal);
        if (all.Count == 0) all.Add(null);
        // Not every archive says the SOP class of what it lists.
        var classes = all.Contains(null) ? all.OfType<string>().Union(StorageSyntaxes.CommonClasses, StringComparer.Ordinal) : all.OfType<string>();
        return Plan(classes, all.Contains(null) ? FewSyntaxes : peer.Options.TransferSyntaxes);
    }

    /// <summary>The contexts of all other SOP classes, for instances that came in none of the common ones and whose class the archive does not say; first those that have come before.</summary>
    /// <param name="withCommon">Whether the common ones were not tried either, as only those were that the archive says of other instances.</param>
    public IEnumerable<IReadOnlyList<ContextProposal>> FurtherPlans(bool withCommon) => peer.Options.Retrieval is DimseRetrieval.Move ? []
        : (withCommon ? Plan(StorageSyntaxes.CommonClasses, FewSyntaxes) : []).Concat(Plan(_seen.ToArray().OrderBy(static s => s.Value).Select(static s => s.Key).Union(StorageSyntaxes.AllClasses, StringComparer.Ordinal).Except(StorageSyntaxes.CommonClasses, StringComparer.Ordinal), FewSyntaxes));

    /// <summary>Whether one association can carry what is asked for.</summary>
    public bool Fits(IEnumerable<Listed> instances) => peer.Options.Retrieval is DimseRetrieval.Move || Plan(instances).Count <= 1;

    /// <summary>Yields what comes, until the archive has said its last word or sends nothing any more.</summary>
    /// <exception cref="SourceUnavailableException">The archive cannot be reached.</exception>
    /// <exception cref="AssociationException">The association broke, or stalled.</exception>
    public async IAsyncEnumerable<Arrival> RetrieveAsync(RetrievalRequest request, Wanted wanted, TimeSpan stallTimeout, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        request.Begin();
        var inbox = new Inbox(wanted);
        var isMove = peer.Options.Retrieval is DimseRetrieval.Move;
        var messageId = isMove ? OpenListener(inbox, wanted) : (ushort)1;
        DimseAssociation? association = null;
        Task? pump = null;
        try
        {
            association = await ConnectAsync(request, inbox, messageId, stallTimeout, cancellationToken).ConfigureAwait(false);
            pump = PumpAsync(association, request, inbox, cancellationToken);
            while (await WaitAsync(inbox, pump, request, wanted, stallTimeout, cancellationToken).ConfigureAwait(false))
            {
                if (!inbox.Arrivals.TryRead(out var arrival)) continue;
                _seen.TryAdd(arrival.Store.SopClassUid, _seen.Count);
                var isRepeat = wanted.IsRepeat(arrival.Store.SopInstanceUid);
                try
                {
                    yield return isRepeat ? arrival with { IsRepeat = true } : arrival;
                }
                finally
                {
                    // Whoever was given it is through with it now, or was when it came back for more.
                    if (isRepeat) wanted.Arrived(arrival.Store.SopInstanceUid);
                    else if (arrival.Body.IsBroken) wanted.Broke(arrival.Store.SopInstanceUid, arrival.Store.SopClassUid);
                    else wanted.Arrived(arrival.Store.SopInstanceUid);
                    arrival.Body.Complete();
                }
            }

            await pump.ConfigureAwait(false);
            await ReleaseAsync(association).ConfigureAwait(false);
            if (isMove && _listener.TurnsAwayAll)
                throw new SourceUnavailableException(new Fault(FaultCode.InvalidConfiguration), "Who brought instances of a C-MOVE was turned away: name the AE titles and nodes that the archive sends from, ReturnAeTitles and ReturnAddresses.");
        }
        finally
        {
            _listener.Close(messageId);
            inbox.Close();
            if (association is not null) await association.DisposeAsync().ConfigureAwait(false);
            if (pump is not null) await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private IReadOnlyList<string> FewSyntaxes => ReferenceEquals(peer.Options.TransferSyntaxes, StorageSyntaxes.All) ? StorageSyntaxes.Common : peer.Options.TransferSyntaxes;

    private static IReadOnlyList<IReadOnlyList<ContextProposal>> Plan(IEnumerable<string> classes, IReadOnlyList<string> syntaxes) =>
        ContextPlanner.Plan([.. classes.SelectMany(c => syntaxes.Select(s => new ContextProposal(c, [s]) { Roles = ContextRoles.Scp }))], Keys.Context(Keys.Get));

    private static async Task ReleaseAsync(DimseAssociation association)
    {
        try
        {
            await association.ReleaseAsync().ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            // all that was asked for has been answered; how it ends does not matter
        }
    }

    private ushort OpenListener(Inbox inbox, Wanted wanted)
    {
        try
        {
            return _listener.Open(inbox, wanted);
        }
        catch (AssociationException e)
        {
            throw new SourceUnavailableException(e.Fault, "The listener for C-MOVE cannot be opened: another program has the port, or this one may not.", e);
        }
    }

    private async Task<DimseAssociation> ConnectAsync(RetrievalRequest request, Inbox inbox, ushort messageId, TimeSpan stallTimeout, CancellationToken cancellationToken)
    {
        try
        {
            // Of a C-MOVE the instances come elsewhere: that they come is what is watched, not this association.
            return peer.Options.Retrieval is DimseRetrieval.Move
                ? await peer.ConnectAsync([Keys.Context(Keys.Move)], cancellationToken, silence: TimeSpan.FromDays(1), firstMessageId: messageId).ConfigureAwait(false)
                : await peer.ConnectAsync(request.Contexts ?? Plan(request.Instances)[0], cancellationToken, inbox, silence: stallTimeout > peer.Options.IdleTimeout ? stallTimeout : null).ConfigureAwait(false); // silent while it fetches a tape
        }
        catch (AssociationException e)
        {
            throw new SourceUnavailableException(e.Fault, "The archive cannot be asked for instances.", e);
        }
    }

    /// <summary>Reads the responses: they say when the archive is through, and nothing else that is believed.</summary>
    private async Task PumpAsync(DimseAssociation association, RetrievalRequest request, Inbox inbox, CancellationToken cancellationToken)
    {
        try
        {
            var model = peer.Options.Retrieval is DimseRetrieval.Move ? Keys.Move : Keys.Get;
            var context = association.Find(model) ?? throw new SourceUnavailableException(new Fault(FaultCode.NotNegotiable), "The archive does not take this kind of retrieval; choose the other one.");
            var identifier = request.Identifier.ToArray(TransferSyntax.FromUid(context.TransferSyntax));
            var responses = model == Keys.Move ? association.MoveAsync(model, peer.Options.CallingAeTitle, identifier, cancellationToken) : association.GetAsync(model, identifier, cancellationToken);
            await foreach (var response in responses.ConfigureAwait(false))
            {
                request.Answered(response, model == Keys.Move ? DimseService.Move : DimseService.Get);
                if (response.Status == DimseStatus.MoveDestinationUnknown)
                    throw new SourceUnavailableException(new Fault(FaultCode.Refused), "The archive does not know this side's AE title as a C-MOVE destination: enter it there, with host and port.");
            }
        }
        catch
        {
            inbox.Complete();
            throw;
        }

        if (peer.Options.Retrieval is DimseRetrieval.Get) inbox.Complete(); // in order: nothing comes behind the last response
    }

    /// <summary>Waits for the next instance.</summary>
    /// <returns><see langword="false"/> if no more will come.</returns>
    private async Task<bool> WaitAsync(Inbox inbox, Task pump, RetrievalRequest request, Wanted wanted, TimeSpan stallTimeout, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var arrival = inbox.Arrivals.WaitToReadAsync(over.Token).AsTask();
        try
        {
            if (!pump.IsCompleted && !arrival.IsCompleted)
            {
                var stall = Task.Delay(stallTimeout, peer.Time, over.Token);
                if (await Task.WhenAny(arrival, pump, stall).ConfigureAwait(false) == stall && !cancellationToken.IsCancellationRequested)
                    throw new AssociationException(new Fault(FaultCode.PeerTimeout), "A retrieval brought no instance for longer than the stall timeout, and was given up.");
            }

            if (!arrival.IsCompleted && peer.Options.Retrieval is DimseRetrieval.Move)
            {
                // The last word may come before the last instance.
                if (wanted.MissingUnlisted == 0 && request.Instances.All(i => wanted.Has(i.SopInstanceUid))) return false;
                var settle = Task.Delay(request is { IsNearline: true, IsDone: true } ? stallTimeout : peer.Options.SettleTimeout, peer.Time, over.Token);
                if (await Task.WhenAny(arrival, settle).ConfigureAwait(false) == settle && !cancellationToken.IsCancellationRequested) return false;
            }

            return await arrival.ConfigureAwait(false);
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
        }
    }
}
