using System.Net;
using System.Net.Sockets;
using Dicom.Migration.Dimse.Tests.Services;
using Dicom.Migration.Dimse.Tests.UpperLayer;
using Dicom.Migration.Dimse.UpperLayer;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>Many connections that come to nothing, and what they leave behind.</summary>
[Collection(nameof(Alone))]
public sealed class ConnectionCrowdTests(TestPki pki) : IClassFixture<TestPki>
{
    private const int Connections = 2_000, MostTurns = 100_000;
    private const string Ct = "1.2.840.10008.5.1.4.1.1.2";
    private static readonly ContextProposal[] Proposals = [new("1.2.840.10008.1.1", [Elements.Implicit]), new(Ct, [Elements.Explicit])];
    private static readonly byte[] Request = Pdus.Encode(new AssociateRequest("SCP", "A", Associate.DicomApplicationContext, [new ProposedContext(1, Ct, [Elements.Explicit])], []));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("close", false), InlineData("reset", false), InlineData("half", false), InlineData("half and reset", false), InlineData("whole and reset", false)]
    [InlineData("close", true), InlineData("half and reset", true)]
    public async Task Two_thousand_connections_that_come_to_nothing_leave_nothing_behind(string how, bool isSecured)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What a process has open is listed in /proc.");
        DimseSecurity security = isSecured ? new DimseTls(() => pki.Good()) : DimseSecurity.Plaintext;
        await using var listener = new DimseListener(new DimseListenerOptions { Security = security, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new FuzzHandler(), TimeProvider.System);
        for (var i = 0; i < 100; i++) await ComeToNothingAsync(listener.EndPoint, how); // what is made once is nobody's
        var before = await SettleAsync(listener, security, int.MaxValue);
        for (var i = 0; i < Connections; i++) await ComeToNothingAsync(listener.EndPoint, how);
        var after = await SettleAsync(listener, security, before.Descriptors);
        TestContext.Current.TestOutputHelper?.WriteLine($"{how}, TLS {isSecured}: {before} before, {after} after");
        Assert.True(after.Descriptors <= before.Descriptors, $"{before.Descriptors} descriptors before, {after.Descriptors} after");
        Assert.True(after.Bytes - before.Bytes < 500 * Connections, $"{before.Bytes} bytes before, {after.Bytes} after"); // a connection that is kept holds a buffer of some KiB
    }

    private static async Task ComeToNothingAsync(IPEndPoint to, string how)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(to, Token);
        try
        {
            if (how.StartsWith("half", StringComparison.Ordinal)) await socket.SendAsync(Request.AsMemory(0, Request.Length / 2), Token);
            if (how.StartsWith("whole", StringComparison.Ordinal)) await socket.SendAsync(Request, Token);
        }
        catch (SocketException)
        {
            // there was no room for it: closed already
        }

        if (how.EndsWith("reset", StringComparison.Ordinal)) socket.LingerState = new LingerOption(true, 0);
    }

    private static async Task EchoAsync(int port, DimseSecurity security)
    {
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", port, "SCP", Proposals, new DimseClientOptions { Security = security }, TimeProvider.System, null, Token);
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
        await association.ReleaseAsync();
    }

    /// <summary>Lets a known peer come and go until the connections before it are through.</summary>
    private static async Task<(int Descriptors, long Bytes)> SettleAsync(DimseListener listener, DimseSecurity security, int most)
    {
        var isKnown = false;
        for (var i = 0; i < MostTurns; i++)
        {
            try
            {
                await EchoAsync(listener.EndPoint.Port, security);
                isKnown = true;
            }
            catch (AssociationException e) when (e.Fault.IsTransient)
            {
                isKnown = false; // as many connections as one address may have are not through yet
                continue;
            }

            if (Descriptors() <= most && listener.Connections == 0) break;
        }

        Assert.True(isKnown, "The listener answers no more.");
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return (Descriptors(), GC.GetTotalMemory(forceFullCollection: true));
    }

    private static int Descriptors() => Directory.GetFiles("/proc/self/fd").Length;
}
