namespace Dicom.Migration;

/// <summary>A target that can show what it holds.</summary>
public interface IEvidenceTarget : IMigrationTarget
{
    /// <summary>Levels above L0 that it serves; the highest first.</summary>
    public IReadOnlyList<EvidenceLevel> Levels { get; }

    /// <summary>Makes sure, before anything is sent, that it can show what it will hold.</summary>
    /// <param name="level">One of <see cref="Levels"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TargetUnavailableException">It cannot; the message says what to change.</exception>
    public Task CheckAsync(EvidenceLevel level, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Asks the target about instances stored earlier. It collects and does not judge: comparing is the caller's.</summary>
    /// <param name="level">One of <see cref="Levels"/>.</param>
    /// <param name="references">What to ask about.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>One item for each reference, in any order, each disposed before the next is asked for. What is missing or unreadable is
    /// an item with a fault.</returns>
    /// <exception cref="TargetUnavailableException">The target cannot be reached.</exception>
    public IAsyncEnumerable<EvidenceItem> CollectAsync(EvidenceLevel level, IReadOnlyList<StoredReference> references, CancellationToken cancellationToken);
}
