using System.Runtime;

namespace Comparisons.Dimse;

/// <summary>What is measured runs for months, not for a second: before it is, the compiler of the runtime has had its time.</summary>
internal static class WarmUp
{
    private const int MostRounds = 20;

    /// <summary>Runs the work again and again, until in a whole round no method was compiled.</summary>
    public static async Task RunAsync(Func<Task> work)
    {
        for (var round = 0; round < MostRounds; round++)
        {
            var before = JitInfo.GetCompiledMethodCount();
            await work();
            if (JitInfo.GetCompiledMethodCount() == before) return;
        }
    }
}
