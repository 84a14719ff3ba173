using System.Threading.Channels;
using Dicom.Migration.Engine.Pacing;

namespace Dicom.Migration.Engine;

/// <summary>Moves everything a source lists into a target, and accounts for it. Run again with the same ledger, it goes on where it was.</summary>
/// <remarks>Three stages, joined by bounded channels: readers, store lanes, verifiers. What is in flight is bounded in bytes by one budget:
/// when the target is slow the source is read no further.</remarks>
public sealed class MigrationRun
{
    private readonly IMigrationSource _source;
    private readonly IMigrationTarget _target;
    private readonly ILedger _ledger;
    private readonly IWorkCoordinator _coordinator;
    private readonly MigrationRunOptions _options;
    private readonly IReadOnlyList<IMigrationRule> _rules;
    private readonly TimeProvider _time;

    /// <summary>Prepares a run.</summary>
    /// <param name="source">Where the objects are.</param>
    /// <param name="target">Where they go.</param>
    /// <param name="ledger">What is known; the only truth about progress.</param>
    /// <param name="coordinator">Hands out the units.</param>
    /// <param name="options">The limits.</param>
    /// <param name="rules">Judge each object, in this order.</param>
    /// <param name="time">The clock for pauses and leases.</param>
    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range.</exception>
    public MigrationRun(IMigrationSource source, IMigrationTarget target, ILedger ledger, IWorkCoordinator coordinator, MigrationRunOptions options,
        IReadOnlyList<IMigrationRule>? rules = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        (_source, _target, _ledger, _coordinator, _options, _rules, _time) = (source, target, ledger, coordinator, options, rules ?? [], time ?? TimeProvider.System);
    }

