using System.Buffers;
using System.IO.Compression;

namespace Dicom.Migration.DataSets;

/// <summary>Deflates and inflates whole data sets (PS3.5 §A.5).</summary>
internal static class DataSetDeflate
{
    /// <exception cref="DicomFormatException">Damaged, or longer than the limit.</exception>
    internal static ReadOnlyMemory<byte> Inflate(ReadOnlyMemory<byte> deflated, int maxLength)
    {
        using var source = new MemoryStream(deflated.ToArray());
        using var inflater = new Inflater(source, 0);
        var inflated = new ArrayBufferWriter<byte>(Math.Max(deflated.Length, 4_096));
        while (inflater.Read(inflated.GetSpan(4_096)) is var read and > 0)
        {
            inflated.Advance(read);
            if (inflated.WrittenCount > maxLength) throw new DicomFormatException(new Fault(FaultCode.DataSetTooLong));
        }
        return inflated.WrittenMemory;
    }

    internal static void Deflate(ReadOnlySpan<byte> dataSet, IBufferWriter<byte> output)
    {
        using var stream = new BufferWriterStream(output);
        using (var deflate = new DeflateStream(stream, CompressionLevel.Optimal, leaveOpen: true)) deflate.Write(dataSet);
        if ((stream.Position & 1) != 0) stream.WriteByte(0); // PS3.5 §A.5: padded to even length
    }
}
