using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>An archive in memory that performs every service.</summary>
internal sealed class SmallArchive : IDimseHandler
{
    public ConcurrentDictionary<string, byte[]> Instances { get; } = new(StringComparer.Ordinal);
    public ConcurrentQueue<StoreIndication> Stores { get; } = new();
    public ConcurrentQueue<NormalizedIndication> Requests { get; } = new();
    public ConcurrentQueue<byte[]> Bodies { get; } = new();
    public TaskCompletionSource<DimseServiceUser> Opened { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public AssociationInfo? Info { get; private set; }
    public Func<string, IReadOnlyList<ContextProposal>, CancellationToken, Task<DimseAssociation>>? Destinations { get; init; }
    public Func<AssociationInfo, AssociationDecision> Decide { get; init; } = static _ => AssociationDecision.Accept;
    public Func<ContextProposal, ContextDecision> Context { get; init; } = static p => ContextDecision.Accept(p.TransferSyntaxes[0], p.Roles);
    public Func<StoreIndication, DimseStatus> StoreStatus { get; init; } = static _ => DimseStatus.Success;
    public bool FindsForEver { get; init; }
    public bool ThrowsWhenTold { get; init; }
    private readonly Channel<Fault> _refusals = Channel.CreateUnbounded<Fault>();

    public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken)
    {
        Info = association;
        return ValueTask.FromResult(Decide(association));
    }

    public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => Context(proposal);

    public void OnRefused(string remote, Fault fault)
    {
        Assert.NotEmpty(remote);
        _refusals.Writer.TryWrite(fault);
        if (ThrowsWhenTold) throw new InvalidOperationException();
    }

    /// <summary>Refusals that nobody has asked about yet.</summary>
    public int Refusals => _refusals.Reader.Count;

    /// <summary>Why somebody was not let in: the next one that this was told of.</summary>
    public async Task<FaultCode> RefusalAsync() => (await _refusals.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken)).Code;

    public void OnOpened(AssociationInfo association, DimseServiceUser peer) => Opened.TrySetResult(peer);

    public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
    {
        Instances[store.SopInstanceUid] = await Elements.ReadAllAsync(body, cancellationToken);
        Stores.Enqueue(store);
        return StoreStatus(store);
    }

    public async IAsyncEnumerable<QueryMatch> OnFindAsync(QueryIndication query, PipeReader identifier, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Bodies.Enqueue(await Elements.ReadAllAsync(identifier, cancellationToken));
        try
        {
            do
            {
                foreach (var uid in Instances.Keys.Order(StringComparer.Ordinal))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    yield return new QueryMatch((byte[])[.. Elements.Element(0x00080018, "UI", uid), .. Elements.Element(0x00080052, "CS", "IMAGE")], uid.EndsWith(".1", StringComparison.Ordinal));
                }
            }
            while (FindsForEver);
        }
        finally
        {
            if (cancellationToken.IsCancellationRequested) Cancelled.TrySetResult(); // what is registered with it may be told after this has seen it
        }
    }

    public async ValueTask<IReadOnlyList<OutgoingInstance>> OnGetAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken)
    {
        Bodies.Enqueue(await Elements.ReadAllAsync(identifier, cancellationToken));
        return Outgoing();
    }

    public async ValueTask<MovePlan> OnMoveAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken)
    {
        Bodies.Enqueue(await Elements.ReadAllAsync(identifier, cancellationToken));
        if (Destinations is null || query.MoveDestination is "NOBODY") throw new DimseFailureException(DimseStatus.MoveDestinationUnknown);
        return new MovePlan(Outgoing(), (contexts, token) => Destinations(query.MoveDestination, contexts, token));
    }

    public ValueTask<NormalizedAnswer> OnActionAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken) => KeepAsync(request, body, cancellationToken);
    public ValueTask<NormalizedAnswer> OnEventReportAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken) => KeepAsync(request, body, cancellationToken);
    public ValueTask<NormalizedAnswer> OnCreateAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken) => KeepAsync(request, body, cancellationToken);
    public ValueTask<NormalizedAnswer> OnSetAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken) => KeepAsync(request, body, cancellationToken);

    public ValueTask<NormalizedAnswer> OnGetAttributesAsync(NormalizedIndication request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        return ValueTask.FromResult(new NormalizedAnswer(DimseStatus.Success, Elements.Element(0x00100020, "LO", "P1")));
    }

    public ValueTask<NormalizedAnswer> OnDeleteAsync(NormalizedIndication request, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        return ValueTask.FromResult(new NormalizedAnswer(DimseStatus.NoSuchInstance));
    }

    private List<OutgoingInstance> Outgoing() => Instances.ToArray().OrderBy(i => i.Key, StringComparer.Ordinal)
        .Select(i => new OutgoingInstance(Elements.Value(i.Value, 0x00080016), i.Key, Elements.Explicit, _ => ValueTask.FromResult(Elements.Body(i.Value)))).ToList();

    private async ValueTask<NormalizedAnswer> KeepAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken)
    {
        var bytes = await Elements.ReadAllAsync(body, cancellationToken);
        Requests.Enqueue(request);
        Bodies.Enqueue(bytes);
        return new NormalizedAnswer(DimseStatus.Success, bytes) { SopInstanceUid = request.SopInstanceUid.Length == 0 ? "1.2.99" : null };
    }
}
