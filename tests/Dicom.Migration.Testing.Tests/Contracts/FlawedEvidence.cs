using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Testing.Tests;

/// <summary>What a target shows wrongly.</summary>
public enum EvidenceFlaw { None, LowestFirst, ForgetsOne, ShowsTwice, ShowsAnother, SaysAnotherLevel, LosesLastByte, DescribesAnother, SilentOnMissing, FindsEverything, MissesBesideMissing, VolunteersMore, BreaksWhenUnread, ServesAnyLevel, IgnoresCancellation }

/// <summary>The evidence of a sound target, with one flaw.</summary>
internal sealed class FlawedEvidence(EvidenceFlaw flaw, MemoryTarget sound) : IEvidenceTarget
{
    public string Name => sound.Name;
    public string Address => sound.Address;
    public IReadOnlyList<EvidenceLevel> Levels { get; } = flaw is EvidenceFlaw.LowestFirst ? [EvidenceLevel.L1, EvidenceLevel.L4] : [EvidenceLevel.L4, EvidenceLevel.L3, EvidenceLevel.L1];
    public Task<ITargetSession> OpenSessionAsync(CancellationToken cancellationToken) => sound.OpenSessionAsync(cancellationToken);

    public async IAsyncEnumerable<EvidenceItem> CollectAsync(EvidenceLevel level, IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (flaw is not EvidenceFlaw.ServesAnyLevel && !Levels.Contains(level)) throw new ArgumentOutOfRangeException(nameof(level));
        var (isUnread, hasMissed) = (false, false);
        for (var i = 0; i < references.Count; i++)
        {
            if (flaw is not EvidenceFlaw.IgnoresCancellation) cancellationToken.ThrowIfCancellationRequested();
            var bytes = sound.Held(references[i]);
            hasMissed |= bytes is null;
            if ((bytes is null && flaw is EvidenceFlaw.SilentOnMissing) || (i == 1 && flaw is EvidenceFlaw.ForgetsOne)) continue;
            if (flaw is EvidenceFlaw.FindsEverything) bytes ??= [];
            if (flaw is EvidenceFlaw.LosesLastByte) bytes = bytes?[..^1];
            var isMissing = bytes is null || (hasMissed && flaw is EvidenceFlaw.MissesBesideMissing) || (isUnread && flaw is EvidenceFlaw.BreaksWhenUnread);
            var body = isMissing ? null : new WatchedReader(PipeReader.Create(new ReadOnlySequence<byte>(bytes!)));
            var reference = flaw is EvidenceFlaw.ShowsAnother ? references[0] : references[i];
            for (var times = 0; times < (flaw is EvidenceFlaw.ShowsTwice ? 2 : 1); times++)
                yield return new EvidenceItem(reference, flaw is EvidenceFlaw.SaysAnotherLevel ? EvidenceLevel.L2 : level) { Fault = isMissing ? new Fault(FaultCode.MissingAtTarget) : null, Body = times > 0 ? null : body, Metadata = level is EvidenceLevel.L3 && !isMissing ? Describe(flaw is EvidenceFlaw.DescribesAnother ? references[0] : reference) : default };
            isUnread |= body is { IsRead: false };
        }
        if (flaw is EvidenceFlaw.VolunteersMore) yield return new EvidenceItem(new StoredReference("1", "2", "3", "4"), level);
        await Task.CompletedTask;
    }

    private static byte[] Describe(StoredReference reference)
    {
        if (MadeUpInstances.Create(43, 9).SingleOrDefault(i => i.SopInstanceUid == reference.SopInstanceUid) is not { } made) return "{}"u8.ToArray();
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json)) new DicomJsonWriter(writer, new DicomJsonWriterOptions { MaxInlineBinaryLength = int.MaxValue }).Write(DataSet.ReadFile(made.Bytes));
        return json.ToArray();
    }

    private sealed class WatchedReader(PipeReader inner) : PipeReader
    {
        public bool IsRead { get; private set; }
        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);
        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);
        public override void CancelPendingRead() => inner.CancelPendingRead();
        public override void Complete(Exception? exception = null) => inner.Complete(exception);
        public override bool TryRead(out ReadResult result)
        {
            IsRead = true;
            return inner.TryRead(out result);
        }

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            IsRead = true;
            return inner.ReadAsync(cancellationToken);
        }
    }
}
