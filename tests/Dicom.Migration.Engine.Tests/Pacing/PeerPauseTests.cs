using Dicom.Migration.Engine.Pacing;
using Microsoft.Extensions.Time.Testing;

namespace Dicom.Migration.Engine.Tests.Pacing;

/// <summary>A target that is unwell is left alone, longer each time, and not for ever.</summary>
public sealed class PeerPauseTests
{
    private readonly FakeTimeProvider _time = new();

    private PeerPause Pause(int budget = 600) => new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(budget), _time);

    [Fact]
    public void Pauses_double_up_to_the_longest_and_begin_anew_when_it_is_well()
    {
        var pause = Pause();
        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60], Enumerable.Range(1, 8).Select(_ => Fail()));
        pause.Well();
        Assert.Equal(1, Fail());

        double Fail()
        {
            var before = _time.GetTimestamp();
            pause.Failed(pause.Ticket);
            for (; pause.IsShut; _time.Advance(TimeSpan.FromSeconds(1))) { }
            return _time.GetElapsedTime(before).TotalSeconds;
        }
    }

    [Fact]
    public void Failures_of_what_was_sent_at_the_same_time_are_one()
    {
        var pause = Pause();
        var ticket = pause.Ticket;
        for (var lane = 0; lane < 8; lane++) pause.Failed(ticket);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(pause.IsShut);
    }

    [Fact]
    public async Task Everybody_waits_and_nobody_longer_than_the_pause()
    {
        var pause = Pause();
        pause.Failed(pause.Ticket);
        var waiting = Enumerable.Range(0, 3).Select(_ => pause.WaitAsync(TestContext.Current.CancellationToken)).ToList();
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.All(waiting, static w => Assert.False(w.IsCompleted));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Task.WhenAll(waiting);
    }

    [Fact]
    public void A_shorter_pause_does_not_end_a_longer_one()
    {
        var pause = Pause();
        pause.Shut(TimeSpan.FromSeconds(5));
        pause.Shut(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.True(pause.IsShut);
    }

    [Fact]
    public void It_is_over_when_nothing_was_stored_for_the_budget_and_never_without_one()
    {
        var (pause, patient) = (Pause(budget: 60), Pause(budget: 0));
        pause.Failed(pause.Ticket);
        patient.Failed(patient.Ticket);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(pause.IsOver);
        pause.Well();
        _time.Advance(TimeSpan.FromSeconds(59));
        pause.Failed(pause.Ticket);
        Assert.False(pause.IsOver);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal((true, false), (pause.IsOver, patient.IsOver));
    }
}
