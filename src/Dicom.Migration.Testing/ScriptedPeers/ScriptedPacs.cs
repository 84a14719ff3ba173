using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse;

namespace Dicom.Migration.Testing;

/// <summary>A small archive in memory, on loopback: C-ECHO, C-STORE, C-FIND, C-GET, C-MOVE and storage commitment; behaves as its script says.</summary>
public sealed class ScriptedPacs : IDimseHandler, IAsyncDisposable
{
    private const string Commitment = "1.2.840.10008.1.20.1", CommitmentInstance = "1.2.840.10008.1.20.1.1";
    private static readonly DicomTag TransactionUid = new(0x00081195), ReferencedSops = new(0x00081199), FailedSops = new(0x00081198), ReferencedInstance = new(0x00081155), FailureReason = new(0x00081197), PatientId = new(0x00100020);

    private readonly Lock _gate = new();
    private readonly List<PacsInstance> _instances = [];
    private readonly ConcurrentDictionary<AssociationInfo, DimseServiceUser> _open = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<Task, byte> _errands = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private readonly DimseSecurity _security;
    private readonly DimseListener _listener;
    private int _requests;
    private int _requestsAtStore;
    private int _stores;
    private int _retrievals;

    /// <summary>Starts to listen on a free port of loopback.</summary>
    /// <param name="timeProvider">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="security">How connections are protected, taken or made; <see langword="null"/> for plaintext.</param>
    public ScriptedPacs(TimeProvider? timeProvider = null, DimseSecurity? security = null)
    {
        (_time, _security) = (timeProvider ?? TimeProvider.System, security ?? DimseSecurity.Plaintext);
        _listener = new DimseListener(new DimseListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Security = _security, AeTitle = AeTitle, OperationsWindow = 16 }, this, _time);
    }

    /// <summary>Its AE title, which it does not insist on.</summary>
    public static string AeTitle => "PACS";
    /// <summary>Where it listens.</summary>
    public int Port => _listener.EndPoint.Port;
    /// <summary>How it behaves; may be changed while it runs.</summary>
    public PacsScript Script { get; set; } = new();
    /// <summary>Ports on loopback of the AE titles that it sends to, for C-MOVE and storage commitment.</summary>
    public ConcurrentDictionary<string, int> Destinations { get; } = new(StringComparer.Ordinal);
    /// <summary>C-STOREs that it has been asked to perform.</summary>
    public int Stores => _stores;

    /// <summary>C-GETs and C-MOVEs that it has been asked to perform.</summary>
    public int Retrievals => _retrievals;

    /// <summary>What it holds now.</summary>
    public IReadOnlyList<PacsInstance> Instances
    {
        get
        {
            lock (_gate) return [.. _instances];
        }
    }

    /// <summary>Puts an object into it.</summary>
    /// <param name="instance">The object.</param>
    public void Add(PacsInstance instance)
    {
        lock (_gate) _instances.Add(instance);
    }

    /// <summary>Puts an object into it.</summary>
    /// <param name="instance">The object.</param>
    public void Add(MadeUpInstance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        Add(PacsInstance.Read(instance.Bytes[instance.DataSetOffset..], instance.TransferSyntax));
    }

    /// <summary>Stops listening, and waits until all is over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _listener.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_errands.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    /// <inheritdoc/>
    ValueTask<AssociationDecision> IDimseHandler.OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Script.MostAssociations > 0 && _open.Count >= Script.MostAssociations ? AssociationDecision.LocalLimitExceeded : Script.Admits(association));

    /// <inheritdoc/>
    ContextDecision IDimseHandler.OnContext(AssociationInfo association, ContextProposal proposal)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        if (proposal.AbstractSyntax == Commitment && Script.HasNoCommitment) return ContextDecision.AbstractSyntaxNotSupported;
        return Script.Accepts(proposal) ? ContextDecision.Accept(proposal.TransferSyntaxes[0], proposal.Roles) : ContextDecision.TransferSyntaxesNotSupported;
    }

    /// <inheritdoc/>
    void IDimseHandler.OnOpened(AssociationInfo association, DimseServiceUser peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _open[association] = peer;
        peer.Ended.Register(() => _open.TryRemove(association, out _));
    }

    /// <inheritdoc/>
    async ValueTask<DimseStatus> IDimseHandler.OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        Interlocked.Increment(ref _stores);
        var bytes = await ReadAsync(body, cancellationToken).ConfigureAwait(false);
        var status = Script.StoreStatus(store);
        if (Script.StoresNothing || status.IsFailure) return status;
        var syntax = TransferSyntax.FromUid(store.Context.TransferSyntax);
        if (Script.Coerces)
        {
            var dataSet = DataSet.Read(bytes, syntax);
            dataSet.Set(PatientId, "COERCED");
            bytes = dataSet.ToArray(syntax);
        }

        return Keep(PacsInstance.Read(bytes, syntax, Script.StoresUnderNewUids ? store.SopInstanceUid + ".1" : store.SopInstanceUid)) ? status : new DimseStatus(0x0111);
    }

    /// <inheritdoc/>
    async IAsyncEnumerable<QueryMatch> IDimseHandler.OnFindAsync(QueryIndication query, PipeReader identifier, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var syntax = TransferSyntax.FromUid(query.Context.TransferSyntax);
        var keys = new PacsQuery(DataSet.Read(await ReadAsync(identifier, cancellationToken).ConfigureAwait(false), syntax));
        var (count, hasAny) = (0, false);
        var script = Script;
        if (script.AnswersLists is { } refusal && keys.IsList) throw new DimseFailureException(refusal);
        do
        {
            foreach (var answer in keys.Answers(Visible(), script))
            {
                if (script.MaxMatches > 0 && !(script.CutsBelowStudies && keys.Level is "STUDY") && count++ == script.MaxMatches)
                {
                    if (script.TellsCut) throw new DimseFailureException(DimseStatus.Cancel);
                    yield break;
                }

                yield return new QueryMatch(script.Encodes(answer.ToArray(syntax)));
                if (script.SendsUnreadableMatches && !hasAny) yield return new QueryMatch(new byte[] { 8, 0, 0x20, 0, 0, 0 });
                hasAny = true;
            }
        }
        while (hasAny && (script.FindsForEver || (script.FindsInstancesForEver && keys.Level is "IMAGE")));
    }

    /// <inheritdoc/>
    async ValueTask<IReadOnlyList<Dimse.OutgoingInstance>> IDimseHandler.OnGetAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken) =>
        await StagedAsync(await MatchesAsync(query, identifier, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    async ValueTask<MovePlan> IDimseHandler.OnMoveAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var instances = await MatchesAsync(query, identifier, cancellationToken).ConfigureAwait(false);
        if (!Destinations.TryGetValue(query.MoveDestination, out var port)) throw new DimseFailureException(DimseStatus.MoveDestinationUnknown);
        Task<DimseAssociation> Connect(IReadOnlyList<ContextProposal> contexts, CancellationToken token) => ConnectAsync(query.MoveDestination, port, contexts, token);
        if (!Script.SaysMovedEarly) return new MovePlan(await StagedAsync(instances, cancellationToken).ConfigureAwait(false), Connect);
        Run(async () => await SendAsync(await StagedAsync(instances, _stop.Token).ConfigureAwait(false), Connect).ConfigureAwait(false));
        return new MovePlan([], Connect);
    }

    /// <inheritdoc/>
    async ValueTask<NormalizedAnswer> IDimseHandler.OnActionAsync(NormalizedIndication request, PipeReader body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var action = DataSet.Read(await ReadAsync(body, cancellationToken).ConfigureAwait(false), TransferSyntax.FromUid(request.Context.TransferSyntax));
        var peer = _open[request.Association];
        var answer = Script.CommitmentStatus([.. action.Find(ReferencedSops)!.Items.Select(static i => i.GetString(ReferencedInstance)?.TrimEnd('\0') ?? "")]);
        if (answer.IsFailure) return new NormalizedAnswer(answer);
        if (!Script.NeverReports) Run(() => ReportAsync(request.Association.CallingAeTitle, peer, action));
        return new NormalizedAnswer(answer);
    }

    private bool Keep(PacsInstance instance)
    {
        lock (_gate)
        {
            _requestsAtStore = _requests;
            var index = _instances.FindIndex(i => i.SopInstanceUid == instance.SopInstanceUid);
            if (index < 0) _instances.Add(instance);
            else if (Script.Duplicates is PacsDuplicates.NewReplaces) _instances[index] = instance;
            else if (Script.Duplicates is PacsDuplicates.Refused && !_instances[index].Bytes.Span.SequenceEqual(instance.Bytes.Span)) return false;
            return true;
        }
    }

    /// <summary>What a request finds; each request is counted.</summary>
    private IReadOnlyList<PacsInstance> Visible()
    {
        lock (_gate) return ++_requests - _requestsAtStore <= Script.InvisibleToRequests ? [] : [.. _instances];
    }

    private async Task<List<PacsInstance>> MatchesAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken)
    {
        var keys = new PacsQuery(DataSet.Read(await ReadAsync(identifier, cancellationToken).ConfigureAwait(false), TransferSyntax.FromUid(query.Context.TransferSyntax)));
        List<PacsInstance> sent = [.. Visible().Where(i => keys.Matches(i, Script) ? !Script.Withholds(i) : Script.SendsUnrequested)];
        if (Script.RetrievalStatus(Interlocked.Increment(ref _retrievals), sent) is { } status) throw new DimseFailureException(status);
        return sent;
    }

    private async Task<IReadOnlyList<Dimse.OutgoingInstance>> StagedAsync(List<PacsInstance> instances, CancellationToken cancellationToken)
    {
        if (Script.StagingTime > TimeSpan.Zero) await Task.Delay(Script.StagingTime, _time, cancellationToken).ConfigureAwait(false);
        return Outgoing(instances);
    }

    private IReadOnlyList<Dimse.OutgoingInstance> Outgoing(List<PacsInstance> instances)
    {
        if (Script.IsPendingForEver && instances.Count > 0) return new EndlessFailures(instances[0], _time);
        IEnumerable<PacsInstance> sent = Script.SendsTwice ? instances.Concat(instances) : instances;
        return sent.Select(i => new Dimse.OutgoingInstance(i.SopClassUid, Script.SendsUnderNewUids ? i.SopInstanceUid + ".1" : i.SopInstanceUid, i.TransferSyntax.Uid, _ => ValueTask.FromResult(Open(Script.SendsInstead(i))))).ToList();
    }

    private PipeReader Open(PacsInstance instance)
    {
        var script = Script;
        if (script.PauseBetweenBytes > TimeSpan.Zero) return OpenSlowly(instance, script.PauseBetweenBytes);
        var stop = script.StopsInMidSending ? instance.Bytes.Length / 2 : script.AbortsAt is { } place ? Math.Min(place(instance), instance.Bytes.Length) : -1;
        if (stop < 0) return PipeReader.Create(new ReadOnlySequence<byte>(instance.Bytes));
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        pipe.Writer.Write(instance.Bytes.Span[..stop]);
        // What is there goes out before the abort: a first read of it without an end, and the end with the second.
        return new BrokenOff(pipe);
    }

    private PipeReader OpenSlowly(PacsInstance instance, TimeSpan pause)
    {
        var pipe = new Pipe();
        Run(async () =>
        {
            for (var i = 0; i < instance.Bytes.Length; i++)
            {
                pipe.Writer.Write(instance.Bytes.Span.Slice(i, 1));
                if ((await pipe.Writer.FlushAsync(_stop.Token).ConfigureAwait(false)).IsCompleted) return;
                await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(false);
            }

            await pipe.Writer.CompleteAsync().ConfigureAwait(false);
        });
        return pipe.Reader;
    }

    private Task<DimseAssociation> ConnectAsync(string aeTitle, int port, IReadOnlyList<ContextProposal> contexts, CancellationToken cancellationToken) =>
        DimseAssociation.ConnectAsync("127.0.0.1", port, aeTitle, contexts, new DimseClientOptions { Security = _security, AeTitle = AeTitle }, _time, null, cancellationToken);

    private async Task SendAsync(IReadOnlyList<Dimse.OutgoingInstance> instances, Func<IReadOnlyList<ContextProposal>, CancellationToken, Task<DimseAssociation>> connectAsync)
    {
        var association = await connectAsync([.. instances.Select(static i => (i.SopClassUid, i.TransferSyntaxUid)).Distinct().Select(static k => new ContextProposal(k.SopClassUid, [k.TransferSyntaxUid]))], _stop.Token).ConfigureAwait(false);
        await using var owned = association.ConfigureAwait(false);
        foreach (var instance in instances) await association.StoreAsync(instance, null, _stop.Token).ConfigureAwait(false);
        await association.ReleaseAsync().ConfigureAwait(false);
    }

    private async Task ReportAsync(string requestor, DimseServiceUser peer, DataSet action)
    {
        var held = Instances.Select(static i => i.SopInstanceUid).ToHashSet(StringComparer.Ordinal);
        var items = action.Find(ReferencedSops)!.Items.ToLookup(i => Script.CommitsToAll || held.Contains(i.GetString(ReferencedInstance)?.TrimEnd('\0') ?? ""));
        var report = new DataSet { DataElement.Text(TransactionUid, DicomVr.UI, [action.GetString(TransactionUid)!.TrimEnd('\0')]), DataElement.Sequence(ReferencedSops, items[true].Select(Copy)) };
        if (items[false].Any()) report.Add(DataElement.Sequence(FailedSops, items[false].Select(static i => Copy(i, DimseStatus.NoSuchInstance.Code))));
        var type = (ushort)(items[false].Any() ? 2 : 1); // PS3.4 Table J.3-2
        if (Script.ReportsOnSameAssociation)
        {
            await peer.EventReportAsync(Commitment, CommitmentInstance, type, report.ToArray(TransferSyntax.FromUid(peer.Find(Commitment)!.TransferSyntax)), _stop.Token).ConfigureAwait(false);
            return;
        }

        var association = await ConnectAsync(requestor, Destinations[requestor], [new ContextProposal(Commitment, [TransferSyntax.ExplicitVrLittleEndian.Uid]) { Roles = ContextRoles.Scp }], _stop.Token).ConfigureAwait(false);
        await using var owned = association.ConfigureAwait(false);
        await association.EventReportAsync(Commitment, CommitmentInstance, type, report.ToArray(TransferSyntax.ExplicitVrLittleEndian), _stop.Token).ConfigureAwait(false);
        await association.ReleaseAsync().ConfigureAwait(false);
    }

    private static DataSet Copy(DataSet item) => Copy(item, null);

    private static DataSet Copy(DataSet item, ushort? reason)
    {
        var copy = new DataSet();
        foreach (var element in item) copy.Add(element);
        if (reason is { } code) copy.Add(DataElement.Integers(FailureReason, DicomVr.US, code));
        return copy;
    }

    private void Run(Func<Task> errand)
    {
        var task = Task.Run(errand, _stop.Token);
        _errands[task] = 0;
        _ = task.ContinueWith(t => _errands.TryRemove(t, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private static async Task<byte[]> ReadAsync(PipeReader body, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, cancellationToken).ConfigureAwait(false);
        return bytes.ToArray();
    }

    /// <summary>Gives what is there, and breaks off.</summary>
    private sealed class BrokenOff(Pipe pipe) : PipeReader
    {
        private bool _isGiven;

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            if (_isGiven) throw new IOException();
            _isGiven = true;
            await pipe.Writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            return pipe.Reader.TryRead(out var read) ? read : default;
        }

        public override bool TryRead(out ReadResult result)
        {
            result = default;
            return false;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            if (consumed.GetObject() is not null) pipe.Reader.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead()
        {
        }

        public override void Complete(Exception? exception = null)
        {
            pipe.Writer.Complete();
            pipe.Reader.Complete();
        }
    }

    /// <summary>Instances without an end, none of which can be opened: one pending response each.</summary>
    private sealed class EndlessFailures(PacsInstance first, TimeProvider time) : IReadOnlyList<Dimse.OutgoingInstance>
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
        public int Count => int.MaxValue;
        public Dimse.OutgoingInstance this[int index] => new(first.SopClassUid, first.SopInstanceUid, first.TransferSyntax.Uid, async token =>
        {
            await Task.Delay(Pause, time, token).ConfigureAwait(false);
            throw new IOException();
        });

        public IEnumerator<Dimse.OutgoingInstance> GetEnumerator() => Enumerable.Range(0, Count).Select(i => this[i]).GetEnumerator();
        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
