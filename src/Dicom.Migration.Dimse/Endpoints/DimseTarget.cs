using System.Runtime.CompilerServices;

namespace Dicom.Migration.Dimse;

/// <summary>An archive that instances are stored into by C-STORE (PS3.4 §B), and that is asked by C-FIND, storage commitment and C-GET or C-MOVE what it holds.</summary>
/// <remarks>Its success is a hint. A warning (B000, B006, B007) is stored with <see cref="FaultCode.StoredWithWarning"/>: what it holds has to be looked at.</remarks>
public sealed class DimseTarget : IEvidenceTarget, IAsyncDisposable
{
    private readonly DimseTargetOptions _options;
    private readonly Peer _peer;
    private readonly Retriever _retriever;
    private readonly StoreContexts _contexts = new();

    /// <summary>A target that opens nothing before it is asked.</summary>
    /// <param name="name">Names it in configuration, logs and the ledger.</param>
    /// <param name="options">How the archive is reached.</param>
    /// <param name="timeProvider">The clock of all timeouts.</param>
    public DimseTarget(string name, DimseTargetOptions options, TimeProvider timeProvider)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(timeProvider);
        (Name, _options, _peer) = (name, options, new Peer(options, timeProvider));
        _retriever = new Retriever(_peer);
        Levels = [.. new[] { (EvidenceLevel.L4, options.ReadsBack), (EvidenceLevel.L2, options.AsksForCommitment), (EvidenceLevel.L1, true) }.Where(static l => l.Item2).Select(static l => l.Item1)];
    }

    /// <inheritdoc/>
    public string Name { get; }
    /// <inheritdoc/>
    public string Address => _peer.Address;
    /// <summary>L4: read back, by C-GET or C-MOVE; L2: committed; L1: listed at IMAGE level. As the options say.</summary>
    public IReadOnlyList<EvidenceLevel> Levels { get; }
    /// <summary>The port on which the archive's own associations are taken, with the one that was picked if the option is 0. Begins to listen.</summary>
    public int ListenPort => _retriever.Listener.Port;

    /// <inheritdoc/>
    public async Task<ITargetSession> OpenSessionAsync(CancellationToken cancellationToken)
    {
        var session = new DimseTargetSession(_peer, _options, _contexts);
        try
        {
            await session.OpenAsync(cancellationToken).ConfigureAwait(false);
            return session;
        }
        catch (AssociationException e)
        {
            throw new TargetUnavailableException(e.Fault, "The archive takes no association.", e);
        }
    }

    /// <inheritdoc/>
    public async Task CheckAsync(EvidenceLevel level, CancellationToken cancellationToken)
    {
        var (model, what) = level switch
        {
            EvidenceLevel.L4 when _options.Retrieval is DimseRetrieval.Move => (Keys.Move, "The archive takes no C-MOVE: choose C-GET to read objects back, or ask for evidence L1 or L2."),
            EvidenceLevel.L4 => (Keys.Get, "The archive takes no C-GET: choose C-MOVE to read objects back, or ask for evidence L1 or L2."),
            EvidenceLevel.L2 => (Keys.Commitment, "The archive has no storage commitment: ask for evidence L4 or L1."),
            _ => (Keys.Find, "The archive takes no queries (Study Root C-FIND): ask for evidence L4 or L2."),
        };
        try
        {
            var association = await _peer.ConnectAsync([Keys.Context(model)], cancellationToken).ConfigureAwait(false);
            await using var owned = association.ConfigureAwait(false);
            var isTaken = association.Find(model) is not null;
            try
            {
                await association.ReleaseAsync().ConfigureAwait(false);
            }
            catch (AssociationException)
            {
                // what was asked is answered; how it ends does not matter
            }

            if (!isTaken) throw new TargetUnavailableException(new Fault(FaultCode.NotNegotiable), what);
        }
        catch (AssociationException e)
        {
            throw new TargetUnavailableException(e.Fault, "The archive cannot be asked what it takes.", e);
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<EvidenceItem> CollectAsync(EvidenceLevel level, IReadOnlyList<StoredReference> references, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(references);
        if (!Levels.Contains(level)) throw new ArgumentOutOfRangeException(nameof(level));
        var evidence = new TargetEvidence(_peer, _retriever, _options);
        return Collected(level switch
        {
            EvidenceLevel.L4 => evidence.ReadBackAsync(references, cancellationToken),
            EvidenceLevel.L2 => evidence.CommitAsync(references, cancellationToken),
            _ => evidence.ListAsync(references, cancellationToken),
        }, cancellationToken);
    }

    /// <summary>Ends listening.</summary>
    public ValueTask DisposeAsync() => _retriever.DisposeAsync();

    // What the archive as a whole fails at is told as a target's failure.
    private static async IAsyncEnumerable<EvidenceItem> Collected(IAsyncEnumerable<EvidenceItem> items, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = items.GetAsyncEnumerator(cancellationToken);
        await using var owned = reader.ConfigureAwait(false);
        while (true)
        {
            try
            {
                if (!await reader.MoveNextAsync().ConfigureAwait(false)) yield break;
            }
            catch (MigrationException e) when (e is not TargetUnavailableException)
            {
                throw new TargetUnavailableException(e.Fault, "The archive cannot be asked what it holds.", e);
            }

            yield return reader.Current;
        }
    }
}
