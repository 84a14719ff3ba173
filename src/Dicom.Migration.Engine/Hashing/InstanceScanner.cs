using System.IO.Compression;
using System.Text;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Engine;

/// <summary>Walks a whole data set without its values: is it closed and complete, and which instance is it?</summary>
internal sealed class InstanceScanner
{
    // PS3.5 §A.5 sets no limit; 200 times is beyond what text and pixels reach, far below what a bomb needs (reliability of the reader, not of the archive).
    private const int MaxInflationRatio = 200;
    private const long InflationGrace = 1 << 20;
    private readonly DataSetReader _reader = new();
    private readonly byte[] _buffer = new byte[16 * 1024];

    /// <summary>Reads from the start of an encoded data set to its end.</summary>
    /// <exception cref="DicomFormatException">It is damaged; the fault says where.</exception>
    public InstanceIdentity Scan(SpooledObject spooled, TransferSyntax syntax)
    {
        var stream = spooled.OpenRead();
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
        var identity = new InstanceIdentity();
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
            if (_reader.Token == DataSetToken.Value) identity.Take(_reader.Tag, _reader.Depth, _buffer.AsSpan(start, consumed));
            start += consumed;
            if (_reader.Position > inflationLimit) throw new DicomFormatException(new Fault(FaultCode.InflationLimit, null, _reader.Position));
            if (seekable && _reader.ValueRemaining > end - start)
            {
                stream.Position += _reader.SkipValue() - (end - start);
                (start, end) = (0, 0);
            }
        }
        return identity;
    }
}

/// <summary>The four UIDs that say which instance a data set is (PS3.3 §C.7.2.1, §C.7.3.1, §C.12.1).</summary>
internal sealed class InstanceIdentity
{
    private readonly byte[] _bytes = new byte[4 * (DicomUid.MaxLength + 1)];
    private readonly int[] _lengths = new int[4];

    public string SopClassUid => Text(0);
    public string SopInstanceUid => Text(1);
    public string StudyInstanceUid => Text(2);
    public string SeriesInstanceUid => Text(3);

    /// <summary>Keeps a piece of one of the four values; what is longer than a UID may be is kept one byte too long, and so fails the grammar.</summary>
    public void Take(DicomTag tag, int depth, ReadOnlySpan<byte> piece)
    {
        var slot = (depth, tag.Value) switch { (0, 0x00080016) => 0, (0, 0x00080018) => 1, (0, 0x0020000D) => 2, (0, 0x0020000E) => 3, _ => -1 };
        if (slot < 0) return;
        var room = _bytes.AsSpan((slot * (DicomUid.MaxLength + 1)) + _lengths[slot], DicomUid.MaxLength + 1 - _lengths[slot]);
        piece = piece[..Math.Min(piece.Length, room.Length)];
        piece.CopyTo(room);
        _lengths[slot] += piece.Length;
    }

    /// <summary>The fault of an identity that cannot be filed under, or <see langword="null"/>.</summary>
    public Fault? Check()
    {
        // Study and series may be missing: hanging protocols, palettes and other instances outside a patient's study have none.
        if (SopClassUid.Length == 0) return new Fault(FaultCode.MissingIdentity, new DicomTag(0x00080016));
        return SopInstanceUid.Length == 0 ? new Fault(FaultCode.MissingIdentity, new DicomTag(0x00080018)) : null;
    }

    private string Text(int slot) => Encoding.Latin1.GetString(_bytes, slot * (DicomUid.MaxLength + 1), _lengths[slot]).TrimEnd('\0', ' ');
}
