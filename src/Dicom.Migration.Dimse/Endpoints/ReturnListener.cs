using System.Collections.Concurrent;
using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Takes what an archive sends over associations of its own, for C-MOVEs and storage commitment, and hands it to whoever asked for it.
/// Begins to listen when it is first asked for something.</summary>
internal sealed class ReturnListener(Peer peer) : IDimseHandler, IAsyncDisposable
{
    private const int LongestReport = 1 << 20; // of some 256 instances: 60 KiB

    private readonly ConcurrentDictionary<ushort, (Inbox Inbox, Wanted Wanted)> _inboxes = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<DataSet>> _transactions = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private DimseListener? _listener;
    private int _last;

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

    public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(
        !string.Equals(association.CalledAeTitle, peer.Options.CallingAeTitle, StringComparison.Ordinal) ? AssociationDecision.CalledAeTitleNotRecognized
        : _inboxes.IsEmpty && _transactions.IsEmpty ? AssociationDecision.TemporaryCongestion : AssociationDecision.Accept);

    // The first syntax is the one that the archive would rather send.
    public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(proposal.TransferSyntaxes[0], proposal.Roles);

    public ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken) =>
        Find(store) is { } inbox ? inbox.OnStoreAsync(store, body, cancellationToken) : ValueTask.FromResult(DimseStatus.NotAuthorized);

    public async ValueTask<NormalizedAnswer> OnEventReportAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, cancellationToken).ConfigureAwait(false);
        if (bytes.Length > LongestReport) return new NormalizedAnswer(DimseStatus.ProcessingFailure);
        var report = DataSet.Read(bytes.ToArray(), TransferSyntax.FromUid(request.Context.TransferSyntax));
        return new NormalizedAnswer(Keys.Uid(report, Keys.TransactionUid) is { } uid && _transactions.TryGetValue(uid, out var transaction) && transaction.TrySetResult(report)
            ? DimseStatus.Success : DimseStatus.NoSuchInstance);
    }

    public ValueTask DisposeAsync() => _listener?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>By the C-MOVE that the archive names; if it names none, by what was asked for.</summary>
    private Inbox? Find(StoreIndication store)
    {
        if (store.MoveOriginatorMessageId is { } id && _inboxes.TryGetValue(id, out var named)) return named.Inbox;
        foreach (var (inbox, wanted) in _inboxes.Values)
            if (wanted.All.Any(l => string.Equals(l.SopInstanceUid, store.SopInstanceUid, StringComparison.Ordinal))) return inbox;
        return _inboxes.Values.FirstOrDefault(static i => i.Wanted.MissingUnlisted > 0).Inbox;
    }
}
