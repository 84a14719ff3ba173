using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Dicom.Migration.Dimse.Tests.Services;

/// <summary>Short data sets in Explicit VR Little Endian.</summary>
internal static class Elements
{
    public const string Implicit = "1.2.840.10008.1.2", Explicit = "1.2.840.10008.1.2.1";

    /// <summary>An element with a 16-bit length.</summary>
    public static byte[] Element(uint tag, string vr, string value)
    {
        if (value.Length % 2 != 0) value += vr is "UI" ? '\0' : ' ';
        return [(byte)(tag >> 16), (byte)(tag >> 24), (byte)tag, (byte)(tag >> 8), (byte)vr[0], (byte)vr[1], (byte)value.Length, (byte)(value.Length >> 8), .. Encoding.Latin1.GetBytes(value)];
    }

    /// <summary>An element with a 32-bit length (PS3.5 §7.1.2).</summary>
    public static byte[] LongElement(uint tag, string vr, byte[] value) =>
        [(byte)(tag >> 16), (byte)(tag >> 24), (byte)tag, (byte)(tag >> 8), (byte)vr[0], (byte)vr[1], 0, 0, (byte)value.Length, (byte)(value.Length >> 8), (byte)(value.Length >> 16), (byte)(value.Length >> 24), .. value];

    /// <summary>The value of an element; empty if it is not there.</summary>
    public static string Value(ReadOnlySpan<byte> dataSet, uint tag)
    {
        while (dataSet.Length >= 8)
        {
            var (here, length) = ((uint)((dataSet[1] << 24) | (dataSet[0] << 16) | (dataSet[3] << 8) | dataSet[2]), dataSet[6] | (dataSet[7] << 8));
            if (here == tag) return Encoding.Latin1.GetString(dataSet.Slice(8, length)).TrimEnd(' ', '\0');
            dataSet = dataSet[(8 + length)..];
        }

        return "";
    }

    /// <summary>SOP Class, SOP Instance, Study and Series Instance UID: all that DCMTK's tools look at.</summary>
    public static byte[] Instance(string sopClass, string sopInstance) =>
        [.. Element(0x00080016, "UI", sopClass), .. Element(0x00080018, "UI", sopInstance), .. Element(0x00100010, "PN", "Made^Up"), .. Element(0x00100020, "LO", "P1"),
            .. Element(0x0020000D, "UI", "1.2.3"), .. Element(0x0020000E, "UI", "1.2.3.1")];

    public static async Task<byte[]> ReadAllAsync(PipeReader body, CancellationToken cancellationToken)
    {
        var bytes = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken);
            foreach (var memory in read.Buffer) bytes.Write(memory.Span);
            body.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return bytes.WrittenSpan.ToArray();
        }
    }

    public static PipeReader Body(byte[] bytes) => PipeReader.Create(new ReadOnlySequence<byte>(bytes));
}
