using System.Diagnostics;
using System.Net;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>DCMTK's clients against our listener, where they are installed.</summary>
public class DcmtkTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Its_echoscu_and_storescu_are_served()
    {
        if (Find("echoscu") is not { } echo || Find("storescu") is not { } store) return;
        var handler = new RecordingHandler();
        await using var listener = new DimseListener(new DimseListenerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0) }, handler, TimeProvider.System);
        var port = listener.EndPoint.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(0, await RunAsync(echo, "-aec", "SCP", "--repeat", "5", "127.0.0.1", port));
        Assert.NotEqual(0, await RunAsync(echo, "-aec", "OTHER", "127.0.0.1", port));

        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(file, SecondaryCapture(), Token);
            Assert.Equal(0, await RunAsync(store, "-aec", "SCP", "-xe", "127.0.0.1", port, file));
        }
        finally
        {
            File.Delete(file);
        }

        var body = Assert.Single(handler.Stored).Value;
        Assert.True(body.AsSpan().SequenceEqual(DataSet()));
    }

    private static byte[] Element(ushort group, ushort element, string vr, string value)
    {
        if (value.Length % 2 != 0) value += '\0';
        return [(byte)group, (byte)(group >> 8), (byte)element, (byte)(element >> 8), (byte)vr[0], (byte)vr[1], (byte)value.Length, 0, .. value.Select(c => (byte)c)];
    }

    // SOP Class, SOP Instance, Study and Series Instance UID: all that storescu looks at.
    private static byte[] DataSet() =>
    [
        .. Element(0x0008, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.7"), .. Element(0x0008, 0x0018, "UI", "1.2.3.4"),
        .. Element(0x0020, 0x000D, "UI", "1.2.3"), .. Element(0x0020, 0x000E, "UI", "1.2.3.1"),
    ];

    private static byte[] SecondaryCapture()
    {
        byte[] meta =
        [
            2, 0, 1, 0, (byte)'O', (byte)'B', 0, 0, 2, 0, 0, 0, 0, 1, // version
            .. Element(2, 2, "UI", "1.2.840.10008.5.1.4.1.1.7"), .. Element(2, 3, "UI", "1.2.3.4"), .. Element(2, 0x10, "UI", "1.2.840.10008.1.2.1"),
            .. Element(2, 0x12, "UI", "1.2.3.9"),
        ];
        return [.. new byte[128], .. "DICM"u8, 2, 0, 0, 0, (byte)'U', (byte)'L', 4, 0, (byte)meta.Length, 0, 0, 0, .. meta, .. DataSet()];
    }

    private static string? Find(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);

    private static async Task<int> RunAsync(string tool, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true })!;
        await Task.WhenAll(process.StandardError.ReadToEndAsync(Token), process.StandardOutput.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        return process.ExitCode;
    }
}
