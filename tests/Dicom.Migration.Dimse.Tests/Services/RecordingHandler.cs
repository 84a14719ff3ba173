using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Keeps what arrives whole, and counts what does not.</summary>
internal sealed class RecordingHandler : IDimseHandler
{
    public ConcurrentDictionary<string, byte[]> Stored { get; } = new(StringComparer.Ordinal);
    public ConcurrentQueue<Exception> Broken { get; } = new();
    public TaskCompletionSource FirstBroken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public Func<StoreIndication, Task<DimseStatus>> Answer { get; init; } = static _ => Task.FromResult(DimseStatus.Success);
    public bool ReadsBody { get; init; } = true;

    public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) =>
        ValueTask.FromResult(association.CalledAeTitle is "SCP" ? AssociationDecision.Accept : AssociationDecision.CalledAeTitleNotRecognized);

    public string? ChooseTransferSyntax(AssociationInfo association, ContextProposal proposal) =>
        proposal.AbstractSyntax is "1.2.3.999" ? null : proposal.TransferSyntaxes[0];

    public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
    {
        if (!ReadsBody) return await Answer(store);
        try
        {
            var bytes = new ArrayBufferWriter<byte>();
            while (true)
            {
                var read = await body.ReadAsync(cancellationToken);
                foreach (var memory in read.Buffer) bytes.Write(memory.Span);
                body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) break;
            }

            Stored[store.SopInstanceUid] = bytes.WrittenSpan.ToArray();
        }
        catch (Exception e) when (e is MigrationException or OperationCanceledException)
        {
            Broken.Enqueue(e);
            FirstBroken.TrySetResult();
            throw;
        }

        return await Answer(store);
    }
}
