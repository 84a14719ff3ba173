using System.Runtime.CompilerServices;

namespace Dicom.Migration.Evidence.Tests.Audit;

/// <summary>A target that shows what a test tells it to, and nothing for what the test gives no item.</summary>
internal sealed class ScriptedTarget(Func<StoredReference, EvidenceItem?> show, params EvidenceLevel[] levels) : IEvidenceTarget
{
    public string Name => "scripted";
    public string Address => "scripted:";
    public IReadOnlyList<EvidenceLevel> Levels { get; } = levels.Length == 0 ? [EvidenceLevel.L4] : levels;
    public Task<ITargetSession> OpenSessionAsync(CancellationToken cancellationToken) => throw new NotSupportedException("An audit stores nothing.");

    public async IAsyncEnumerable<EvidenceItem> CollectAsync(EvidenceLevel level, IReadOnlyList<StoredReference> references, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var reference in references.Reverse()) // in any order
        {
            await Task.Yield();
            if (show(reference) is { } item) yield return item;
        }
    }
}
