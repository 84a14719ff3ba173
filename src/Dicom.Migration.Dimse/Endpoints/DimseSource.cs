using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>An archive that is listed by C-FIND and read by C-GET or C-MOVE (PS3.4 §C). Its units are studies.</summary>
/// <remarks>What it says of itself is held against what it does: a study is read when the instances it lists have arrived, whatever the statuses say.</remarks>
public sealed class DimseSource : IMigrationSource, IAsyncDisposable
{
    private readonly DimseSourceOptions _options;
    private readonly TimeProvider _time;
    private readonly Peer _peer;
    private readonly Retriever _retriever;
    private readonly Forbearance _forbearance;
    private readonly ConcurrentDictionary<string, HashSet<string>> _troubled = new(StringComparer.Ordinal);

    /// <summary>A source that opens nothing before it is asked.</summary>
    /// <param name="name">Names it in configuration, logs and the ledger.</param>
    /// <param name="options">How the archive is reached.</param>
    /// <param name="timeProvider">The clock of all timeouts.</param>
    public DimseSource(string name, DimseSourceOptions options, TimeProvider timeProvider)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(timeProvider);
        (Name, _options, _time, _peer) = (name, options, timeProvider, new Peer(options, timeProvider));
        _retriever = new Retriever(_peer);
        _forbearance = new Forbearance(options.BusyPause, options.LongestBusyPause, options.BusyTimeout, timeProvider);
    }

    /// <inheritdoc/>
    public string Name { get; }
    /// <inheritdoc/>
    public string Address => _peer.Address;
    /// <summary>The port on which instances of C-MOVEs are taken, with the one that was picked if the option is 0. Begins to listen.</summary>
    public int ListenPort => _retriever.Listener.Port;

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceUnit> DiscoverAsync(SourceCursor? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var link = new QueryLink(_peer);
        await using var owned = link.ConfigureAwait(false);
        await foreach (var unit in new StudyInventory(link, _options, _time).ListAsync(after?.Value, cancellationToken).ConfigureAwait(false))
        {
            yield return unit;
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(unit);
        if (!DicomUid.IsValid(unit.Key))
        {
            var reason = unit.Key.StartsWith(StudyInventory.Unlistable, StringComparison.Ordinal) ? new Fault(FaultCode.QueryTooLarge)
                : unit.Key.StartsWith(StudyInventory.Unreadable, StringComparison.Ordinal) ? new Fault(FaultCode.ProtocolViolation) : new Fault(FaultCode.MalformedUid, Keys.StudyUid);
            for (var i = 0; i < Math.Max(1, unit.Instances ?? 0); i++) yield return new SourceFinding("", reason); // each object has its line
            yield break;
        }

        var content = await AskAsync(unit.Key, cancellationToken).ConfigureAwait(false);
        var wanted = new Wanted(content.Instances, content.Unlisted, content.IsCut);
        var plan = new RetrievalPlan(unit.Key, content.IsNearline, wanted, _retriever, _troubled.GetValueOrDefault(unit.Key));
        var stallTimeout = content.IsNearline ? _options.NearlineTimeout : _options.StallTimeout;
        var longestVain = content.IsNearline && _options.NearlineTimeout > _options.VainTimeout ? _options.NearlineTimeout : _options.VainTimeout;
        var (fault, isPutOff, vain) = ((Fault?)null, false, TimeSpan.Zero);
        try
        {
            foreach (var request in plan.Requests())
            {
                if (vain >= longestVain) break;
                var asked = _time.GetTimestamp();
                do
                {
                    await _forbearance.WaitAsync(cancellationToken).ConfigureAwait(false);
                    var (start, before, isStalled) = (_time.GetTimestamp(), wanted.Arrivals, false);
                    var arrivals = _retriever.RetrieveAsync(request, wanted, stallTimeout, cancellationToken).GetAsyncEnumerator(cancellationToken);
                    await using var owned = arrivals.ConfigureAwait(false);
                    while (true)
                    {
                        try
                        {
                            if (!await arrivals.MoveNextAsync().ConfigureAwait(false)) break;
                        }
                        catch (AssociationException e)
                        {
                            fault = e.Fault; // what is still missing is asked for in smaller pieces
                            isStalled = e.Fault.Code is FaultCode.PeerTimeout;
                            plan.IsStalling |= request.Contexts is not null && isStalled;
                            break;
                        }
                        catch (SourceUnavailableException e) when (request.Contexts is not null && !e.Fault.IsTransient)
                        {
                            fault = e.Fault; // it does not like some of the many SOP classes that are tried
                            break;
                        }

                        // Asked for alone after something broke: one that breaks again costs no other its turn.
                        var body = request.Level is "IMAGE" ? await ReadBackBody.TakeAsync(arrivals.Current.Body, cancellationToken).ConfigureAwait(false) : arrivals.Current.Body;
                        if (body is null) continue;
                        yield return Instance(arrivals.Current, body, !wanted.Lists(arrivals.Current.Store.SopInstanceUid));
                    }

                    isPutOff = request.IsPutOff;
                    if (wanted.Arrivals == before) vain += isStalled ? stallTimeout : _time.GetElapsedTime(start);
                    if (wanted.Arrivals > before || (!request.IsBusy && request.IsAnswered)) _forbearance.Served();
                    else if (request.IsBusy && (!_forbearance.TryAgain() || _time.GetElapsedTime(asked) >= _options.BusyTimeout)) throw new SourceUnavailableException(new Fault(FaultCode.PeerBusy), "The archive answers queries, and says of retrievals that it is busy, for longer than it is waited for.");
                }
                while (request.IsBusy);
            }
        }
        finally
        {
            if (wanted.Broken is { Count: > 0 } broken) _troubled[unit.Key] = new HashSet<string>(broken.Concat(_troubled.GetValueOrDefault(unit.Key) ?? []), StringComparer.Ordinal);
            else if (wanted.Missing.Count == 0) _troubled.TryRemove(unit.Key, out _);
        }

        var (missing, offline) = (wanted.Missing, wanted.Offline);
        if (wanted.Arrivals == 0 && missing.Count > 0)
        {
            // Lost connections, and nothing but these: another time. An archive that answers and does not send is not waited for any longer.
            if (fault is { IsTransient: true, Code: not FaultCode.PeerTimeout } sick) throw new SourceUnavailableException(sick, "The archive sends nothing of a study.");
            if (isPutOff) throw new SourceUnavailableException(new Fault(FaultCode.PeerBusy), "The archive begins to send nothing of a study.");
        }

        if (wanted.Arrivals == 0 && missing.Count + offline.Count + wanted.MissingUnlisted + (unit.Instances ?? 0) == 0)
            yield return new SourceFinding("", new Fault(content.IsThere ? FaultCode.NotDelivered : FaultCode.SourceGone)); // it was listed: it is not passed over
        foreach (var instance in missing) yield return new SourceFinding(instance.SopInstanceUid, new Fault(FaultCode.NotDelivered));
        foreach (var instance in offline) yield return new SourceFinding(instance.SopInstanceUid, new Fault(FaultCode.NotOnline));
        for (var i = wanted.MissingUnlisted; i > 0; i--) yield return new SourceFinding("", new Fault(FaultCode.NotDelivered));
        if (content.IsCut) yield return new SourceFinding("", new Fault(FaultCode.QueryTooLarge)); // what came is kept; what else there is, nothing tells
        foreach (var uid in wanted.Unrequested) yield return new SourceFinding(uid, new Fault(FaultCode.Unrequested));
    }

    /// <summary>Ends listening.</summary>
    public ValueTask DisposeAsync() => _retriever.DisposeAsync();

    private async Task<StudyContent> AskAsync(string studyUid, CancellationToken cancellationToken)
    {
        try
        {
            return await StudyContent.AskAsync(_peer, studyUid, cancellationToken).ConfigureAwait(false);
        }
        catch (AssociationException e) when (e.Fault.IsTransient || e.Fault.Code is FaultCode.AssociationRejected or FaultCode.TlsRefused or FaultCode.InvalidConfiguration)
        {
            throw new SourceUnavailableException(e.Fault, "The archive cannot be asked what a study holds.", e); // no study is to blame for an archive that is away
        }
    }

    private static SourceInstance Instance(Arrival arrival, System.IO.Pipelines.PipeReader body, bool isUnlisted) => new(arrival.Store.SopInstanceUid, body)
    {
        TransferSyntax = arrival.TransferSyntax,
        ClaimedSopClassUid = arrival.Store.SopClassUid,
        ClaimedSopInstanceUid = arrival.Store.SopInstanceUid,
        IsClaimBinding = true,
        IsUnlisted = isUnlisted,
        IsRepeat = arrival.IsRepeat,
    };
}
