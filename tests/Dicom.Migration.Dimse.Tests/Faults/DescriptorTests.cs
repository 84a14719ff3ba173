using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dicom.Migration.Dimse.Tests.Services;

namespace Dicom.Migration.Dimse.Tests.Faults;

/// <summary>A process that has as many files open as it may.</summary>
[Collection(nameof(Alone))]
public sealed partial class DescriptorTests
{
    private const int OpenFiles = 7; // RLIMIT_NOFILE
    private static readonly ContextProposal[] Proposals = [new("1.2.840.10008.1.1", [Elements.Implicit])];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_listener_without_a_descriptor_left_takes_connections_again_when_there_is_one()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The limit is set by a system call of Linux.");
        await using var listener = new DimseListener(new DimseListenerOptions { Security = DimseSecurity.Plaintext, EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, new FuzzHandler(), TimeProvider.System);
        await EchoAsync(listener);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Equal(0, GetLimit(OpenFiles, out var before));
        var highest = (ulong)Directory.GetFiles("/proc/self/fd").Max(static f => int.Parse(Path.GetFileName(f), System.Globalization.CultureInfo.InvariantCulture));
        var held = new List<Socket>();
        try
        {
            Assert.Equal(0, SetLimit(OpenFiles, before with { Soft = highest + 8 }));
            Assert.Throws<SocketException>(() => TakeAll(held));
            await client.ConnectAsync(listener.EndPoint, Token); // the system has taken it, the listener cannot
        }
        finally
        {
            held.ForEach(static s => s.Dispose());
            Assert.Equal(0, SetLimit(OpenFiles, before));
        }

        await client.SendAsync(new byte[] { 0xFF }, Token); // no PDU
        var abort = new byte[10];
        Assert.Equal(10, await client.ReceiveAsync(abort, Token));
        Assert.Equal(7, abort[0]);
        await EchoAsync(listener);
    }

    private static void TakeAll(List<Socket> held)
    {
        while (true) held.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
    }

    private static async Task EchoAsync(DimseListener listener)
    {
        await using var association = await DimseAssociation.ConnectAsync("127.0.0.1", listener.EndPoint.Port, "SCP", Proposals, new DimseClientOptions { Security = DimseSecurity.Plaintext }, TimeProvider.System, null, Token);
        Assert.True((await association.EchoAsync(Token)).IsSuccess);
        await association.ReleaseAsync();
    }

    [StructLayout(LayoutKind.Sequential)]
    private record struct Limit(ulong Soft, ulong Hard);

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetLimit(int resource, in Limit limit);
}
