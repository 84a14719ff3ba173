using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Dicom.Migration.Testing;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>A source in memory that never fails: one unit for each study.</summary>
internal sealed class HeldSource(IReadOnlyList<MadeUpInstance> instances) : IMigrationSource
{
    public string Name => "held";
    public string Address => "held:";

    public async IAsyncEnumerable<SourceUnit> DiscoverAsync(SourceCursor? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var study in instances.GroupBy(static i => i.StudyInstanceUid, StringComparer.Ordinal))
            yield return new SourceUnit(study.Key, SourceUnitKind.Study) { Instances = study.Count() };
    }

    public async IAsyncEnumerable<SourceItem> ReadAsync(SourceUnit unit, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var instance in instances.Where(i => i.StudyInstanceUid == unit.Key))
            yield return new SourceInstance(instance.Name, PipeReader.Create(new System.Buffers.ReadOnlySequence<byte>(instance.Bytes[instance.DataSetOffset..]))) { TransferSyntax = instance.TransferSyntax };
    }
}
