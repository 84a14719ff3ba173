using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Takes what an archive sends over associations of its own, for C-MOVEs and storage commitment, and hands it to whoever asked for it.
/// Begins to listen when it is first asked for something.</summary>
internal sealed class ReturnListener(Peer peer) : IDimseHandler, IAsyncDisposable
{
    private const int LongestReport = 1 << 20; // of some 256 instances: 60 KiB

    private readonly ReturnAdmission _admission = new(peer.Options);
    private readonly ConcurrentDictionary<ushort, (Inbox Inbox, Wanted Wanted)> _inboxes = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<DataSet>> _transactions = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private DimseListener? _listener;
    private int _last;
    private volatile bool _hasTaken;
    private volatile bool _hasTurnedAway;

    /// <summary>Opens an inbox under the message ID that the C-MOVE has to have.</summary>
    /// <exception cref="AssociationException">The port is taken.</exception>
    public ushort Open(Inbox inbox, Wanted wanted)
    {
        lock (_gate) _listener ??= peer.Listen(this);
        ushort id;
        do id = (ushort)Interlocked.Increment(ref _last);
        while (id == 0 || !_inboxes.TryAdd(id, (inbox, wanted)));
        return id;
    }

    public void Close(ushort messageId) => _inboxes.TryRemove(messageId, out _);

    /// <summary>Opens a storage commitment transaction: done when the archive reports (PS3.4 §J.3.3).</summary>
    /// <param name="uid">Its Transaction UID.</param> <param name="listens">Whether the archive may report over an association of its own.</param>
    public Task<DataSet> OpenTransaction(string uid, bool listens)
    {
        if (listens) _ = Port;
        return _transactions.GetOrAdd(uid, static _ => new TaskCompletionSource<DataSet>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
    }

    public void CloseTransaction(string uid) => _transactions.TryRemove(uid, out _);

    /// <summary>The port it listens on; opens it.</summary>
    public int Port
    {
        get
        {
            lock (_gate) return (_listener ??= peer.Listen(this)).EndPoint.Port;
        }
    }

    /// <summary>Whether it has only ever turned away who came: the archive sends from another node, or under another AE title, than the options say.</summary>
    public bool TurnsAwayAll => _hasTurnedAway && !_hasTaken;

    public async ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken)
    {
        if (!string.Equals(association.CalledAeTitle, peer.Options.CallingAeTitle, StringComparison.Ordinal)) return AssociationDecision.CalledAeTitleNotRecognized;
        if (await _admission.AdmitsAsync(association, cancellationToken).ConfigureAwait(false)) return AssociationDecision.Accept;
        _hasTurnedAway |= !_inboxes.IsEmpty; // whoever comes while nothing is asked for is somebody else
        return AssociationDecision.CallingAeTitleNotRecognized;
    }

    // Nothing is taken that nobody waits for; but administrators test a destination by C-ECHO at any time. The first syntax is the one that the archive would rather send.
    public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) =>
        _inboxes.IsEmpty && _transactions.IsEmpty && proposal.AbstractSyntax is not Keys.Verification ? ContextDecision.AbstractSyntaxNotSupported
        : ContextDecision.Accept(proposal.TransferSyntaxes[0], proposal.Roles);

    public ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken) =>
        Find(store) is { } inbox ? inbox.OnStoreAsync(store, body, cancellationToken) : ValueTask.FromResult(DimseStatus.NotAuthorized);

    public async ValueTask<NormalizedAnswer> OnEventReportAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken)
    {
        _hasTaken = true;
        if (await ReadAsync(body, cancellationToken).ConfigureAwait(false) is not { } bytes) return new NormalizedAnswer(DimseStatus.ProcessingFailure);
        var report = DataSet.Read(bytes, TransferSyntax.FromUid(request.Context.TransferSyntax));
        return new NormalizedAnswer(Keys.Uid(report, Keys.TransactionUid) is { } uid && _transactions.TryGetValue(uid, out var transaction) && transaction.TrySetResult(report)
            ? DimseStatus.Success : DimseStatus.NoSuchInstance);
    }

    public ValueTask DisposeAsync() => _listener?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <returns><see langword="null"/> if it is too long; the rest is not read.</returns>
    private static async Task<byte[]?> ReadAsync(PipeReader body, CancellationToken cancellationToken)
    {
        var bytes = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            var isTooLong = bytes.WrittenCount + read.Buffer.Length > LongestReport;
            if (!isTooLong)
                foreach (var segment in read.Buffer) bytes.Write(segment.Span);
            body.AdvanceTo(read.Buffer.End);
            if (isTooLong) return null;
            if (read.IsCompleted) return bytes.WrittenSpan.ToArray();
        }
    }

    /// <summary>By the C-MOVE that the archive names, which has to be ours, or be said to be its own; if it names none, by what was asked for.</summary>
    private Inbox? Find(StoreIndication store)
    {
        if (store.MoveOriginatorAeTitle.Trim(' ') is { Length: > 0 } originator && !string.Equals(originator, peer.Options.CallingAeTitle.Trim(' '), StringComparison.Ordinal)
            && !string.Equals(originator, store.Association.CallingAeTitle, StringComparison.Ordinal)) return null;
        _hasTaken = true;
        if (store.MoveOriginatorMessageId is { } id && _inboxes.TryGetValue(id, out var named)) return named.Inbox;
        foreach (var (inbox, wanted) in _inboxes.Values)
            if (wanted.All.Any(l => string.Equals(l.SopInstanceUid, store.SopInstanceUid, StringComparison.Ordinal))) return inbox;
        return _inboxes.Values.FirstOrDefault(static i => i.Wanted.MissingUnlisted > 0).Inbox;
    }
}
