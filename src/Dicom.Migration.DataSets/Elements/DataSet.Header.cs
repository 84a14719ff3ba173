using System.Buffers;
using System.IO.Compression;

namespace Dicom.Migration.DataSets;

/// <content>Reading all but pixel data.</content>
public sealed partial class DataSet
{
    private const ushort PixelData = 0x7FE0;
    private const long MostInflated = 16L << 30;

    /// <summary>Reads an encoded data set without group 7FE0 on its top level: pixel data and its offset tables are passed over, as long as they may be.</summary>
    /// <param name="stream">Stands on the first byte of the data set, file meta information excluded; read to its end. Stays the caller's.</param>
    /// <param name="syntax">Its encoding.</param>
    /// <param name="options">Limits, of what is held, and dictionary; <see langword="null"/> for the defaults. A deflated data set unpacks to 16 GiB at most.</param>
    /// <exception cref="DicomFormatException">It is malformed or beyond a limit.</exception>
    public static DataSet ReadHeader(Stream stream, TransferSyntax syntax, DataSetOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(syntax);
        options ??= new DataSetOptions();
        var header = new ArrayBufferWriter<byte>();
        if (!syntax.IsDeflated) CopyHeader(stream, syntax, options, long.MaxValue, header);
        else
        {
            using var inflated = new DeflateStream(stream, CompressionMode.Decompress, leaveOpen: true);
            try { CopyHeader(inflated, syntax, options, MostInflated, header); }
            catch (InvalidDataException e) { throw new DicomFormatException(new Fault(FaultCode.MalformedDeflate), e); }
        }
        return Read(header.WrittenMemory, syntax.IsDeflated ? TransferSyntax.ExplicitVrLittleEndian : syntax, options);
    }

    private static void CopyHeader(Stream stream, TransferSyntax syntax, DataSetOptions options, long limit, ArrayBufferWriter<byte> header)
    {
        var reader = new DataSetReader(new DataSetReaderOptions { MaxDepth = options.MaxDepth });
        reader.Reset(syntax);
        var (buffer, start, end, isFinal, isLeftOut) = (new byte[64 * 1024], 0, 0, false, false);
        while (reader.Token != DataSetToken.End)
        {
            if (reader.Read(buffer.AsSpan(start, end - start), isFinal, out var consumed))
            {
                if (reader is { Depth: 0, Token: DataSetToken.ElementStart or DataSetToken.SequenceStart or DataSetToken.FragmentsStart }) isLeftOut = reader.Tag.Group == PixelData;
                if (!isLeftOut) header.Write(buffer.AsSpan(start, consumed));
                if (header.WrittenCount > options.MaxLength) throw new DicomFormatException(new Fault(FaultCode.DataSetTooLong));
                start += consumed;
                continue;
            }
            if (reader.Position > limit) throw new DicomFormatException(new Fault(FaultCode.InflationLimit, null, reader.Position));
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            (start, end) = (0, end - start);
            var read = stream.Read(buffer.AsSpan(end));
            (end, isFinal) = (end + read, read == 0);
        }
    }
}
