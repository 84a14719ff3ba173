using System.Net.Sockets;
using Dicom.Migration.Dimse.Transport;

namespace Dicom.Migration.Dimse.Tests.Transport;

/// <summary>The threads that wait for accepted connections (Linux).</summary>
public sealed class ReadinessTests
{
    private const string ThreadName = "DICOM sockets";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_connection_that_breaks_while_nobody_waits_leaves_the_threads_asleep()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "There is no queue of readiness.");
        var (peer, stream) = await WatchedSocketStreamTests.ConnectAsync();
        await using var owned = stream;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ReadCancelledAsync(stream)); // both threads are there
        peer.LingerState = new LingerOption(true, 0);
        peer.Dispose(); // with a reset, which epoll reports whether asked for or not

        // A thread that is told the same again and again never sleeps; one that others keep busy does so between.
        for (var asleep = 0; asleep < 50; asleep = AreAsleep() ? asleep + 1 : 0)
        {
            Stop.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static async Task ReadCancelledAsync(Stream stream)
    {
        using var cancel = new CancellationTokenSource();
        var read = stream.ReadAsync(new byte[1], cancel.Token);
        await cancel.CancelAsync();
        await read;
    }

    private static bool AreAsleep() => Directory.EnumerateDirectories("/proc/self/task").Where(IsOne).All(t => Text(t, "stat").Contains(") S ", StringComparison.Ordinal));

    private static bool IsOne(string thread) => Text(thread, "comm").Trim() is ThreadName;

    private static string Text(string thread, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(thread, file));
        }
        catch (IOException)
        {
            return ""; // a thread that has ended
        }
    }
}
