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
    public async Task OpenAsync(CancellationToken cancellationToken) => await ConnectAsync(null, cancellationToken).ConfigureAwait(false);

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
        if (_association is null or { Ended.IsCancellationRequested: true }) await ConnectAsync(instance.SopClassUid, cancellationToken).ConfigureAwait(false);
        var candidates = Candidates(instance.TransferSyntax).ToList();
        if (!candidates.TrueForAll(s => _proposed.Contains((instance.SopClassUid, s.Uid))))
        {
            foreach (var syntax in candidates) contexts.Add(instance.SopClassUid, syntax.Uid);
            await ConnectAsync(instance.SopClassUid, cancellationToken).ConfigureAwait(false);
        }

        return candidates.Find(s => _association!.Contexts.Any(c => string.Equals(c.AbstractSyntax, instance.SopClassUid, StringComparison.Ordinal) && string.Equals(c.TransferSyntax, s.Uid, StringComparison.Ordinal)));
    }

    private IEnumerable<TransferSyntax> Candidates(TransferSyntax own) => options.ChangesNativeTransferSyntax && StorageSyntaxes.Native.Contains(own)
        ? StorageSyntaxes.Native.Where(s => s != own && s != TransferSyntax.ExplicitVrBigEndian).Prepend(own) : [own];

    private async Task ConnectAsync(string? sopClassUid, CancellationToken cancellationToken)
    {
        await FlushAsync(cancellationToken).ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
        var plan = contexts.Plan(sopClassUid);
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
        byte[] changed;
        try
        {
            using var bytes = new MemoryStream();
            await body.CopyToAsync(bytes, cancellationToken).ConfigureAwait(false);
            changed = DataSet.Read(bytes.ToArray(), instance.TransferSyntax).ToArray(syntax);
        }
        catch (MigrationException e) when (body.Failure is null)
        {
            return NotStored(body.LengthFault ?? e.Fault); // it cannot be held or written in another way
        }

        return await SendAsync(instance, PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(changed)), body, syntax, cancellationToken).ConfigureAwait(false);
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
