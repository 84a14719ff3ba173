using System.IO.Compression;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine;

/// <summary>Walks a whole data set without its values: is it closed and complete, and which instance is it?</summary>
internal sealed class InstanceScanner
{
    // PS3.5 §A.5 sets no limit; 200 times is beyond what text and pixels reach, far below what a bomb needs (reliability of the reader, not of the archive).
    private const int MaxInflationRatio = 200;
    private const long InflationGrace = 1 << 20;
    private const ushort BulkDataGroup = 0x7FE0;
    private readonly DataSetReader _reader = new();
    private readonly byte[] _buffer = new byte[16 * 1024];

    /// <summary>What was seen of the object looked at last, as far as it could be read.</summary>
    public InstanceIdentity Seen { get; private set; } = new();

    /// <summary>Reads from the start of an encoded data set to its end.</summary>
    /// <exception cref="DicomFormatException">It is damaged; the fault says where.</exception>
    public InstanceIdentity Scan(SpooledObject spooled, TransferSyntax syntax)
    {
        using var stream = spooled.OpenStream();
        if (!syntax.IsDeflated) return Scan(stream, syntax, spooled.Length, seekable: true, inflationLimit: long.MaxValue);
        using var inflated = new DeflateStream(stream, CompressionMode.Decompress, leaveOpen: true);
        try
        {
            return Scan(inflated, syntax, length: null, seekable: false, Math.Max(InflationGrace, spooled.Length * MaxInflationRatio));
        }
        catch (InvalidDataException e)
        {
            throw new DicomFormatException(new Fault(FaultCode.MalformedDeflate, null, _reader.Position), e);
        }
    }

    private InstanceIdentity Scan(Stream stream, TransferSyntax syntax, long? length, bool seekable, long inflationLimit)
    {
        _reader.Reset(syntax, 0, length);
        var identity = Seen = new InstanceIdentity();
        var (start, end, isFinal) = (0, 0, false);
        while (_reader.Token != DataSetToken.End)
        {
            if (!_reader.Read(_buffer.AsSpan(start, end - start), isFinal, out var consumed))
            {
                _buffer.AsSpan(start, end - start).CopyTo(_buffer);
                (start, end) = (0, end - start);
                var read = stream.Read(_buffer, end, _buffer.Length - end);
                if (read == 0) isFinal = true;
                end += read;
                continue;
            }
            if (identity.HeaderLength < 0 && _reader.Depth == 0 && _reader.Tag.Group >= BulkDataGroup
                && _reader.Token is DataSetToken.ElementStart or DataSetToken.FragmentsStart or DataSetToken.SequenceStart) identity.HeaderLength = _reader.HeaderOffset;
            if (_reader.Token == DataSetToken.Value) identity.Take(_reader.Tag, _reader.Depth, _buffer.AsSpan(start, consumed));
            start += consumed;
            if (_reader.Position > inflationLimit) throw new DicomFormatException(new Fault(FaultCode.InflationLimit, null, _reader.Position));
            if (seekable && _reader.ValueRemaining > end - start)
            {
                stream.Position += _reader.SkipValue() - (end - start);
                (start, end) = (0, 0);
            }
        }
        if (identity.HeaderLength < 0) identity.HeaderLength = _reader.Position;
        return identity;
    }
}
