using System.IO.Pipelines;
using Dicom.Migration.DataSets;
using Outgoing = Dicom.Migration.OutgoingInstance; // not the one of DIMSE's own services

namespace Dicom.Migration.Dimse;

/// <summary>One lane into an archive: an association that is used again and again, and made anew for kinds of objects that it was not made for.</summary>
internal sealed class DimseTargetSession(Peer peer, DimseTargetOptions options, StoreContexts contexts) : ITargetSession
{
    private readonly List<Task<StoreOutcome>> _outstanding = [];
    private DimseAssociation? _association;
    private HashSet<(string SopClass, string Syntax)> _proposed = [];

    /// <summary>Makes the first association.</summary>
    /// <exception cref="AssociationException">The archive cannot be reached, or rejects.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken) => await ConnectAsync(contexts.Plan(null), cancellationToken).ConfigureAwait(false);

    public async Task<StoreReceipt> StoreAsync(Outgoing instance, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instance);
        if (Unusable(instance) is { } malformed) return NotStored(malformed);
        if (instance.Length is not { } length || !long.IsOddInteger(length)) return await OfferAsync(instance, cancellationToken).ConfigureAwait(false);
        // A data set is even (PS3.5 §7.1), and so are its fragments: DCMTK ends the association over an odd one. It goes alone, and takes no other with it.
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        var receipt = await OfferAsync(instance, cancellationToken).ConfigureAwait(false);
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        return receipt;
    }

    private async Task<StoreReceipt> OfferAsync(Outgoing instance, CancellationToken cancellationToken)
    {
        TransferSyntax? syntax;
        try
        {
            syntax = await AgreeAsync(instance, cancellationToken).ConfigureAwait(false);
        }
        catch (AssociationException e)
        {
            // The archive took an association before. One that does not answer is away, and no object is to blame; what it does answer (busy, rejected, TLS) is said as it is.
            return NotStored(e.Fault.Code is FaultCode.PeerClosedEarly or FaultCode.PeerTimeout ? new Fault(FaultCode.PeerUnreachable) : e.Fault);
        }

        if (syntax is null) return NotStored(new Fault(FaultCode.NotNegotiable));
        var body = new MeasuredBody(instance.Body, instance.Length);
        return syntax == instance.TransferSyntax ? await SendAsync(instance, body, body, syntax, cancellationToken).ConfigureAwait(false)
            : await SendChangedAsync(instance, body, syntax, cancellationToken).ConfigureAwait(false);
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_outstanding).WaitAsync(cancellationToken).ConfigureAwait(false);
        _outstanding.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await FlushAsync(CancellationToken.None).ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
    }

    /// <summary>A UID that is no UID cannot be asked for afterwards, and may be more than one (PS3.4 §C.2.2.2.4): it is not sent.</summary>
    private static Fault? Unusable(Outgoing instance)
    {
        foreach (var (uid, tag, isNeeded) in new[] { (instance.SopInstanceUid, Keys.SopInstanceUid, true), (instance.SopClassUid, Keys.SopClassUid, true), (instance.SeriesInstanceUid, Keys.SeriesUid, false), (instance.StudyInstanceUid, Keys.StudyUid, false) })
            if ((isNeeded || uid.Length > 0) && !DicomUid.IsValid(uid)) return new Fault(FaultCode.MalformedUid, tag);
        return null;
    }

    /// <summary>The transfer syntax to send in; <see langword="null"/> if the archive takes none that may be used.</summary>
    private async Task<TransferSyntax?> AgreeAsync(Outgoing instance, CancellationToken cancellationToken)
    {
        var sopClass = instance.SopClassUid;
        var candidates = Candidates(instance.TransferSyntax).Where(s => contexts.IsTakenAlone(sopClass, s.Uid) is not false).ToList();
        if (candidates.Count == 0) return null;
        if (candidates.Find(s => contexts.IsTakenAlone(sopClass, s.Uid) is true) is { } alone)
        {
            if (!IsProposed(alone)) await ConnectAsync(StoreContexts.Alone(sopClass, alone.Uid), cancellationToken).ConfigureAwait(false);
            return Taken([alone]);
        }

        if (!candidates.TrueForAll(IsProposed))
        {
            List<TransferSyntax> untried = [.. candidates.Where(s => !contexts.Has(sopClass, s.Uid))];
            try
            {
                await ConnectAsync(contexts.Plan(sopClass, candidates.Select(static s => s.Uid)), cancellationToken).ConfigureAwait(false);
            }
            catch (AssociationException e) when (untried.Count > 0 && IsOfProposal(e))
            {
                await SetApartAsync(sopClass, untried, cancellationToken).ConfigureAwait(false);
                return await AgreeAsync(instance, cancellationToken).ConfigureAwait(false);
            }

            foreach (var syntax in untried) contexts.Add(sopClass, syntax.Uid);
        }

        return Taken(candidates);

        bool IsProposed(TransferSyntax syntax) => _association is { Ended.IsCancellationRequested: false } && _proposed.Contains((sopClass, syntax.Uid));

        TransferSyntax? Taken(List<TransferSyntax> among) => among.Find(s => _association!.Contexts.Any(c => string.Equals(c.AbstractSyntax, sopClass, StringComparison.Ordinal) && string.Equals(c.TransferSyntax, s.Uid, StringComparison.Ordinal)));
    }

    /// <summary>The archive takes no association with these in it. Without them it has to; then each is tried alone, and what is not taken alone either is never proposed again.</summary>
    /// <exception cref="AssociationException">It takes none without them either: it is the archive.</exception>
    private async Task SetApartAsync(string sopClassUid, List<TransferSyntax> untried, CancellationToken cancellationToken)
    {
        await ConnectAsync(contexts.Plan(null), cancellationToken).ConfigureAwait(false);
        foreach (var syntax in untried)
        {
            var isTakenAlone = await IsTakenAloneAsync().ConfigureAwait(false);
            if (isTakenAlone is null)
            {
                // A connection that is lost may be chance. It counts if the archive takes one without it at once, and loses this one again.
                await ConnectAsync(contexts.Plan(null), cancellationToken).ConfigureAwait(false);
                isTakenAlone = await IsTakenAloneAsync().ConfigureAwait(false);
            }

            contexts.SetApart(sopClassUid, syntax.Uid, isTakenAlone is true);

            async Task<bool?> IsTakenAloneAsync()
            {
                try
                {
                    await ConnectAsync(StoreContexts.Alone(sopClassUid, syntax.Uid), cancellationToken).ConfigureAwait(false);
                    return true;
                }
                catch (AssociationException e) when (IsOfProposal(e))
                {
                    return e.Fault.Code is FaultCode.PeerClosedEarly ? null : false;
                }
            }
        }
    }

    /// <summary>Whether an association may have failed over what was proposed: it was answered, and not with "later".</summary>
    private static bool IsOfProposal(AssociationException e) => e.Fault.Code is FaultCode.AssociationRejected or FaultCode.PeerClosedEarly or FaultCode.ProtocolViolation or FaultCode.MessageTooLong;

    private IEnumerable<TransferSyntax> Candidates(TransferSyntax own) => options.ChangesNativeTransferSyntax && StorageSyntaxes.Native.Contains(own)
        ? StorageSyntaxes.Native.Where(s => s != own && s != TransferSyntax.ExplicitVrBigEndian).OrderBy(static s => s == TransferSyntax.ImplicitVrLittleEndian).Prepend(own) : [own]; // Implicit VR last: it may lose VRs

    private async Task ConnectAsync(IReadOnlyList<ContextProposal> plan, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
        _association = await peer.ConnectAsync(plan, cancellationToken, window: options.OperationsWindow, runsCallerInline: true).ConfigureAwait(false);
        _proposed = [.. plan.Select(static c => (c.AbstractSyntax, c.TransferSyntaxes[0]))];
    }

    private async Task CloseAsync()
    {
        if (_association is not { } association) return;
        (_association, _proposed) = (null, []);
        try
        {
            if (!association.Ended.IsCancellationRequested) await association.ReleaseAsync().ConfigureAwait(false);
        }
        catch (AssociationException)
        {
            // every answer is here; how it ends does not matter
        }

        await association.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<StoreReceipt> SendChangedAsync(Outgoing instance, MeasuredBody body, TransferSyntax syntax, CancellationToken cancellationToken)
    {
        if (instance.Length > options.MaxChangedLength) return NotStored(new Fault(FaultCode.DataSetTooLong));
        byte[] changed;
        try
        {
            if (await NativeChange.ReadAsync(body, options.MaxChangedLength, cancellationToken).ConfigureAwait(false) is not { } bytes) return NotStored(new Fault(FaultCode.DataSetTooLong));
            changed = NativeChange.Of(bytes, instance.TransferSyntax, syntax);
        }
        catch (Exception e) when (e is InvalidDataException || (e is MigrationException && body.Failure is null))
        {
            return NotStored(body.LengthFault ?? (e as MigrationException)?.Fault ?? new Fault(FaultCode.MalformedDeflate)); // it cannot be held or written in another way
        }

        var digest = NativeChange.DigestOf(changed);
        var receipt = await SendAsync(instance, PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(changed)), body, syntax, cancellationToken).ConfigureAwait(false);
        return new StoreReceipt(NotedAsync());

        async Task<StoreOutcome> NotedAsync()
        {
            var outcome = await receipt.Acknowledged.ConfigureAwait(false);
            return outcome.IsStored ? outcome with { SentDigest = digest, Fault = outcome.Fault ?? new Fault(FaultCode.EncodingDiffers) } : outcome;
        }
    }

    private async Task<StoreReceipt> SendAsync(Outgoing instance, PipeReader sent, MeasuredBody body, TransferSyntax syntax, CancellationToken cancellationToken)
    {
        var giveUp = new CancellationTokenSource(); // without a timer it holds nothing to dispose of; the answer may come after this
        Task<StoreOutcome> outcome;
        using (cancellationToken.Register(static state => ((CancellationTokenSource)state!).Cancel(), giveUp))
        {
            outcome = OutcomeAsync(instance, sent, body, syntax, giveUp.Token);
            await Task.WhenAny(outcome, body.Taken).ConfigureAwait(false);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (body.Failure is { } failure)
        {
            await outcome.ConfigureAwait(false);
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        _outstanding.RemoveAll(static o => o.IsCompleted);
        _outstanding.Add(outcome);
        return new StoreReceipt(outcome);
    }

    private async Task<StoreOutcome> OutcomeAsync(Outgoing instance, PipeReader sent, MeasuredBody body, TransferSyntax syntax, CancellationToken giveUp)
    {
        try
        {
            var status = await _association!.StoreAsync(instance.SopClassUid, instance.SopInstanceUid, syntax.Uid, sent, giveUp).ConfigureAwait(false);
            var fault = DimseStatusMeaning.FaultOf(status, DimseService.Store);
            if (!status.IsSuccess && !status.IsWarning) return new StoreOutcome(StoreDisposition.NotStored, null, new Fault(fault is FaultCode.None ? FaultCode.ProtocolViolation : fault));
            return new StoreOutcome(StoreDisposition.Stored, new StoredReference(instance.StudyInstanceUid, instance.SeriesInstanceUid, instance.SopClassUid, instance.SopInstanceUid),
                fault is FaultCode.None ? null : new Fault(fault));
        }
        catch (OperationCanceledException)
        {
            return new StoreOutcome(StoreDisposition.NotStored, null, new Fault(FaultCode.PeerTimeout)); // the caller gave up: whether it is there is not known
        }
        catch (MigrationException e)
        {
            return new StoreOutcome(StoreDisposition.NotStored, null, body.LengthFault ?? e.Fault);
        }
    }

    private static StoreReceipt NotStored(Fault fault) => new(Task.FromResult(new StoreOutcome(StoreDisposition.NotStored, null, fault)));
}
