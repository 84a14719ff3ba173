using Dicom.Migration.Dimse.Messages;
using Dicom.Migration.Dimse.Services;

namespace Dicom.Migration.Dimse.Tests.Services;

public class PendingRequestTests
{
    private static readonly DimseResponse Answer = DimseResponse.From(new CommandSet().With(CommandSet.DataSetType, CommandSet.NoDataSet).With(CommandSet.Status, 0), new AcceptedContext(1, "1.2.840.10008.1.1", "1.2.840.10008.1.2"), default);

    [Fact]
    public async Task A_caller_that_runs_inline_goes_on_before_anything_more_is_read()
    {
        var pending = new PendingAnswer(0x8030, isInline: true);
        var hasGoneOn = false;
        var caller = GoOnAsync();
        await pending.OnResponseAsync(Answer, TestContext.Current.CancellationToken);
        Assert.True(hasGoneOn);
        await caller;

        async Task GoOnAsync()
        {
            await pending.Answer.ConfigureAwait(false);
            hasGoneOn = true;
        }
    }

    [Fact]
    public async Task A_query_whose_last_response_finds_no_room_before_the_association_ends_is_told_so()
    {
        var pending = new PendingQuery(0x8020);
        using var end = new CancellationTokenSource();
        var coming = ComeAsync();
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => coming);
        await Assert.ThrowsAsync<AssociationException>(async () => await pending.Responses.ReadAllAsync(TestContext.Current.CancellationToken).CountAsync(TestContext.Current.CancellationToken));

        async Task ComeAsync()
        {
            var match = DimseResponse.From(new CommandSet().With(CommandSet.DataSetType, CommandSet.NoDataSet).With(CommandSet.Status, 0xFF00), new AcceptedContext(1, "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.1.2"), default);
            while (true) await pending.OnResponseAsync(match, end.Token); // until there is no room
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_caller_that_learns_of_a_failure_may_wait_for_what_comes_behind_it(bool isInline)
    {
        var pending = new PendingAnswer(0x8030, isInline);
        using var behind = new ManualResetEventSlim();
        var caller = WaitAsync();
        pending.Fail(new AssociationException(new Fault(FaultCode.PeerClosedEarly), "Over."));
        behind.Set(); // never reached if the caller goes on inside Fail
        await caller;

        async Task WaitAsync()
        {
            await Assert.ThrowsAsync<AssociationException>(() => pending.Answer).ConfigureAwait(false);
            behind.Wait(TestContext.Current.CancellationToken);
        }
    }
}
