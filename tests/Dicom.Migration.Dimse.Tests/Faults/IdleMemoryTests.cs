using System.Globalization;
using System.Net;
using Dicom.Migration.Dimse.Tests.Services;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>What an association holds while nothing happens, after an object of 1 MiB has passed over it; both sides in one process.</summary>
[Collection(nameof(Alone))]
public sealed class IdleMemoryTests(TestPki pki) : IClassFixture<TestPki>
{
    private const int Most = 1 << 20, Length = 1 << 20;
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, InlineData(200, false), InlineData(50, true)]
    public async Task An_idle_association_holds_no_more_than_a_mebibyte(int count, bool isSecured)
    {
        DimseSecurity security = isSecured ? new DimseTls(() => pki.Good()) : DimseSecurity.Plaintext;
        await using var listener = new DimseListener(new DimseListenerOptions
        {
            Security = security, EndPoint = new IPEndPoint(IPAddress.Loopback, 0), MaxAssociations = 1_000, MaxConnections = 1_000, MaxConnectionsPerAddress = 1_000,
        }, new FuzzHandler(), TimeProvider.System);
        var bytes = new byte[Length];
        await using (await OpenAsync())
        {
            // what is loaded once is nobody's
        }

        var (managed, resident) = Held();
        var open = new List<DimseAssociation>();
        try
        {
            for (var i = 0; i < count; i++) open.Add(await OpenAsync());
            var (managedNow, residentNow) = Held();
            var (each, eachResident) = ((managedNow - managed) / (2 * count), (residentNow - resident) / (2 * count));
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{count} associations, TLS {isSecured}: {each} bytes of the managed heap and pools for each side, {eachResident} bytes of the process"));
            Assert.True(each <= Most, string.Create(CultureInfo.InvariantCulture, $"{each} bytes"));
            foreach (var association in open) Assert.False(association.Ended.IsCancellationRequested);
        }
        finally
        {
            foreach (var association in open) await association.DisposeAsync();
        }

        async Task<DimseAssociation> OpenAsync()
        {
            var association = await DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", [new ContextProposal(Ct, [Elements.Explicit])],
                new DimseClientOptions { Security = security }, TimeProvider.System, null, Token);
            Assert.True((await association.StoreAsync(Ct, "1.2.3", Elements.Explicit, Elements.Body(bytes), Token)).IsSuccess);
            return association;
        }
    }

    /// <summary>Bytes of the managed heap, pooled arrays among them, and of the process.</summary>
    private static (long Managed, long Resident) Held()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return (GC.GetTotalMemory(forceFullCollection: true), Environment.WorkingSet);
    }
}
