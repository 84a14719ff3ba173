using Dicom.Migration.Engine.Pacing;
using FsCheck;
using FsCheck.Xunit;

namespace Dicom.Migration.Engine.Tests.Pacing;

public sealed class ByteBudgetTests
{
    /// <summary>Asks, gives back and gives up in any order, and compares with a queue of numbers after each.</summary>
    [Property(MaxTest = 500)]
    public bool Serves_in_order_within_the_budget_and_forgets_nobody(PositiveInt capacity, (byte Action, byte Size)[] steps)
    {
        var budget = new ByteBudget(1 + capacity.Get % 100);
        var (served, waiting) = (new List<(ByteBudget.Share Share, long Bytes)>(), new LinkedList<(Task<ByteBudget.Share> Task, long Bytes, CancellationTokenSource Stop)>());
        foreach (var (action, size) in steps)
        {
            if (action % 4 == 0 && served.Count > 0)
            {
                var at = size % served.Count;
                served[at].Share.Dispose();
                served[at].Share.Dispose(); // twice is once
                served.RemoveAt(at);
            }
            else if (action % 4 == 1 && waiting.Count > 0)
            {
                var node = waiting.First!;
                for (var i = size % waiting.Count; i > 0; i--) node = node.Next!;
                node.Value.Stop.Cancel();
                waiting.Remove(node);
                if (!Settles(node.Value.Task) || !node.Value.Task.IsCanceled) return false;
            }
            else
            {
                var stop = new CancellationTokenSource();
                waiting.AddLast((budget.AcquireAsync(size, stop.Token).AsTask(), size, stop));
            }
            var inFlight = served.Sum(share => share.Bytes);
            while (waiting.First is { } first && (inFlight == 0 || (inFlight <= budget.Capacity && inFlight + first.Value.Bytes <= budget.Capacity)))
            {
                if (!Settles(first.Value.Task)) return false;
                served.Add((first.Value.Task.Result, first.Value.Bytes));
                inFlight += first.Value.Bytes;
                waiting.RemoveFirst();
            }
            if (budget.InFlight != inFlight || budget.Waiting != waiting.Count || waiting.Any(each => each.Task.IsCompleted)) return false;
            if (inFlight > budget.Capacity && served.Count(share => share.Bytes > 0) != 1) return false;
        }
        return true;
    }

    [Fact]
    public async Task Lets_an_object_larger_than_the_budget_pass_alone()
    {
        var budget = new ByteBudget(10);
        var small = await budget.AcquireAsync(1, TestContext.Current.CancellationToken);
        var large = budget.AcquireAsync(1_000, TestContext.Current.CancellationToken);
        var behind = budget.AcquireAsync(1, TestContext.Current.CancellationToken);
        Assert.False(large.IsCompleted);
        small.Dispose();
        var alone = await large;
        Assert.False(behind.IsCompleted);
        alone.Dispose();
        (await behind).Dispose();
        Assert.Equal(0, budget.InFlight);
    }

    [Fact]
    public async Task Serves_those_behind_when_the_first_gives_up()
    {
        var budget = new ByteBudget(10);
        using var held = await budget.AcquireAsync(6, TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        var first = budget.AcquireAsync(8, stop.Token).AsTask();
        var second = budget.AcquireAsync(4, TestContext.Current.CancellationToken).AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        (await second).Dispose();
    }

    [Fact]
    public async Task Never_exceeds_the_budget_under_many_callers()
    {
        var budget = new ByteBudget(1_000);
        long inFlight = 0, most = 0;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(seed => Task.Run(async () =>
        {
            var random = new System.Random(seed);
            for (var i = 0; i < 500; i++)
            {
                var size = random.Next(0, 600);
                using var share = await budget.AcquireAsync(size, TestContext.Current.CancellationToken);
                var now = Interlocked.Add(ref inFlight, size);
                InterlockedMax(ref most, now);
                await Task.Yield();
                Interlocked.Add(ref inFlight, -size);
            }
        }, TestContext.Current.CancellationToken)));
        Assert.InRange(most, 1, 1_000);
        Assert.Equal((0L, 0), (budget.InFlight, budget.Waiting));
    }

    private static void InterlockedMax(ref long most, long value)
    {
        for (var seen = Interlocked.Read(ref most); seen < value && Interlocked.CompareExchange(ref most, value, seen) != seen; seen = Interlocked.Read(ref most)) { }
    }

    // A continuation may still be on its way to the thread pool.
    private static bool Settles(Task task) => task.ContinueWith(static _ => { }, TaskScheduler.Default).Wait(TimeSpan.FromSeconds(30));
}
