using System.IO.Pipelines;
using Xunit;
using static Dicom.Migration.Testing.ContractObjects;

namespace Dicom.Migration.Testing;

/// <summary>What every <see cref="IMigrationTarget"/> promises, as tests: derive from it, say how a target is made, and run it.</summary>
/// <remarks>Content is read back where the target serves <see cref="EvidenceLevel.L4"/>; of others only the answers are looked at.</remarks>
public abstract class MigrationTargetContract
{
    private static readonly string[] HostileUids = ["../../../escaped", "/escaped", "..", ".", "a/b", "a\\b", "1.2.3\n", "1.2*", "1.2.%2e%2e", "con", "~", "-rf", new string('1', 64), new string('9', 300)];
    private readonly IReadOnlyList<MadeUpInstance> _made = MadeUpInstances.Create(41, 12);

    /// <summary>Makes a target. The first call gives an empty one; each further call the same place anew, as another process would see it.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    protected abstract Task<IMigrationTarget> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Looks for what hostile UIDs may have done outside the target; nothing by default.</summary>
    protected virtual void AssertNothingEscaped() { }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>What is flushed is answered, and another process sees it as it was sent.</summary>
    [Fact]
    public async Task What_is_acknowledged_is_there_for_another_process_and_byte_for_byte()
    {
        var outcomes = await StoreAsync(await OpenAsync(Token).ConfigureAwait(false), _made).ConfigureAwait(false);
        Assert.All(outcomes, static outcome => Assert.True(outcome.IsStored, $"{outcome.Fault}"));
        await AssertHeldAsync(outcomes, _made).ConfigureAwait(false);
    }

    /// <summary>An answer given before a flush is as good as one given after it.</summary>
    [Fact]
    public async Task Nothing_is_acknowledged_before_it_is_there()
    {
        var session = await (await OpenAsync(Token).ConfigureAwait(false)).OpenSessionAsync(Token).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
            foreach (var instance in _made)
            {
                var receipt = await session.StoreAsync(Outgoing(instance), Token).ConfigureAwait(false);
                if (receipt.Acknowledged.IsCompleted) await AssertHeldAsync([await receipt.Acknowledged.ConfigureAwait(false)], [instance]).ConfigureAwait(false);
            }
    }

