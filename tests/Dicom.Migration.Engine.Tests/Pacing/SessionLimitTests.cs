using Dicom.Migration.Engine.Pacing;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.Engine.Tests.Pacing;

/// <summary>A target has as many sessions as it takes, and no more.</summary>
public sealed class SessionLimitTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void It_starts_low_and_never_above_its_cap()
    {
        Assert.Equal(2, new SessionLimit(64, _time).Limit);
        Assert.Equal(1, new SessionLimit(1, _time).Limit);
    }

    [Fact]
    public async Task There_is_one_more_for_each_group_that_is_taken_while_somebody_waits_up_to_the_cap()
    {
        var limit = new SessionLimit(4, _time);
        var (_, _) = (await limit.EnterAsync(false, Token), await limit.EnterAsync(false, Token));
        limit.Served();
        Assert.Equal(2, limit.Limit); // nobody waits: it is for the next who does
        var next = limit.EnterAsync(false, Token);
        await next;
        Task<IDisposable>[] waiting = [.. Enumerable.Range(0, 4).Select(_ => limit.EnterAsync(false, Token))];
        Assert.Equal(3, limit.Limit); // for one
        for (var i = 0; i < 9; i++) limit.Served();
        Assert.Equal((4, 4), (limit.Limit, limit.InUse));
        await waiting[0];
        Assert.All(waiting[1..], static w => Assert.False(w.IsCompleted));
    }

    [Fact]
    public async Task A_target_that_is_strained_has_half_as_many_and_who_is_too_many_is_told()
    {
        var limit = new SessionLimit(8, _time);
        var places = new List<IDisposable>();
        for (var i = 0; i < 8; i++)
        {
            var entering = limit.EnterAsync(false, Token);
            limit.Served();
            places.Add(await entering);
        }
        Assert.False(limit.IsWanted);
        limit.Strained();
        Assert.Equal((4, true, true), (limit.Limit, limit.IsWanted, limit.Wanted.IsCompleted));
        for (var i = 0; i < 4; i++) places[i].Dispose();
        Assert.Equal((4, false, false), (limit.InUse, limit.IsWanted, limit.Wanted.IsCompleted));
        for (var i = 0; i < 9; i++) limit.Strained();
        Assert.Equal(1, limit.Limit);
    }

    [Fact]
    public async Task What_a_target_has_refused_is_asked_for_again_after_a_minute_then_after_two()
    {
        var limit = new SessionLimit(4, _time);
        var two = new[] { await limit.EnterAsync(false, Token), await limit.EnterAsync(false, Token) };
        var third = limit.EnterAsync(false, Token);
        limit.Served();
        var refused = await third;
        limit.Refused(); // of three
        Assert.Equal(1, limit.Limit);
        refused.Dispose();
        two[1].Dispose();
        foreach (var minutes in (int[])[1, 2])
        {
            var (second, more) = (limit.EnterAsync(false, Token), limit.EnterAsync(false, Token));
            limit.Served();
            var back = await second; // two are known to be taken
            _time.Advance(TimeSpan.FromMinutes(minutes) - TimeSpan.FromSeconds(1));
            limit.Served();
            Assert.Equal((2, false), (limit.Limit, more.IsCompleted));
            _time.Advance(TimeSpan.FromSeconds(1));
            limit.Served();
            var refusedAgain = await more;
            limit.Refused();
            refusedAgain.Dispose();
            back.Dispose();
            Assert.Equal(1, limit.Limit);
        }
    }

    [Fact]
    public async Task A_verifier_is_served_before_lanes_and_whoever_keeps_a_place_is_told_of_it_alone()
    {
        var limit = new SessionLimit(1, _time);
        var place = await limit.EnterAsync(false, Token);
        var lane = limit.EnterAsync(false, Token);
        Assert.False(limit.IsWanted);
        var verifier = limit.EnterAsync(true, Token);
        Assert.True(limit.IsWanted);
        place.Dispose();
        place.Dispose(); // twice gives it back once
        Assert.False(limit.IsWanted);
        (await verifier).Dispose();
        (await lane).Dispose();
        Assert.Equal(0, limit.InUse);
    }

    [Fact]
    public async Task Who_gives_up_waiting_is_not_waited_for()
    {
        var limit = new SessionLimit(1, _time);
        var place = await limit.EnterAsync(false, Token);
        using var stop = new CancellationTokenSource();
        var waiting = limit.EnterAsync(true, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => waiting);
        Assert.False(limit.IsWanted);
        place.Dispose();
        Assert.Equal(0, limit.InUse);
    }
}
