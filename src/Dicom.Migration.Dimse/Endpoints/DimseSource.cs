using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>An archive that is listed by C-FIND and read by C-GET or C-MOVE (PS3.4 §C). Its units are studies.</summary>
/// <remarks>What it says of itself is held against what it does: a study is read when the instances it lists have arrived, whatever the statuses say.</remarks>
public sealed class DimseSource : IMigrationSource, IAsyncDisposable
{
    private const int MostFailuresInARow = 8; // instances asked for one by one in vain, before the rest of a study is given up

    private readonly DimseSourceOptions _options;
    private readonly TimeProvider _time;
    private readonly Peer _peer;
    private readonly Retriever _retriever;
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
        var wanted = new Wanted(content.Instances, Math.Max(0, content.Claimed - content.Instances.Count));
        var (delivered, fault, isStalling) = (0, (Fault?)null, false);
        try
        {
            foreach (var request in content.IsOffline ? [] : Requests(unit.Key, wanted, () => isStalling))
            {
                var arrivals = _retriever.RetrieveAsync(request, wanted, content.IsNearline ? _options.NearlineTimeout : _options.StallTimeout, cancellationToken).GetAsyncEnumerator(cancellationToken);
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
                        isStalling |= request.Contexts is not null && e.Fault.Code is FaultCode.PeerTimeout;
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
                    delivered++;
                    yield return Instance(arrivals.Current, body);
                }
            }
        }
        finally
        {
            if (wanted.Broken is { Count: > 0 } broken) _troubled[unit.Key] = new HashSet<string>(broken.Concat(_troubled.GetValueOrDefault(unit.Key) ?? []), StringComparer.Ordinal);
            else if (wanted.Missing.Count == 0) _troubled.TryRemove(unit.Key, out _);
        }

        var missing = wanted.Missing;
        // Lost connections, and nothing but these: another time. An archive that answers and does not send is not waited for any longer.
        if (delivered == 0 && missing.Count > 0 && fault is { IsTransient: true, Code: not FaultCode.PeerTimeout } sick) throw new AssociationException(sick, "The archive sends nothing of a study.");
        if (delivered == 0 && missing.Count + wanted.MissingUnlisted + (unit.Instances ?? 0) == 0)
            yield return new SourceFinding("", new Fault(content.IsThere ? FaultCode.NotDelivered : FaultCode.SourceGone)); // it was listed: it is not passed over
        // Those that the unit's number of instances leaves open are the reader's to account for.
        var open = Math.Max(0, (unit.Instances ?? 0) - delivered);
        for (var i = open; i < missing.Count + wanted.MissingUnlisted; i++)
            yield return new SourceFinding(i < missing.Count ? missing[i].SopInstanceUid : "", new Fault(FaultCode.NotDelivered));
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
        catch (AssociationException e) when (e.Fault.IsTransient || e.Fault.Code is FaultCode.AssociationRejected or FaultCode.TlsRefused)
        {
            throw new SourceUnavailableException(e.Fault, "The archive cannot be asked what a study holds.", e); // no study is to blame for an archive that is away
        }
    }

    /// <summary>The study; then each series that is not all here; then what is of no common SOP class, if the archive does not say of which; then instance by instance, and those that
    /// broke the association before at the end.</summary>
    private IEnumerable<RetrievalRequest> Requests(string studyUid, Wanted wanted, Func<bool> isStalling)
    {
        var troubled = _troubled.GetValueOrDefault(studyUid);
        if (troubled is null)
        {
            if (_retriever.Fits(wanted.All)) yield return new RetrievalRequest("STUDY", studyUid, null, [.. wanted.All]);
            foreach (var series in wanted.Missing.GroupBy(static l => l.SeriesUid, StringComparer.Ordinal))
                if (_retriever.Fits(series)) yield return new RetrievalRequest("SERIES", studyUid, series.Key, [.. series]);
        }

        foreach (var contexts in _retriever.FurtherPlans())
        {
            List<Listed> unknown = [.. wanted.Missing.Where(static l => l.SopClassUid is null)];
            if (unknown.Count == 0 || isStalling()) break; // thirty times the longest wait would be an hour
            yield return new RetrievalRequest("STUDY", studyUid, null, unknown) { Contexts = contexts };
        }

        var failures = 0;
        foreach (var instance in wanted.Missing.OrderBy(l => troubled?.Contains(l.SopInstanceUid) is true).ThenBy(static l => l.SopClassUid is null))
        {
            if (failures == MostFailuresInARow) yield break;
            yield return new RetrievalRequest("IMAGE", studyUid, instance.SeriesUid, [instance]);
            failures = wanted.Has(instance.SopInstanceUid) ? 0 : failures + 1;
        }
    }

    private static SourceInstance Instance(Arrival arrival, System.IO.Pipelines.PipeReader body) => new(arrival.Store.SopInstanceUid, body)
    {
        TransferSyntax = arrival.TransferSyntax,
        ClaimedSopClassUid = arrival.Store.SopClassUid,
        ClaimedSopInstanceUid = arrival.Store.SopInstanceUid,
    };
}