    /// <summary>A flush, or the end of the session, brings every answer.</summary>
    /// <param name="isFlushed">By a flush; otherwise by disposing the session.</param>
    [Theory, InlineData(true), InlineData(false)]
    public async Task Every_receipt_is_complete_after_a_flush_or_the_end_of_the_session(bool isFlushed)
    {
        var session = await (await OpenAsync(Token).ConfigureAwait(false)).OpenSessionAsync(Token).ConfigureAwait(false);
        var receipts = new List<StoreReceipt>();
        foreach (var instance in _made.Take(3)) receipts.Add(await session.StoreAsync(Outgoing(instance), Token).ConfigureAwait(false));
        if (isFlushed) await session.FlushAsync(Token).ConfigureAwait(false);
        else await session.DisposeAsync().ConfigureAwait(false);
        Assert.All(receipts, static receipt => Assert.True(receipt.Acknowledged.IsCompletedSuccessfully));
        if (isFlushed) await session.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Sending twice changes nothing.</summary>
    [Fact]
    public async Task The_same_object_stored_twice_changes_nothing()
    {
        var first = await StoreAsync(await OpenAsync(Token).ConfigureAwait(false), _made).ConfigureAwait(false);
        var second = await StoreAsync(await OpenAsync(Token).ConfigureAwait(false), _made).ConfigureAwait(false);
        Assert.All(second, static outcome => Assert.True(outcome is { IsStored: true, Disposition: not StoreDisposition.StoredBeside }));
        Assert.Equal(first.Select(static o => o.Reference), second.Select(static o => o.Reference));
        await AssertHeldAsync([.. first, .. second], [.. _made, .. _made]).ConfigureAwait(false);
    }

    /// <summary>Two objects with one UID: the second is kept beside the first, or refused, and never takes its place.</summary>
    [Fact]
    public async Task Of_two_objects_with_one_uid_none_takes_the_place_of_the_other()
    {
        var other = _made[0];
        var outcomes = await StoreAsync(await OpenAsync(Token).ConfigureAwait(false), [Outgoing(_made[0]), Outgoing(_made[1], other)]).ConfigureAwait(false);
        Assert.True(outcomes[0].IsStored);
        Assert.True(outcomes[1].IsStored || outcomes[1].Fault is not null, "What is not stored has a fault.");
        await AssertHeldAsync(outcomes, [_made[0], _made[1]]).ConfigureAwait(false);
    }

    /// <summary>A body that breaks off is stored in no part, and the session goes on.</summary>
    [Fact]
    public async Task A_session_is_used_again_after_a_body_that_broke_off()
    {
        var session = await (await OpenAsync(Token).ConfigureAwait(false)).OpenSessionAsync(Token).ConfigureAwait(false);
        StoreOutcome outcome;
        await using (session.ConfigureAwait(false))
        {
            var breaking = ContractBodies.Breaking(DataSet(_made[0])[..^10]);
            await Assert.ThrowsAnyAsync<MigrationException>(() => session.StoreAsync(Outgoing(_made[0], body: breaking), Token)).ConfigureAwait(false);
            var receipt = await session.StoreAsync(Outgoing(_made[1]), Token).ConfigureAwait(false);
            await session.FlushAsync(Token).ConfigureAwait(false);
            Assert.True(receipt.Acknowledged.IsCompletedSuccessfully, "A flush brings every receipt to its answer.");
            outcome = await receipt.Acknowledged.ConfigureAwait(false);
        }
        Assert.True(outcome.IsStored);
        await AssertHeldAsync([outcome], [_made[1]]).ConfigureAwait(false);
        // What broke off is nowhere: the whole object finds no other in its place.
        var whole = await StoreAsync(await OpenAsync(Token).ConfigureAwait(false), [_made[0]]).ConfigureAwait(false);
        Assert.Equal(StoreDisposition.Stored, whole[0].Disposition);
    }

    /// <summary>A body of another length than was said is not stored.</summary>
    [Fact]
    public async Task A_body_of_another_length_than_was_said_is_not_stored()
    {
        var outcomes = await StoreAsync(await OpenAsync(Token).ConfigureAwait(false), [Outgoing(_made[0], length: DataSet(_made[0]).Length + 2), Outgoing(_made[1])]).ConfigureAwait(false);
        Assert.True(outcomes[0] is { IsStored: false, Fault: not null });
        Assert.True(outcomes[1].IsStored);
    }

    /// <summary>The body stays the caller's.</summary>
    [Fact]
    public async Task A_session_does_not_complete_the_body()
    {
        var body = new WatchedBody(DataSet(_made[0]));
        await StoreAsync(await OpenAsync(Token).ConfigureAwait(false), [Outgoing(_made[0], body: body)]).ConfigureAwait(false);
        Assert.False(body.IsCompleted);
    }

    /// <summary>Names that peers choose lead nowhere.</summary>
    [Fact]
    public async Task Hostile_uids_are_stored_or_refused_and_lead_nowhere()
    {
        var outgoing = HostileUids.SelectMany(uid => new[] { Outgoing(_made[0], uids: (uid, "1.2", "1.2.3")), Outgoing(_made[1], uids: ("1.2.3.4", uid, "1.2.3")), Outgoing(_made[2], uids: ("1.2.3.5", "1.2", uid)) }).ToList();
        var outcomes = await StoreAsync(await OpenAsync(Token).ConfigureAwait(false), outgoing).ConfigureAwait(false);
        Assert.All(outcomes, static outcome => Assert.True(outcome.IsStored || outcome.Fault is not null));
        await AssertHeldAsync(outcomes, [.. HostileUids.SelectMany(_ => _made.Take(3))]).ConfigureAwait(false);
        AssertNothingEscaped();
    }

    /// <summary>Sessions are independent.</summary>
    [Fact]
    public async Task Sessions_used_at_the_same_time_do_not_disturb_each_other()
    {
        var target = await OpenAsync(Token).ConfigureAwait(false);
        var lanes = await Task.WhenAll(Enumerable.Range(0, 4).Select(lane => Task.Run(() => StoreAsync(target, [.. _made.Where((_, i) => i % 4 == lane)]), Token))).ConfigureAwait(false);
        for (var lane = 0; lane < 4; lane++)
        {
            Assert.All(lanes[lane], static outcome => Assert.True(outcome.IsStored, $"{outcome.Fault}"));
            await AssertHeldAsync(lanes[lane], [.. _made.Where((_, i) => i % 4 == lane)]).ConfigureAwait(false);
        }
    }

    /// <summary>Giving up is safe.</summary>
    [Fact]
    public async Task A_cancelled_store_ends_and_the_object_can_be_stored_again()
    {
        var target = await OpenAsync(Token).ConfigureAwait(false);
        var session = await target.OpenSessionAsync(Token).ConfigureAwait(false);
        var endless = new Pipe();
        await endless.Writer.WriteAsync(DataSet(_made[0])[..100], Token).ConfigureAwait(false);
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var store = session.StoreAsync(Outgoing(_made[0], body: endless.Reader), cancelled.Token);
        await cancelled.CancelAsync().ConfigureAwait(false);
        // The minute is for a target that does not listen: the check fails then instead of standing still.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.WaitAsync(TimeSpan.FromMinutes(1))).ConfigureAwait(false);
        await session.DisposeAsync().ConfigureAwait(false);
        var again = await StoreAsync(target, [_made[0]]).ConfigureAwait(false);
        await AssertHeldAsync(again, [_made[0]]).ConfigureAwait(false);
    }

    /// <summary>Another process reads back what was acknowledged, and it is what was sent.</summary>
    private async Task AssertHeldAsync(List<StoreOutcome> outcomes, IReadOnlyList<MadeUpInstance> instances)
    {
        if (await OpenAsync(Token).ConfigureAwait(false) is not IEvidenceTarget target || !target.Levels.Contains(EvidenceLevel.L4)) return;
        for (var i = 0; i < outcomes.Count; i++)
        {
            if (!outcomes[i].IsStored) continue;
            Assert.NotNull(outcomes[i].Reference);
            var items = 0;
            await foreach (var item in target.CollectAsync(EvidenceLevel.L4, [outcomes[i].Reference!], Token).ConfigureAwait(false))
                await using (item.ConfigureAwait(false))
                {
                    items++;
                    Assert.Null(item.Fault);
                    Assert.NotNull(item.Body);
                    var body = await ContractBodies.ReadAsync(item.Body, Token).ConfigureAwait(false);
                    Assert.True(DataSet(instances[i]).Span.SequenceEqual(body), "What is read back is not what was sent.");
                }
            Assert.Equal(1, items);
        }
    }
}
