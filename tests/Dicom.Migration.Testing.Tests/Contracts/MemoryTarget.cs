using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Dicom.Migration.Testing.Tests;

/// <summary>What a target does wrong.</summary>
public enum TargetFlaw
{
    None, LosesLastByte, AcknowledgesEarly, ForgetsReceiptsAtFlush, ForgetsReceiptsAtDispose, KeepsEveryCopy, Overwrites, KeepsBrokenBodies, BreaksAfterBrokenBody,
    IgnoresLength, CompletesTheBody, ThrowsAtHostileUids, OnlyTheFirstSessionStores, KeepsCancelledBodies,
}

/// <summary>A target in memory that stores at flush; sound, or with one flaw.</summary>
internal sealed class MemoryTarget(TargetFlaw flaw, Dictionary<string, byte[]> disk) : IEvidenceTarget
{
    private int _sessions;

    public string Name => "memory";
    public string Address => "memory:";
    public IReadOnlyList<EvidenceLevel> Levels { get; } = [EvidenceLevel.L4];
    public Task<ITargetSession> OpenSessionAsync(CancellationToken cancellationToken) => Task.FromResult<ITargetSession>(new Session(this, Interlocked.Increment(ref _sessions)));

    public async IAsyncEnumerable<EvidenceItem> CollectAsync(EvidenceLevel level, IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var reference in references)
            yield return new EvidenceItem(reference, level)
            {
                Fault = disk.TryGetValue(reference.Location!, out var bytes) ? null : new Fault(FaultCode.MissingAtTarget),
                Body = bytes is null ? null : PipeReader.Create(new ReadOnlySequence<byte>(bytes)),
            };
    }

    /// <summary>What it holds under a reference, if anything.</summary>
    public byte[]? Held(StoredReference reference) => disk.GetValueOrDefault(reference.Location ?? reference.SopInstanceUid);

    private TargetFlaw Flaw => flaw;

    private StoreOutcome Keep(OutgoingInstance instance, byte[] bytes)
    {
        if (flaw is TargetFlaw.LosesLastByte) bytes = bytes[..^1];
        var name = instance.SopInstanceUid;
        lock (disk)
        {
            var disposition = StoreDisposition.Stored;
            while (flaw is not TargetFlaw.Overwrites && disk.TryGetValue(name, out var held))
            {
                if (held.AsSpan().SequenceEqual(bytes) && flaw is not TargetFlaw.KeepsEveryCopy) { disposition = StoreDisposition.AlreadyThere; break; }
                (name, disposition) = (name + "~", StoreDisposition.StoredBeside);
            }
            disk[name] = bytes;
            return new StoreOutcome(disposition, new StoredReference(instance.StudyInstanceUid, instance.SeriesInstanceUid, instance.SopClassUid, instance.SopInstanceUid, name));
        }
    }

    private sealed class Session(MemoryTarget target, int number) : ITargetSession
    {
        private readonly List<(OutgoingInstance Instance, byte[] Bytes, TaskCompletionSource<StoreOutcome> Answer)> _pending = [];
        private bool _isBroken;

        public async Task<StoreReceipt> StoreAsync(OutgoingInstance instance, CancellationToken cancellationToken)
        {
            if (_isBroken) throw new InvalidOperationException("Broken for good.");
            if (target.Flaw is TargetFlaw.ThrowsAtHostileUids && instance.SopInstanceUid.Contains('/', StringComparison.Ordinal)) throw new InvalidOperationException("No such path.");
            using var all = new MemoryStream();
            try
            {
                await instance.Body.CopyToAsync(all, cancellationToken);
            }
            catch (Exception e)
            {
                _isBroken = target.Flaw is TargetFlaw.BreaksAfterBrokenBody;
                if (target.Flaw is TargetFlaw.KeepsBrokenBodies && e is MigrationException) target.Keep(instance, all.ToArray());
                if (target.Flaw is TargetFlaw.KeepsCancelledBodies && e is OperationCanceledException) return new StoreReceipt(Task.FromResult(target.Keep(instance, all.ToArray())));
                throw;
            }
            if (target.Flaw is TargetFlaw.CompletesTheBody) await instance.Body.CompleteAsync();
            var bytes = all.ToArray();
            if (instance.Length is { } length && length != bytes.Length && target.Flaw is not TargetFlaw.IgnoresLength)
                return new StoreReceipt(Task.FromResult(new StoreOutcome(StoreDisposition.NotStored, null, new Fault(FaultCode.LengthBeyondInput))));
            var answer = new TaskCompletionSource<StoreOutcome>();
            _pending.Add((instance, bytes, answer));
            if (target.Flaw is TargetFlaw.AcknowledgesEarly)
                answer.SetResult(new StoreOutcome(StoreDisposition.Stored, new StoredReference(instance.StudyInstanceUid, instance.SeriesInstanceUid, instance.SopClassUid, instance.SopInstanceUid, instance.SopInstanceUid)));
            return new StoreReceipt(answer.Task);
        }

        public Task FlushAsync(CancellationToken cancellationToken)
        {
            if (target.Flaw is not TargetFlaw.ForgetsReceiptsAtFlush) Answer();
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            if (target.Flaw is not TargetFlaw.ForgetsReceiptsAtDispose) Answer();
            return ValueTask.CompletedTask;
        }

        private void Answer()
        {
            foreach (var (instance, bytes, answer) in _pending)
                answer.TrySetResult(number > 1 && target.Flaw is TargetFlaw.OnlyTheFirstSessionStores ? new StoreOutcome(StoreDisposition.NotStored, null, new Fault(FaultCode.WriteFailed)) : target.Keep(instance, bytes));
            _pending.Clear();
        }
    }
}
