using Dicom.Migration.DataSets;
using Dicom.Migration.FileSystem.Media;

namespace Dicom.Migration.FileSystem;

/// <summary>One lane's batch of files on their way into a folder.</summary>
internal sealed class FolderTargetSession(FolderTarget target, FolderTarget.Room room) : ITargetSession
{
    private readonly DurableBatch _batch = new(room.LibC, room.Root);

    public async Task<StoreReceipt> StoreAsync(OutgoingInstance instance, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(instance);
        if (room.Distrust is { } distrust) return NotStored(distrust);
        DurableFile file;
        try
        {
            var head = instance.Envelope.Length > 0 ? instance.Envelope
                : Part10Meta.Make(instance.SopClassUid, instance.SopInstanceUid, instance.TransferSyntax.Uid);
            file = new DurableFile(room.LibC, room.Incoming, room.NextName());
            if (TryWrite(file, head.Span) is { } fault) return NotStored(fault);
        }
        catch (MigrationException e) { return NotStored(e.Fault); }

        var isTaken = false;
        try
        {
            var length = 0L;
            while (true)
            {
                var read = await instance.Body.ReadAsync(cancellationToken).ConfigureAwait(false);
                if (read.IsCanceled) throw new OperationCanceledException(cancellationToken);
                foreach (var segment in read.Buffer)
                {
                    if (TryWrite(file, segment.Span) is not { } fault) continue;
                    instance.Body.AdvanceTo(read.Buffer.End);
                    return NotStored(fault);
                }
                length += read.Buffer.Length;
                instance.Body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) break;
            }
            if (instance.Length is { } expected && expected != length) return NotStored(new Fault(FaultCode.LengthBeyondInput, null, length));
            var reference = new StoredReference(instance.StudyInstanceUid, instance.SeriesInstanceUid, instance.SopClassUid, instance.SopInstanceUid);
            var note = MalformedUid(instance);
            var receipt = new StoreReceipt(_batch.Add(file, DurablePlace.Of(target.Options.Layout, instance.StudyInstanceUid, instance.SeriesInstanceUid, instance.SopInstanceUid),
                result => new StoreOutcome(result.Disposition, result.Location is null ? null : reference with { Location = result.Location }, result.Fault ?? note)));
            isTaken = true;
            // The instance is the batch's now: giving up here would leave its receipt with nobody.
            if (_batch.Count >= target.Options.MaxBatchFiles || _batch.Bytes >= target.Options.MaxBatchBytes) await FlushAsync(CancellationToken.None).ConfigureAwait(false);
            return receipt;
        }
        finally
        {
            if (!isTaken) file.Dispose();
        }
    }

    public Task FlushAsync(CancellationToken cancellationToken) => _batch.Count == 0 ? Task.CompletedTask : Task.Run(() =>
    {
        if (_batch.Commit() is { } fault) room.Distrust = fault;
    }, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        try
        {
            try { await FlushAsync(CancellationToken.None).ConfigureAwait(false); }
            finally { await target.LeaveAsync(room).ConfigureAwait(false); }
        }
        finally { room.Dispose(); }
    }

    private static Fault? TryWrite(DurableFile file, ReadOnlySpan<byte> bytes)
    {
        try
        {
            file.Write(bytes);
            return null;
        }
        catch (FileSystemException e)
        {
            file.Dispose();
            return e.Fault;
        }
    }

    private static StoreReceipt NotStored(Fault fault) => new(Task.FromResult(new StoreOutcome(StoreDisposition.NotStored, null, fault)));

    // A malformed UID makes an object no less worth keeping: it is stored under a digest's name, and the first such UID is noted.
    private static Fault? MalformedUid(OutgoingInstance instance)
    {
        foreach (var (uid, tag) in new[] { (instance.SopInstanceUid, 0x00080018u), (instance.SeriesInstanceUid, 0x0020000Eu), (instance.StudyInstanceUid, 0x0020000Du) })
            if (uid.Length > 0 && !DicomUid.IsValid(uid)) return new Fault(FaultCode.MalformedUid, new DicomTag(tag));
        return null;
    }
}
