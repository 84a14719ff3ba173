using System.Threading.Channels;
using Dicom.Migration.Engine.Pacing;

namespace Dicom.Migration.Engine;

/// <summary>Second stage: one lane with one session, which stores what has arrived in groups, so that many small objects share a commit.</summary>
/// <param name="target">Where to.</param> <param name="pace">How hard the target is worked.</param> <param name="arrived">What to store.</param> <param name="onward">What is stored, to be verified.</param> <param name="desk">The record.</param>
/// <param name="handsBodiesOn">Whether the verifier needs the bodies of what is stored; otherwise they are let go as soon as it is.</param>
/// <param name="options">The limits.</param> <param name="time">The clock.</param>
internal sealed class StoreLane(IMigrationTarget target, TargetPace pace, ChannelReader<InFlight> arrived, ChannelWriter<IReadOnlyList<InFlight>> onward, RunDesk desk, bool handsBodiesOn, MigrationRunOptions options, TimeProvider time) : IAsyncDisposable
{
    private readonly long _groupBytes = Math.Max(1, options.ByteBudget / options.Lanes / 2);
    private readonly List<InFlight> _suspects = [];
    private readonly Rivals _rivals = new(target, desk);
    private IDisposable? _place;
    private ITargetSession? _session;
    private long _offers;
    private long _lastStored;

