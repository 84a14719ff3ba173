using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Tests that measure the process: no other runs at the same time.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public class Alone;

/// <summary>What one stored object costs, both sides in one process.</summary>
[Collection(nameof(Alone))]
public class AllocationTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(10_000)]
    [InlineData(526_000)]
    public async Task An_object_allocates_at_most_8_KiB_on_either_side(int length)
    {
        const int Warm = 200, Counted = 500;
        var options = new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) };
        await using var listener = new DimseListener(options, new Sink(), TimeProvider.System);
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", [new ContextProposal(Ct, [Elements.Explicit])],
            new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);
        var bytes = new byte[length];
        for (var i = 0; i < Warm; i++) Assert.True((await association.StoreAsync(Ct, "1.2.3", Elements.Explicit, Elements.Body(bytes), Token)).IsSuccess);
        var (before, watch) = (GC.GetTotalAllocatedBytes(precise: true), Stopwatch.StartNew());
        for (var i = 0; i < Counted; i++) await association.StoreAsync(Ct, "1.2.3", Elements.Explicit, Elements.Body(bytes), Token);
        var each = (GC.GetTotalAllocatedBytes(precise: true) - before) / Counted;
        TestContext.Current.SendDiagnosticMessage("{0} bytes: {1} bytes allocated for each object, both sides; {2:F0} objects/s", length, each, Counted / watch.Elapsed.TotalSeconds);
        Assert.True(each <= 2 * 8_192, $"{each} bytes");
        await association.ReleaseAsync();
    }

    private sealed class Sink : IDimseHandler
    {
        public ValueTask<AssociationDecision> OnAssociateAsync(AssociationInfo association, CancellationToken cancellationToken) => ValueTask.FromResult(AssociationDecision.Accept);
        public ContextDecision OnContext(AssociationInfo association, ContextProposal proposal) => ContextDecision.Accept(proposal.TransferSyntaxes[0]);

        public async ValueTask<DimseStatus> OnStoreAsync(StoreIndication store, PipeReader body, CancellationToken cancellationToken)
        {
            while (true)
            {
                var read = await body.ReadAsync(cancellationToken);
                body.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) return DimseStatus.Success;
            }
        }
    }
}
