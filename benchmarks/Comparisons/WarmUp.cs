using System.Runtime;

namespace Comparisons;

/// <summary>What is measured runs for months, not for a second: before it is, the compiler of the runtime has had its time.</summary>
internal static class WarmUp
{
    private const int MostRounds = 40, QuietRounds = 3;
    private static readonly TimeSpan Tiering = TimeSpan.FromMilliseconds(250); // the runtime compiles again what runs often once nothing new has run for 100 ms

    /// <summary>Runs the work again and again, until in some rounds one after another no method was compiled.</summary>
    public static async Task RunAsync(Func<Task> work)
    {
        for (var (round, quiet) = (0, 0); round < MostRounds && quiet < QuietRounds; round++)
        {
            var before = JitInfo.GetCompiledMethodCount();
            await work();
            await Task.Delay(Tiering);
            quiet = JitInfo.GetCompiledMethodCount() == before ? quiet + 1 : 0;
        }
    }
}