    /// <summary>Stores until nothing more arrives.</summary>
    /// <param name="opensAtOnce">Whether it opens a session before anything has arrived.</param>
    /// <param name="note">Told if the target did not take the last ones: what it did take is still verified.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TargetUnavailableException">The target stores nothing any more; what it did not take is taken up by the next run.</exception>
    public async Task RunAsync(bool opensAtOnce, Action<Exception> note, CancellationToken cancellationToken)
    {
        var group = new List<InFlight>(options.ObjectsPerGroup);
        // Before anything is read: a target that cannot be reached is known at once, and one that is removes what a killed run left half-written.
        if (opensAtOnce) await OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (await HasArrivedAsync(cancellationToken).ConfigureAwait(false))
            {
                _place ??= await pace.Sessions.EnterAsync(isUrgent: false, cancellationToken).ConfigureAwait(false);
                // What is there goes together; what is not there is not waited for: the budget may be all in this lane's hands.
                for (var held = 0L; held < _groupBytes && group.Count < options.ObjectsPerGroup && arrived.TryRead(out var flight); held += flight.Body?.Length ?? 0) group.Add(flight);
                await StoreGroupAsync(group, cancellationToken).ConfigureAwait(false);
                group.Clear();
                if (pace.Sessions.IsWanted) await LeaveAsync().ConfigureAwait(false);
            }
            // Nothing comes behind the suspects that could tell whether the target is well. One that took others, and does not say that
            // it is full or gone, is; and no object may keep the account open for ever.
            await SettleAsync(_suspects.FindAll(f => f.Unit.Attempt > options.Attempts || (_lastStored > 0 && !SaysSoItself(f.Outcome!.Fault)))).ConfigureAwait(false);
            if (_suspects.Count > 0) note(Unavailable());
        }
        finally
        {
            LetGo(group);
        }
    }

    public ValueTask DisposeAsync() => new(LeaveAsync());

    private async Task<bool> HasArrivedAsync(CancellationToken cancellationToken)
    {
        var arriving = arrived.WaitToReadAsync(cancellationToken).AsTask();
        await MakingRoomAsync(arriving).ConfigureAwait(false);
        return await arriving.ConfigureAwait(false);
    }

    /// <summary>Waits; a place that others need is not kept meanwhile.</summary>
    private async Task MakingRoomAsync(Task waiting)
    {
        if (_place is not null && !waiting.IsCompleted && await Task.WhenAny(waiting, pace.Sessions.Wanted).ConfigureAwait(false) != waiting) await LeaveAsync().ConfigureAwait(false);
        await waiting.ConfigureAwait(false);
    }

    /// <summary>Closes the session, and gives its place back.</summary>
    private async Task LeaveAsync()
    {
        var (session, place) = (_session, _place);
        (_session, _place) = (null, null);
        try
        {
            if (session is not null) await session.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            place?.Dispose();
        }
    }

    /// <summary>Intent on record, store, answer on record; then the bodies are let go, and what is stored goes on to be verified.</summary>
    private async Task StoreGroupAsync(List<InFlight> group, CancellationToken cancellationToken)
    {
        if (group.Count == 0) return;
        var receipt = await desk.AppendAsync(new LedgerBatch { Discoveries = [.. group.Select(static f => f.Discovery)] }).ConfigureAwait(false);
        for (var i = 0; i < group.Count; i++) group[i].Entry = receipt.Entries[i];
        // On record from an earlier run and not at its end: the intent is put on record anew. At its end: nothing is left to do.
        await desk.ChangeAsync(group.FindAll(static f => f is { Body: not null, Entry: { IsNew: false, IsOver: false } }), static f => f.Discovery.Then!).ConfigureAwait(false);
        var open = group.FindAll(static f => f is { Body: not null, Entry.IsOver: false });
        var rivals = _rivals.Among(open);
        await StoreOpenAsync([.. open.Except(rivals)], group.FindAll(f => !rivals.Contains(f)), cancellationToken).ConfigureAwait(false);
        // One after the other, as what became of the one before is on record now. The first that was sent is the one; whether it is this one in another encoding, the target will tell.
        foreach (var rival in rivals)
        {
            await GiveUpSessionAsync().ConfigureAwait(false); // the question may need the only one that the target takes
            _place ??= await pace.Sessions.EnterAsync(isUrgent: true, cancellationToken).ConfigureAwait(false);
            if (!await _rivals.IsAloneAsync(rival, cancellationToken).ConfigureAwait(false)) rival.Outcome = Rivalled(rival.Identity);
            await StoreOpenAsync([rival], [rival], cancellationToken).ConfigureAwait(false);
        }
        if (_suspects.Count > options.MostSuspects) await SettleAsync(_suspects.FindAll(f => f.Unit.Attempt > options.Attempts)).ConfigureAwait(false); // refused by so many runs
        if (_suspects.Count > options.MostSuspects) throw Unavailable();
    }

    /// <summary>Stores those that are open of a group, and ends what ends with that.</summary>
    private async Task StoreOpenAsync(List<InFlight> open, List<InFlight> group, CancellationToken cancellationToken)
    {
        await StoreRoundsAsync(open, cancellationToken).ConfigureAwait(false);
        var isOver = pace.Pause.IsOver;
        // What has had its attempts in earlier runs keeps none from its end, whether it could be offered again or not.
        foreach (var flight in open.FindAll(f => isOver && f.Outcome is null && f.Unit.Attempt > options.Attempts)) flight.Outcome = NotStored(flight.Entry.Fault ?? new Fault(FaultCode.PeerBusy));

        var stored = open.FindAll(static f => f.Outcome is { IsStored: true });
        var suspects = open.FindAll(static f => f.Outcome is { IsStored: false } && IsOfTargetAsAWhole(f.Outcome.Fault));
        var refused = open.FindAll(static f => f.Outcome is { IsStored: false } && !IsOfTargetAsAWhole(f.Outcome.Fault));
        var ended = group.Except(open).Concat(refused);
        await desk.ChangeAsync([.. stored, .. refused], static f => f.Outcome!.IsStored
            ? Acknowledged(f.Outcome) : Excepted(f)).ConfigureAwait(false);
        desk.Tally.Stored(stored.Count(static f => !f.IsRivalled), stored.Sum(static f => f.IsRivalled ? 0 : f.Body!.Length));
        desk.Tally.Excepted(refused.Count + group.Count(static f => f.Entry is { IsNew: true, State: InstanceState.Excepted }));
        if (handsBodiesOn) stored.ForEach(static f => f.IsHandedOn = true);
        LetGo(group);

        try
        {
            _suspects.AddRange(suspects);
            _lastStored = stored.Where(static f => !f.IsRivalled).Aggregate(_lastStored, static (last, f) => Math.Max(last, f.Offer));
            await SettleAsync(_suspects.FindAll(f => f.Offer < _lastStored)).ConfigureAwait(false); // it took others since: it was the objects
            await desk.CloseAsync(ended.Select(static f => f.Unit)).ConfigureAwait(false);
            if (stored.Count > 0 && !onward.TryWrite(stored)) await MakingRoomAsync(onward.WriteAsync(stored, cancellationToken).AsTask()).ConfigureAwait(false);
        }
        catch
        {
            stored.ForEach(static f => f.Dispose()); // nobody has taken them
            throw;
        }
        if (isOver) await SettleAsync(_suspects.FindAll(f => f.Unit.Attempt > options.Attempts)).ConfigureAwait(false);
        if (open.Exists(static f => f.Outcome is null) || (isOver && _suspects.Count > 0)) throw Unavailable();
    }

    // Never what is handed on: the verifier reads it, and its memory would be another object's.
    private static void LetGo(List<InFlight> flights)
    {
        foreach (var flight in flights)
            if (!flight.IsHandedOn) flight.Dispose();
    }

    /// <summary>Offers a group until all is stored, or has had its attempts, or the target has been unwell for too long.</summary>
    private async Task StoreRoundsAsync(List<InFlight> open, CancellationToken cancellationToken)
    {
        for (var round = 1; open.Exists(IsWorthAnother); round++)
        {
            if (pace.Pause.IsShut)
            {
                await GiveUpSessionAsync().ConfigureAwait(false); // left alone is left alone: an association that lies idle is a place, too
                _place?.Dispose();
                _place = null;
            }

            await pace.Pause.WaitAsync(cancellationToken).ConfigureAwait(false);
            var isOfPeer = await StoreRoundAsync(open, cancellationToken).ConfigureAwait(false);
            if (!isOfPeer) pace.Sessions.Served();
            if (pace.Pause.IsOver) return;
            if (isOfPeer || pace.Pause.IsShut || !open.Exists(IsWorthAnother)) continue;
            var delay = options.FirstRetryDelay * Math.ScaleB(1, Math.Min(round - 1, 30));
            await Task.Delay(delay < options.LongestRetryDelay ? delay : options.LongestRetryDelay, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Offers what is not stored yet, up to the first failure that is of the target as a peer: what comes behind is not sent into it.</summary>
    /// <returns>Whether there was such a failure.</returns>
    private async Task<bool> StoreRoundAsync(List<InFlight> open, CancellationToken cancellationToken)
    {
        var (ticket, answered, failure) = (pace.Pause.Ticket, 0, (Fault?)null);
        var receipts = new List<(InFlight Flight, StoreReceipt Receipt)>(open.Count);
        foreach (var flight in InTurn(open))
        {
            LookAtAnswers();
            if (failure is not null || pace.Pause.IsShut) break;
            // A target that cannot be reached, again and again, is nobody's object's fault: that ends the run.
            if (_session is null)
            {
                await OpenAsync(cancellationToken).ConfigureAwait(false);
                ticket = pace.Pause.Ticket; // what was waited for before it opened is no failure to store
            }

            flight.Offer = ++_offers;
            // A suspect may be what broke the connection for all that was outstanding with it: now it goes alone. So does whatever tries a target that is unwell.
            var goesAlone = flight.Outcome is not null || pace.Pause.IsUnwell;
            var body = flight.Body!.OpenBody();
            try
            {
                if (goesAlone) await _session!.FlushAsync(cancellationToken).ConfigureAwait(false);
                receipts.Add((flight, await _session!.StoreAsync(flight.ToOutgoing(body), cancellationToken).ConfigureAwait(false)));
                if (goesAlone) await _session.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                flight.Outcome = NotStored(e is MigrationException named ? named.Fault : new Fault(FaultCode.Unexpected));
                CountFailure(flight);
                if (TargetPace.IsOfPeer(flight.Outcome.Fault)) failure ??= flight.Outcome.Fault;
                await GiveUpSessionAsync().ConfigureAwait(false);
            }
            finally { await body.CompleteAsync().ConfigureAwait(false); }
        }
        try { if (_session is not null) await _session.FlushAsync(cancellationToken).ConfigureAwait(false); }
        catch (Exception e) when (e is not OperationCanceledException) { await GiveUpSessionAsync().ConfigureAwait(false); }
        foreach (var (_, receipt) in receipts) await receipt.Acknowledged.WaitAsync(cancellationToken).ConfigureAwait(false); // a session that never answers ends with the run
        LookAtAnswers();
        foreach (var (flight, receipt) in receipts)
        {
            flight.Outcome = await receipt.Acknowledged.ConfigureAwait(false);
            if (!flight.Outcome.IsStored) CountFailure(flight);
        }
        // What this machine could not read back is neither the object's fault nor the target's, whatever the target made of it.
        if (open.Find(static f => f.Body!.Failure is not null) is { } unread) throw unread.Body!.Failure!;
        if (failure is null) return false;
        await GiveUpSessionAsync().ConfigureAwait(false);
        pace.Pause.Failed(ticket);
        if (failure is { Code: FaultCode.PeerBusy }) pace.Sessions.Strained();
        return true;

        void LookAtAnswers()
        {
            for (; answered < receipts.Count && receipts[answered].Receipt.Acknowledged is { IsCompletedSuccessfully: true, Result: var outcome }; answered++)
                if (outcome.IsStored) pace.Pause.Well();
                else if (TargetPace.IsOfPeer(outcome.Fault)) failure ??= outcome.Fault;
        }
    }

    /// <summary>What was not offered yet comes first, and of that what others of its unit have not failed before: it tells soonest whether the target is unwell, or dislikes some objects. Then what was offered longest ago.</summary>
    private List<InFlight> InTurn(List<InFlight> open)
    {
        var failed = open.Where(static f => f.Outcome is { IsStored: false }).CountBy(static f => f.Unit).ToDictionary();
        var left = open.Where(IsWorthAnother);
        return failed.Count == 0 ? [.. left] : [.. left.OrderBy(static f => f.Offer > 0).ThenBy(f => f.Offer > 0 ? f.Offer : failed.GetValueOrDefault(f.Unit))];
    }

    /// <summary>Whether an object may be stored by another round.</summary>
    private bool IsWorthAnother(InFlight flight) => flight.Outcome is not { } outcome || (!outcome.IsStored && flight.Failures < options.Attempts && MayPass(outcome.Fault));

    /// <summary>Of a target that is busy or away for everybody an object's failures are one: they count only once the target has stored others.</summary>
    private void CountFailure(InFlight flight)
    {
        var isEverybodys = options.PauseBudget > TimeSpan.Zero && flight.Unit.Attempt <= options.Attempts && flight.Outcome!.Fault is { Code: FaultCode.PeerBusy or FaultCode.PeerUnreachable } && flight.StoredBefore == pace.Pause.Stored;
        flight.StoredBefore ??= pace.Pause.Stored;
        if (!isEverybodys) flight.Failures++;
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        _session = await pace.RunAsync(async token =>
        {
            _place ??= await pace.Sessions.EnterAsync(isUrgent: true, token).ConfigureAwait(false); // with objects in hand: another lane may wait for their room
            try
            {
                return await pace.InPlaceAsync(target.OpenSessionAsync, token).ConfigureAwait(false);
            }
            catch
            {
                // Whoever holds a session may need another place before this one gets its own.
                _place.Dispose();
                _place = null;
                throw;
            }
        }, cancellationToken).ConfigureAwait(false);
    }

    // The next round opens another: a session that has failed once is not trusted. Disposing it answers all its receipts.
    private async Task GiveUpSessionAsync()
    {
        var session = _session;
        _session = null;
        try { if (session is not null) await session.DisposeAsync().ConfigureAwait(false); }
        catch (Exception e) when (e is not OperationCanceledException) { } // it is gone either way
    }

    private async Task SettleAsync(List<InFlight> suspects)
    {
        suspects.RemoveAll(static f => f.Outcome!.Fault is { Code: FaultCode.TlsRefused or FaultCode.InvalidConfiguration or FaultCode.AssociationRejected }); // agreed on before anything is sent: never the object's fault
        if (suspects.Count == 0) return;
        await desk.ChangeAsync(suspects, Excepted).ConfigureAwait(false);
        desk.Tally.Excepted(suspects.Count);
        await desk.CloseAsync(suspects.Select(static f => f.Unit)).ConfigureAwait(false);
        foreach (var settled in suspects) _suspects.Remove(settled);
    }

    private TargetUnavailableException Unavailable() =>
        new(_suspects.Count > 0 ? _suspects[^1].Outcome!.Fault!.Value : new Fault(FaultCode.PeerBusy), "The target stores nothing any more. What it did not take is taken up when the run is started again.");

    // Its UIDs find it, unless the target holds another object under them: then its place is kept.
    private static LedgerOutcome Acknowledged(StoreOutcome outcome) => new(InstanceState.Acknowledged)
    {
        Evidence = EvidenceLevel.L0,
        SentDigest = outcome.SentDigest,
        Fault = outcome.Fault,
        TargetLocation = outcome.Fault is { Code: FaultCode.UidConflict } ? outcome.Reference!.Location : null,
    };

    private static LedgerOutcome Excepted(InFlight flight) => new(InstanceState.Excepted) { Fault = flight.Outcome!.Fault ?? new Fault(FaultCode.Refused) };

    private static StoreOutcome NotStored(Fault fault) => new(StoreDisposition.NotStored, null, fault);

    private static StoreOutcome Rivalled(InstanceIdentity identity) => new(StoreDisposition.AlreadyThere,
        new StoredReference(identity.StudyInstanceUid, identity.SeriesInstanceUid, identity.SopClassUid, identity.SopInstanceUid), new Fault(FaultCode.UidConflict));

    private static bool MayPass(Fault? fault) => fault is { IsTransient: true } or { Code: FaultCode.DiskFull or FaultCode.WriteFailed or FaultCode.Unexpected };

    private static bool SaysSoItself(Fault? fault) => fault is { Code: FaultCode.DiskFull or FaultCode.TlsRefused or FaultCode.InvalidConfiguration or FaultCode.AssociationRejected or FaultCode.PeerUnreachable or FaultCode.PeerBusy };

    /// <summary>Whether the fault says more of the target than of the object.</summary>
    private static bool IsOfTargetAsAWhole(Fault? fault) => fault is { IsTransient: true } or { Code: FaultCode.DiskFull or FaultCode.WriteFailed or FaultCode.AccessDenied or FaultCode.TlsRefused or FaultCode.InvalidConfiguration or FaultCode.AssociationRejected };
}
