namespace Dicom.Migration.Engine.Ledger;

/// <summary>How a SQLite ledger is kept.</summary>
public sealed record SqliteLedgerOptions
{
    /// <summary>Longest wait for another process that has the file locked; 1 s to 1 h, whole seconds. Default 5 s.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>Most batches that wait to be written before callers wait themselves; 1 or more. Default 1,024.</summary>
    public int QueueLength { get; init; } = 1_024;
    /// <summary>Most batches that are made durable by one commit; 1 or more. Default 256.</summary>
    public int GroupLength { get; init; } = 256;
    /// <summary>Largest size of the file in bytes, without its log; 131,072 or more; past it, appends fail as on a full disk. Default: no limit of its own.</summary>
    public long? MaxBytes { get; init; }

    internal static void Check(SqliteLedgerOptions options)
    {
        if (options.QueueLength < 1) throw new ArgumentException($"{nameof(QueueLength)} is {options.QueueLength}; it must be 1 or more.", nameof(options));
        if (options.GroupLength < 1) throw new ArgumentException($"{nameof(GroupLength)} is {options.GroupLength}; it must be 1 or more.", nameof(options));
        if (options.LockTimeout < TimeSpan.FromSeconds(1) || options.LockTimeout > TimeSpan.FromHours(1))
            throw new ArgumentException($"{nameof(LockTimeout)} is {options.LockTimeout}; it must be 1 s to 1 h.", nameof(options));
        if (options.MaxBytes < 131_072) throw new ArgumentException($"{nameof(MaxBytes)} is {options.MaxBytes}; it must be 131,072 or more.", nameof(options));
    }
}
