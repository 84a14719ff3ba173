using System.Buffers;
using System.IO.Pipelines;
using Dicom.Migration.DataSets;
using Dicom.Migration.DicomWeb.Multipart;

namespace Dicom.Migration.DicomWeb;

/// <summary>One lane's way to a DICOMweb archive: small instances are collected into one request, large ones are sent as they are read.</summary>
internal sealed class DicomWebTargetSession(DicomWebTarget target) : ITargetSession
{
    private readonly List<StowPending> _pending = [];
    private long _bytes;

    public async Task<StoreReceipt> StoreAsync(OutgoingInstance instance, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instance);
        DicomWebResource resource;
        ReadOnlyMemory<byte> envelope;
        try { (resource, envelope) = (new DicomWebResource(instance.StudyInstanceUid, instance.SeriesInstanceUid, instance.SopInstanceUid), Envelope(instance)); }
        catch (MigrationException e) { return NotStored(e.Fault); }
        var reference = new StoredReference(instance.StudyInstanceUid, instance.SeriesInstanceUid, instance.SopClassUid, instance.SopInstanceUid);
        if (_pending.Exists(p => p.Resource.SopInstanceUid == resource.SopInstanceUid)) await FlushAsync(cancellationToken).ConfigureAwait(false);

        var isHeld = false;
        try { isHeld = target.Options.LooksBeforeStoring && await target.Held.HoldsAsync(resource, cancellationToken).ConfigureAwait(false); }
        catch (MigrationException e) when (e is DicomWebException or DicomFormatException) { return NotStored(e.Fault); }
        var most = target.Options.MaxBatchBytes;
        if (isHeld || instance.Length > most || await IsLongerAsync(instance.Body, most, cancellationToken).ConfigureAwait(false))
        {
            await FlushAsync(cancellationToken).ConfigureAwait(false);
            var (disposition, fault) = isHeld ? await CompareAsync(resource, instance, cancellationToken).ConfigureAwait(false)
                : await SendAsync(resource, envelope, instance, cancellationToken).ConfigureAwait(false);
            return new StoreReceipt(Task.FromResult(new StoreOutcome(disposition, disposition is StoreDisposition.NotStored ? null : reference, fault)));
        }
        if (_bytes + (instance.Length ?? 0) > most) await FlushAsync(cancellationToken).ConfigureAwait(false);
        if (!target.Held.TryBegin(resource.SopInstanceUid!)) return NotStored(new Fault(FaultCode.PeerBusy)); // another lane's; to be compared when that is there
        StowPending? taken = null;
        try
        {
            // All of it is here, or comes at once: it was examined to its end.
            var read = await instance.Body.ReadAtLeastAsync(checked((int)most + 1), cancellationToken).ConfigureAwait(false);
            if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
            var length = (int)read.Buffer.Length;
            if (instance.Length is not { } said || said == length)
            {
                var rented = ArrayPool<byte>.Shared.Rent(length);
                read.Buffer.CopyTo(rented);
                taken = new StowPending(resource, reference, envelope, rented, length);
            }
            instance.Body.AdvanceTo(read.Buffer.End);
            if (taken is null) return NotStored(new Fault(FaultCode.LengthBeyondInput, null, length));
            _pending.Add(taken);
            _bytes += length;
        }
        finally
        {
            if (taken is null) target.Held.End(resource, isStored: false);
        }
        // The instance is the batch's now: giving up here would leave its receipt with nobody.
        if (_pending.Count >= target.Options.MaxBatchInstances || _bytes >= most) await FlushAsync(CancellationToken.None).ConfigureAwait(false);
        return taken.Receipt;
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_pending.Count == 0) return;
        try
        {
            await SendAsync(_pending, cancellationToken).ConfigureAwait(false);
            // What a batch's answer does not name is sent alone: one bad object, or one that makes the request too long, never stops the others.
            if (_pending.Count > 1)
                foreach (var one in _pending.FindAll(static p => !p.IsAnswered)) await SendAsync([one], cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            foreach (var one in _pending)
            {
                one.Answer(StoreDisposition.NotStored, new Fault(FaultCode.PeerTimeout)); // given up: unless it was answered before
                target.Held.End(one.Resource, (await one.Receipt.Acknowledged.ConfigureAwait(false)).IsStored);
                one.Dispose();
            }
            _pending.Clear();
            _bytes = 0;
        }
    }

    public async ValueTask DisposeAsync() => await FlushAsync(CancellationToken.None).ConfigureAwait(false);

    private async Task SendAsync(List<StowPending> batch, CancellationToken cancellationToken)
    {
        var result = await SendAsync([.. batch.Select(static p => p.ToInstance())], batch.Select(static p => p.Resource), cancellationToken).ConfigureAwait(false);
        foreach (var one in batch)
        {
            var uid = one.Resource.SopInstanceUid!;
            if (result.IsStored(uid)) one.Answer(StoreDisposition.Stored, result.FaultOf(uid));
            else if (batch.Count == 1 || result.Names(uid) || result.FaultOf(uid) is { IsTransient: true } or { Code: FaultCode.AccessDenied or FaultCode.DiskFull or FaultCode.TlsRefused })
                one.Answer(StoreDisposition.NotStored, result.FaultOf(uid));
        }
    }

    private async Task<StowResult> SendAsync(IReadOnlyList<StowInstance> instances, IEnumerable<DicomWebResource> resources, CancellationToken cancellationToken)
    {
        try { return await target.Client.StoreAsync(instances, cancellationToken).ConfigureAwait(false); }
        catch (DicomWebException e)
        {
            // The request may have been carried out for all that.
            foreach (var study in resources.Select(static r => r.StudyInstanceUid).Distinct(StringComparer.Ordinal)) target.Held.Forget(study);
            return StowResult.Nothing(e.Fault.Code);
        }
    }

    /// <summary>Sends an instance alone, as it is read.</summary>
    private async Task<(StoreDisposition, Fault?)> SendAsync(DicomWebResource resource, ReadOnlyMemory<byte> envelope, OutgoingInstance instance, CancellationToken cancellationToken)
    {
        var uid = resource.SopInstanceUid!;
        if (!target.Held.TryBegin(uid)) return (StoreDisposition.NotStored, new Fault(FaultCode.PeerBusy));
        var isStored = false;
        using var content = new MultipartDicomContent([StowInstance.FromPipe(uid, instance.SopClassUid, envelope, instance.Body, instance.Length)]);
        try
        {
            var result = await target.Client.StoreAsync(content, cancellationToken).ConfigureAwait(false);
            isStored = result.IsStored(uid);
            return (isStored ? StoreDisposition.Stored : StoreDisposition.NotStored, result.FaultOf(uid));
        }
        catch (DicomWebException e) when (content.BodyFailure is null or DicomWebException { Fault.Code: FaultCode.LengthBeyondInput })
        {
            target.Held.Forget(resource.StudyInstanceUid);
            return (StoreDisposition.NotStored, (content.BodyFailure as DicomWebException ?? e).Fault);
        }
        catch (DicomWebException) when (content.BodyFailure is { } failure)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure); // the peer is not to blame
            throw;
        }
        finally { target.Held.End(resource, isStored); }
    }

    /// <summary>Holds an instance against the one under its UID that the target has.</summary>
    private async Task<(StoreDisposition, Fault?)> CompareAsync(DicomWebResource resource, OutgoingInstance instance, CancellationToken cancellationToken)
    {
        var answer = target.Client.RetrieveAsync(resource, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var _ = answer.ConfigureAwait(false);
        try
        {
            if (!await answer.MoveNextAsync().ConfigureAwait(false) || answer.Current.Prefix is null) return (StoreDisposition.NotStored, new Fault(FaultCode.UnreadableAtTarget));
        }
        catch (DicomWebException e) { return (StoreDisposition.NotStored, e.Fault.IsTransient ? e.Fault : new Fault(FaultCode.UnreadableAtTarget)); }
        var comparison = await BodyComparison.CompareAsync(instance.Body, answer.Current.Body, cancellationToken).ConfigureAwait(false);
        if (instance.Length is { } said && said != comparison.Length) return (StoreDisposition.NotStored, new Fault(FaultCode.LengthBeyondInput, null, comparison.Length));
        return comparison switch
        {
            { Failure: { } failure } => (StoreDisposition.NotStored, failure),
            { IsSame: true } => (StoreDisposition.AlreadyThere, null),
            _ => (StoreDisposition.NotStored, new Fault(FaultCode.UidConflict)),
        };
    }

    /// <summary>Whether a body of unknown length is longer than a limit; nothing of it is consumed.</summary>
    private static async Task<bool> IsLongerAsync(PipeReader body, int most, CancellationToken cancellationToken)
    {
        var read = await body.ReadAtLeastAsync(checked(most + 1), cancellationToken).ConfigureAwait(false);
        body.AdvanceTo(read.Buffer.Start);
        if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
        return read.Buffer.Length > most;
    }

    /// <summary>The source's own if it fits the body and is a whole one (PS3.10 §7.1), another otherwise: servers take nothing else.</summary>
    private static ReadOnlyMemory<byte> Envelope(OutgoingInstance instance)
    {
        if (instance.Envelope.Length > 132 && instance.Envelope.Span[128..132].SequenceEqual("DICM"u8))
        {
            try
            {
                if (Part10Prefix.Read(instance.Envelope.Span, isFinal: true) is { } prefix && prefix.Length == instance.Envelope.Length
                    && prefix.DeclaredTransferSyntaxUid == instance.TransferSyntax.Uid && (prefix.Assumptions & ~Part10Assumptions.WrongMetaGroupLength) == Part10Assumptions.None) return instance.Envelope;
            }
            catch (DicomFormatException) { } // is made anew
        }
        var made = new ArrayBufferWriter<byte>(512);
        Part10FileWriter.WritePrefix(made, instance.SopClassUid, instance.SopInstanceUid, instance.TransferSyntax);
        return made.WrittenMemory;
    }

    private static StoreReceipt NotStored(Fault fault) => new(Task.FromResult(new StoreOutcome(StoreDisposition.NotStored, null, fault)));
}
