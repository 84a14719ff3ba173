using System.Diagnostics.CodeAnalysis;
using Polly;
using Polly.Retry;

namespace Dicom.Migration.Engine;

/// <summary>How often, and after which pauses, something is tried again that may succeed later: exponential, with jitter, and never for ever.</summary>
internal static class RetryPolicy
{
    /// <summary>Tries again after a transient <see cref="MigrationException"/>; the last one is the caller's.</summary>
    public static ResiliencePipeline<T> ForFailures<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] T>(MigrationRunOptions options, TimeProvider time, Func<T, bool>? isWorthAnother = null) =>
        Create<T>(options, time, outcome => outcome.Exception is { } e
            ? e is MigrationException { Fault.IsTransient: true } and not (LedgerException or EngineException)
            : isWorthAnother is not null && isWorthAnother(outcome.Result!));

    private static ResiliencePipeline<T> Create<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.All)] T>(MigrationRunOptions options, TimeProvider time, Func<Outcome<T>, bool> isWorthAnother)
    {
        var builder = new ResiliencePipelineBuilder<T> { TimeProvider = time };
        if (options.Attempts > 1)
        {
            builder.AddRetry(new RetryStrategyOptions<T>
            {
                MaxRetryAttempts = options.Attempts - 1,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.FirstRetryDelay,
                MaxDelay = options.LongestRetryDelay,
                ShouldHandle = arguments => ValueTask.FromResult(isWorthAnother(arguments.Outcome)),
            });
        }
        return builder.Build();
    }
}