    /// <summary>Lists the source, moves and verifies what is not done yet, and returns the account.</summary>
    /// <param name="lease">The right to write the ledger, as the coordinator holds it; renewed while the run lasts.</param>
    /// <param name="progress">Told after every group.</param>
    /// <param name="cancellationToken">Drains: nothing new is begun, and what is in flight is brought to its end for at most <see cref="MigrationRunOptions.DrainTime"/>.</param>
    /// <exception cref="MigrationException">The run cannot go on; what is done is on record.</exception>
    public async Task<LedgerAccount> RunAsync(LedgerLease lease, IProgress<MigrationProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        var header = await _ledger.ReadHeaderAsync(CancellationToken.None).ConfigureAwait(false);
        Spool.RemoveAbandoned(_options.SpoolFolder);
        using var run = new Conditions(_options.DrainTime, _time, cancellationToken);
        var keeper = new LeaseKeeper(_ledger, lease, _coordinator, _options.LeaseDuration, _time, run.Fail);
        await using (keeper.ConfigureAwait(false))
        {
            var desk = new RunDesk(_ledger, lease, _coordinator, keeper, new RunTally(progress));
            await FlowAsync(desk, lease, keeper, run, header.CreatedAt).ConfigureAwait(false);
        }
        run.ThrowIfFailed();
        return await _ledger.ReadAccountAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private async Task FlowAsync(RunDesk desk, LedgerLease lease, LeaseKeeper keeper, Conditions run, DateTimeOffset createdAt)
    {
        var share = _options.ByteBudget / (4L * _options.Readers); // a reader may hold two objects, as it came and as a rule changed it
        var largest = (int)Math.Min(_options.LargestInMemory, Math.Max(BlockPool.BlockLength, share));
        var spool = new Spool(_options.SpoolFolder, new ByteBudget(_options.ByteBudget), largest);
        var rules = new RuleBook(_source.Name, _rules, _options.LongestHeader, createdAt);
        var arrived = Channel.CreateBounded<InFlight>(new BoundedChannelOptions(2 * _options.ObjectsPerGroup));
        var stored = Channel.CreateBounded<IReadOnlyList<InFlight>>(new BoundedChannelOptions(_options.Verifiers));
        var level = Verifier.LevelOf(_target, _options.Evidence);
        var handsBodiesOn = level is EvidenceLevel.L3; // compared with what the target shows of it: the ledger has digests alone
        var pace = new TargetPace(_options, _time);
        var inventory = new Inventory(_source, _ledger, lease, desk.Tally);

        // A target that cannot show what it holds is told of before anything is sent to it.
        if (level != EvidenceLevel.L0)
        {
            await run.Guard(() => pace.RunAsync(async token =>
            {
                await ((IEvidenceTarget)_target).CheckAsync(level, token).ConfigureAwait(false);
                return true;
            }, run.Stopping)).ConfigureAwait(false);
            if (run.Stopping.IsCancellationRequested) return;
        }

        var listing = run.Guard(() => inventory.ListAsync(run.Stopping));
        var readers = Workers(_options.Readers, () => ReadAllAsync(new UnitReader(_source, new Intake(spool, rules), arrived.Writer, desk, _options, _time), inventory, keeper, run));
        var begun = 0;
        var lanes = Workers(_options.Lanes, async () =>
        {
            var lane = new StoreLane(_target, pace, arrived.Reader, stored.Writer, desk, handsBodiesOn, _options, _time);
            await using (lane.ConfigureAwait(false)) await lane.RunAsync(opensAtOnce: Interlocked.Increment(ref begun) == 1, run.Note, run.Aborting).ConfigureAwait(false);
        });
        var verifiers = Workers(_options.Verifiers, async () =>
        {
            // Room of its own: the budget may be full of objects that wait for this very verifier.
            using var examiner = new DifferenceExaminer(_source, _target, new Intake(new Spool(_options.SpoolFolder, new ByteBudget(2L * largest), largest), rules), _options, _time);
            await new Verifier(_target, level, pace, stored.Reader, desk, examiner, _options).RunAsync(run.Aborting).ConfigureAwait(false);
        });

        await Task.WhenAll([listing, .. readers]).ConfigureAwait(false);
        arrived.Writer.Complete();
        await Task.WhenAll(lanes).ConfigureAwait(false);
        stored.Writer.Complete();
        await Task.WhenAll(verifiers).ConfigureAwait(false);
        while (arrived.Reader.TryRead(out var left)) left.Dispose(); // only after a failure: the next run reads them again
        while (stored.Reader.TryRead(out var group))
            foreach (var left in group) left.Dispose();

        Task[] Workers(int count, Func<Task> work) => [.. Enumerable.Range(0, count).Select(_ => run.Guard(work))];
    }

    private async Task ReadAllAsync(UnitReader reader, Inventory inventory, LeaseKeeper keeper, Conditions run)
    {
        while (!run.Stopping.IsCancellationRequested)
        {
            var (isComplete, more) = (inventory.IsComplete, inventory.More); // before asking: what is listed while asking is not missed
            var work = await _coordinator.AcquireAsync(_options.UnitsPerBatch, _options.LeaseDuration, run.Stopping).ConfigureAwait(false);
            if (work.Items.Count > 0)
            {
                keeper.Hold(work);
                foreach (var item in work.Items) await reader.ReadAsync(new UnitInHand(work, item), run.Stopping).ConfigureAwait(false);
                continue;
            }
            var desired = await _coordinator.ReadDesiredStateAsync(run.Stopping).ConfigureAwait(false);
            if (desired == DesiredState.Pause) await Task.Delay(PauseBetweenLooks, _time, run.Stopping).ConfigureAwait(false);
            else if (desired == DesiredState.Drain || isComplete) break;
            else await more.WaitAsync(run.Stopping).ConfigureAwait(false);
        }
        if (!run.Stopping.IsCancellationRequested) await reader.CompleteAsync(run.Stopping).ConfigureAwait(false);
    }

    private static TimeSpan PauseBetweenLooks { get; } = TimeSpan.FromSeconds(1);
}
