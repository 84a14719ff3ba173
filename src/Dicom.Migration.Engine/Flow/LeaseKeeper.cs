using System.Collections.Concurrent;

namespace Dicom.Migration.Engine;

/// <summary>Renews the right to write the ledger, and the units in hand, at a third of their time; if either is lost, so is the run.</summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly ConcurrentDictionary<long, (WorkLease Lease, int Open)> _work = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _renewing;

    public LeaseKeeper(ILedger ledger, LedgerLease lease, IWorkCoordinator coordinator, TimeSpan duration, TimeProvider time, Action<Exception> lost)
    {
        _renewing = RenewAsync();

        async Task RenewAsync()
        {
            using var timer = new PeriodicTimer(duration / 3, time);
            try
            {
                while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
                {
                    await ledger.RenewAsync(lease, duration, _stop.Token).ConfigureAwait(false);
                    foreach (var (work, _) in _work.Values) await coordinator.RenewAsync(work, _stop.Token).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested) { }
            catch (Exception e) { lost(e); } // whatever it is: without a lease nothing may be written
        }
    }

    /// <summary>Renews these units too, from now on.</summary>
    public void Hold(WorkLease work) => _work[work.Epoch] = (work, work.Items.Count);

    /// <summary>One unit of the lease is complete; with its last one there is nothing to renew.</summary>
    public void LetGo(WorkLease work)
    {
        var left = _work.AddOrUpdate(work.Epoch, static (_, w) => (w, 0), static (_, held, _) => (held.Lease, held.Open - 1), work);
        if (left.Open <= 0) _work.TryRemove(work.Epoch, out _);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _renewing.ConfigureAwait(false);
        _stop.Dispose();
    }
}
