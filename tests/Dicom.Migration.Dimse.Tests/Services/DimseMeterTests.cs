using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>What a collector of metrics is given: counts under labels of closed sets.</summary>
[Collection(nameof(Alone))]
public sealed class DimseMeterTests
{
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";
    private static readonly string[] Labels = ["requestor", "acceptor", "opened", "released", "aborted", "sent", "received", "success", "warning", "failure", .. Enum.GetNames<FaultCode>()];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Associations_objects_bytes_and_refusals_are_counted_and_no_label_says_of_whom()
    {
        var counts = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        using var collector = new MeterListener();
        collector.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name is "Dicom.Migration.Dimse") listener.EnableMeasurementEvents(instrument);
        };
        collector.SetMeasurementEventCallback<long>((instrument, value, labels, _) =>
        {
            var key = instrument.Name;
            foreach (var label in labels)
            {
                Assert.Contains((string)label.Value!, Labels);
                key += $" {label.Value}";
            }

            counts.AddOrUpdate(key, value, (_, before) => before + value);
        });
        collector.Start();

        var archive = new SmallArchive { StoreStatus = static s => s.SopInstanceUid is "1.2.2" ? DimseStatus.OutOfResources : DimseStatus.Success, Decide = static i => i.CallingAeTitle is "STRANGER" ? AssociationDecision.NoReason : AssociationDecision.Accept };
        await using (var listener = TlsPeers.Listen(archive, DimseSecurity.Plaintext))
        {
            await using (var association = await TlsPeers.ConnectAsync(listener, DimseSecurity.Plaintext))
            {
                await association.StoreAsync(Ct, "1.2.1", Elements.Explicit, Elements.Body(new byte[100_000]), Token);
                await association.StoreAsync(Ct, "1.2.2", Elements.Explicit, Elements.Body(new byte[100_000]), Token);
                await association.ReleaseAsync();
            }

            await using (await TlsPeers.ConnectAsync(listener, DimseSecurity.Plaintext))
            {
            }

            await Assert.ThrowsAsync<AssociationException>(() => DimseAssociation.ConnectAsync("127.0.0.1", ((IPEndPoint)listener.EndPoint).Port, "SCP", [new ContextProposal(Ct, [Elements.Explicit])],
                new DimseClientOptions { Security = DimseSecurity.Plaintext, AeTitle = "STRANGER" }, TimeProvider.System, null, Token));
            Assert.Equal(FaultCode.AssociationRejected, await archive.RefusalAsync());
        }

        foreach (var side in new[] { "requestor", "acceptor" })
        {
            Assert.Equal(2, counts[$"dicom.dimse.associations {side} opened"]);
            Assert.Equal(1, counts[$"dicom.dimse.associations {side} released"]);
            Assert.Equal(1, counts[$"dicom.dimse.associations {side} aborted"]);
        }

        foreach (var direction in new[] { "sent", "received" })
        {
            Assert.Equal(1, counts[$"dicom.dimse.objects {direction} success"]);
            Assert.Equal(1, counts[$"dicom.dimse.objects {direction} failure"]);
        }

        Assert.Equal(1, counts["dicom.dimse.refusals AssociationRejected"]);
        Assert.InRange(counts["dicom.dimse.bytes sent"], 200_000, 210_000);
        Assert.InRange(counts["dicom.dimse.bytes received"], 200_000, 210_000);
    }
}
