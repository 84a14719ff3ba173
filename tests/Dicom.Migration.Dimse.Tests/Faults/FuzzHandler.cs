using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using Dicom.Migration.Dimse.Tests.Services;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>A host that takes all, and keeps nothing.</summary>
internal sealed class FuzzHandler : IDimseHandler
{
    private static readonly byte[] Match = [.. Elements.Element(0x00080052, "CS", "STUDY"), .. Elements.Element(0x0020000D, "UI", "1.2.3")];

    public static DimseListenerOptions Listening => new() { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Security = DimseSecurity.Plaintext, OperationsWindow = 4, MaxPduLength = 65_536 };
    public static DimseClientOptions Asking => new() { Security = DimseSecurity.Plaintext, MaxPduLength = 65_536 };

    public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.Accept);
    public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(proposal.TransferSyntaxes[0], proposal.Roles);

    public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
    {
        await DropAsync(body, cancellationToken);
        return DimseStatus.Success;
    }

    public async IAsyncEnumerable<QueryMatch> OnFindAsync(QueryIndication query, PipeReader identifier, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await DropAsync(identifier, cancellationToken);
        for (var i = 0; i < 2; i++) yield return new QueryMatch(Match);
    }

    public async ValueTask<IReadOnlyList<OutgoingInstance>> OnGetAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken)
    {
        await DropAsync(identifier, cancellationToken);
        return [new OutgoingInstance("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", Elements.Explicit, static _ => ValueTask.FromResult(Elements.Body(Match)))];
    }

    public async ValueTask<MovePlan> OnMoveAsync(QueryIndication query, PipeReader identifier, CancellationToken cancellationToken)
    {
        await DropAsync(identifier, cancellationToken);
        throw new DimseFailureException(DimseStatus.MoveDestinationUnknown);
    }

    private static async Task DropAsync(PipeReader body, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return;
        }
    }
}
