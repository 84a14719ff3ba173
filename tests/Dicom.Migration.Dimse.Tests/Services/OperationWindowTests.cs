using Dicom.Migration.Dimse.Services;

namespace Dicom.Migration.Dimse.Tests.Services;

public class OperationWindowTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_has_waited_longest_is_next_and_who_gave_up_takes_no_place(bool isInline)
    {
        var token = TestContext.Current.CancellationToken;
        var window = new OperationWindow(1, isInline);
        await window.WaitAsync(token);
        using var gaveUp = new CancellationTokenSource();
        var (first, second, third) = (window.WaitAsync(gaveUp.Token).AsTask(), window.WaitAsync(token).AsTask(), window.WaitAsync(token).AsTask());
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        window.Release();
        await second;
        Assert.False(third.IsCompleted);
        window.Release();
        await third;
        window.Release();
        await window.WaitAsync(token); // the place is there again, and is the only one
        var last = window.WaitAsync(token).AsTask();
        Assert.False(last.IsCompleted);
    }

    [Fact]
    public async Task Who_was_cancelled_before_takes_no_place()
    {
        var window = new OperationWindow(1, isInline: false);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await window.WaitAsync(new CancellationToken(canceled: true)));
        await window.WaitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Inline_the_next_goes_on_inside_the_release_however_many_wait()
    {
        const int Callers = 20_000; // far more than a stack would bear, each in the release of the one before
        var token = TestContext.Current.CancellationToken;
        var window = new OperationWindow(1, isInline: true);
        await window.WaitAsync(token);
        var done = 0;
        var callers = Enumerable.Range(0, Callers).Select(_ => GoOnAsync()).ToArray();
        window.Release();
        Assert.True(Volatile.Read(ref done) > 0);
        await Task.WhenAll(callers);
        Assert.Equal(Callers, done);

        async Task GoOnAsync()
        {
            await window.WaitAsync(token).ConfigureAwait(false);
            Interlocked.Increment(ref done);
            window.Release();
        }
    }
}
