namespace Dicom.Migration.Engine;

/// <summary>How a run moves objects. Every number is a limit, with its unit and default.</summary>
public sealed record MigrationRunOptions
{
    /// <summary>Folder for objects larger than <see cref="LargestInMemory"/>. Its files lose their names when they are made, and go with the process.</summary>
    public required string SpoolFolder { get; init; }
    /// <summary>Bytes of objects held in memory at once, over all stages; 1 MiB or more. Default 256 MiB.</summary>
    public long ByteBudget { get; init; } = 256L << 20;
    /// <summary>Largest object kept in memory, in bytes; larger ones, and those above their share of the budget, go through the spool folder. Default 8 MiB.</summary>
    public int LargestInMemory { get; init; } = 8 << 20;
    /// <summary>Units read at once; 1 to 64. Default 2.</summary>
    public int Readers { get; init; } = 2;
    /// <summary>Most lanes that store at once, each with a session of its own; 1 to 64. Default 2. How many sessions there are, those of verifiers too, follows the target:
    /// one more while it takes what it is given, half as many when it refuses. One that takes a single session is served all the same.</summary>
    public int Lanes { get; init; } = 2;
    /// <summary>Groups of objects verified at once; 1 to 64. Default 2.</summary>
    public int Verifiers { get; init; } = 2;
    /// <summary>Units handed to a reader at once; 1 or more. Default 64.</summary>
    public int UnitsPerBatch { get; init; } = 64;
    /// <summary>Most objects that share a commit at the target and in the ledger; 1 or more. Default 256.</summary>
    public int ObjectsPerGroup { get; init; } = 256;
    /// <summary>Attempts for what may succeed later (reading a unit, storing a group, opening a session), in one run; 1 or more. Default 3.</summary>
    public int Attempts { get; init; } = 3;
    /// <summary>Pause before the second attempt; doubles with each further one, with jitter. Default 500 ms.</summary>
    public TimeSpan FirstRetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);
    /// <summary>Longest pause between two attempts. Default 30 s.</summary>
    public TimeSpan LongestRetryDelay { get; init; } = TimeSpan.FromSeconds(30);
    /// <summary>How long nobody sends to a target that is busy, away, or has lost a connection; doubles with each further failure; 1 ms or more. Default 1 s.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);
    /// <summary>Longest such pause; <see cref="FirstPause"/> to 1 hour. Default 1 minute.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(1);
    /// <summary>How long a target may be busy or away before the run ends; 0 to 1 day. Default 10 minutes. With 0 it has <see cref="Attempts"/> for each object, and no more.
    /// One that was never reached has no more in any case.</summary>
    public TimeSpan PauseBudget { get; init; } = TimeSpan.FromMinutes(10);
    /// <summary>Objects in a row that the target fails to store, before the run ends as the target is unwell; 0 or more.
    /// Default 256: archives say "out of resources" of objects that they do not like, too, and such objects lie side by side.</summary>
    public int MostSuspects { get; init; } = 256;
    /// <summary>Longest header, in bytes, that is held for the rules to look at (a longer one is <see cref="FaultCode.ValueTooLong"/>), or to be compared at L3 (<see cref="FaultCode.NotCompared"/>). Default 16 MiB.</summary>
    public int LongestHeader { get; init; } = 16 << 20;
    /// <summary>How long the leases on ledger and units last without renewal; they are renewed after a third of it. Default 60 s.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(60);
    /// <summary>How long what is in flight may take to reach its end when the run is told to stop. Default 30 s.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(30);
    /// <summary>The evidence asked for; the run uses it if the target can serve it, else the highest below. L0, the target's word alone, counts only if it is asked for here. Default L4.</summary>
    public EvidenceLevel Evidence { get; init; } = EvidenceLevel.L4;

    internal void Check()
    {
        if (string.IsNullOrEmpty(SpoolFolder)) throw new InvalidOperationException($"{nameof(SpoolFolder)} is empty; name a folder.");
        AtLeast(ByteBudget, 1 << 20, nameof(ByteBudget));
        AtLeast(LargestInMemory, BlockPool.BlockLength, nameof(LargestInMemory));
        Workers(Readers, nameof(Readers));
        Workers(Lanes, nameof(Lanes));
        Workers(Verifiers, nameof(Verifiers));
        AtLeast(UnitsPerBatch, 1, nameof(UnitsPerBatch));
        AtLeast(ObjectsPerGroup, 1, nameof(ObjectsPerGroup));
        AtLeast(Attempts, 1, nameof(Attempts));
        AtLeast(MostSuspects, 0, nameof(MostSuspects));
        AtLeast(LongestHeader, 1, nameof(LongestHeader));
        AtLeast(FirstRetryDelay.Ticks, 0, nameof(FirstRetryDelay));
        AtLeast(LongestRetryDelay.Ticks, FirstRetryDelay.Ticks, nameof(LongestRetryDelay));
        Between(FirstPause, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), nameof(FirstPause));
        Between(LongestPause, FirstPause, TimeSpan.FromHours(1), nameof(LongestPause));
        Between(PauseBudget, TimeSpan.Zero, TimeSpan.FromDays(1), nameof(PauseBudget));
        AtLeast(LeaseDuration.Ticks, TimeSpan.TicksPerSecond, nameof(LeaseDuration));
        AtLeast(DrainTime.Ticks, 0, nameof(DrainTime));
    }

    private static void AtLeast(long value, long least, string name)
    {
        if (value < least) throw new ArgumentOutOfRangeException(name, value, FormattableString.Invariant($"It must be {least} or more."));
    }

    private static void Between(TimeSpan value, TimeSpan least, TimeSpan most, string name)
    {
        if (value < least || value > most) throw new ArgumentOutOfRangeException(name, value, $"It must be {least} to {most}.");
    }

    private static void Workers(int value, string name)
    {
        if (value is < 1 or > 64) throw new ArgumentOutOfRangeException(name, value, "It must be 1 to 64.");
    }
}
