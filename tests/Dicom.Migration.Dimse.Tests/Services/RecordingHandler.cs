using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Keeps what arrives whole, and counts what does not.</summary>
internal sealed class RecordingHandler : IDimseHandler
{
    public ConcurrentDictionary<string, byte[]> Stored { get; } = new(StringComparer.Ordinal);
    public ConcurrentQueue<Exception> Broken { get; } = new();
    public TaskCompletionSource FirstBegun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public TaskCompletionSource FirstBroken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public Func<StoreIndication, Task<DimseStatus>> Answer { get; init; } = static _ => Task.FromResult(DimseStatus.Success);
    public bool ReadsBody { get; init; } = true;

    public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) =>
        ValueTask.FromResult(association.CalledAeTitle is "SCP" ? AssociationDecision.Accept : AssociationDecision.CalledAeTitleNotRecognized);

    public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) =>
        proposal.AbstractSyntax is "1.2.3.999" ? ContextDecision.AbstractSyntaxNotSupported : ContextDecision.Accept(proposal.TransferSyntaxes[0], proposal.Roles);

    public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
    {
        FirstBegun.TrySetResult();
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
