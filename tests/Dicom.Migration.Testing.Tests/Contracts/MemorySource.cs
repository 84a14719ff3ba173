using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Dicom.Migration.Testing.Tests;

/// <summary>What a source does wrong.</summary>
public enum SourceFlaw { None, ListsLessTheSecondTime, CursorSkips, ReadsDifferently, ReadsOnlyWhatItListed, SaysWrongLength, StopsAtUnread, MixesUnits, IgnoresCancellation, ThrowsWhenDisposedTwice }

/// <summary>Four units of two instances, in memory; sound, or with one flaw.</summary>
internal sealed class MemorySource(SourceFlaw flaw, MemorySource.Disk disk) : IMigrationSource
{
    private bool _hasListed;
    private int _current;

    public string Name => "memory";
    public string Address => "memory:";

    /// <summary>What outlives the source.</summary>
    internal sealed class Disk
    {
        public IReadOnlyList<MadeUpInstance> Instances { get; } = MadeUpInstances.Create(3, 8);
        public int Listings { get; set; }
        public int Reads { get; set; }
    }

    public async IAsyncEnumerable<SourceUnit> DiscoverAsync(SourceCursor? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        _hasListed = true;
        var units = flaw is SourceFlaw.ListsLessTheSecondTime && disk.Listings++ > 0 ? 3 : 4;
        var first = after is null ? 0 : int.Parse(after.Value, System.Globalization.CultureInfo.InvariantCulture) + (flaw is SourceFlaw.CursorSkips ? 2 : 1);
        for (var i = first; i < units; i++)
        {
            if (flaw is not SourceFlaw.IgnoresCancellation) cancellationToken.ThrowIfCancellationRequested();
            yield return new SourceUnit($"{i}", SourceUnitKind.Study) { Cursor = new SourceCursor($"{i}") };
        }
    }

    public async IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        if (flaw is SourceFlaw.ReadsOnlyWhatItListed && !_hasListed) yield break;
        var first = 2 * int.Parse(unit.Key, System.Globalization.CultureInfo.InvariantCulture);
        disk.Reads++;
        for (var i = 0; i < 2; i++)
        {
            _current = first + i;
            var instance = disk.Instances[_current];
            var bytes = instance.Bytes[instance.DataSetOffset..].ToArray();
            if (flaw is SourceFlaw.ReadsDifferently) bytes[^1] = (byte)disk.Reads;
            var body = new Watched(() => flaw is SourceFlaw.MixesUnits ? disk.Instances[_current].Bytes : bytes, flaw is SourceFlaw.ThrowsWhenDisposedTwice);
            yield return new SourceInstance($"{i}", body) { Length = bytes.Length + (flaw is SourceFlaw.SaysWrongLength ? 1 : 0), TransferSyntax = instance.TransferSyntax, ClaimedSopInstanceUid = instance.SopInstanceUid };
            if (flaw is SourceFlaw.StopsAtUnread && !body.IsRead) yield break;
        }
    }

    private sealed class Watched(Func<ReadOnlyMemory<byte>> bytes, bool throws) : PipeReader
    {
        private PipeReader? _inner;
        private bool _isComplete;
        private PipeReader Inner => _inner ??= Create(new ReadOnlySequence<byte>(bytes()));
        public bool IsRead => _inner is not null;
        public override void AdvanceTo(SequencePosition consumed) => Inner.AdvanceTo(consumed);
        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => Inner.AdvanceTo(consumed, examined);
        public override void CancelPendingRead() => Inner.CancelPendingRead();
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => Inner.ReadAsync(cancellationToken);
        public override bool TryRead(out ReadResult result) => Inner.TryRead(out result);
        public override void Complete(Exception? exception = null)
        {
            if (_isComplete && throws) throw new InvalidOperationException("Completed twice.");
            _isComplete = true;
        }
    }
}
