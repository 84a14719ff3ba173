using System.IO.Compression;
using System.IO.Pipelines;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence;

/// <summary>Reads a body once and keeps 40 bytes of each element on its top level, whatever the size of its values.</summary>
internal sealed class ContentOutlineReader(DifferenceOptions options) : IDisposable
{
    private static readonly DicomTag OriginalAttributesSequence = new(0x04000561);
    private static readonly DicomTag ModifiedAttributesSequence = new(0x04000550);
    private const int DepthOfModifiedAttributes = 2; // in an item of Original Attributes Sequence
    private const int DepthOfFormerValues = 4; // in an item of Modified Attributes Sequence
    private readonly DataSetReader _reader = new(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf });
    private readonly CanonicalDigest _whole = new(DataElementDictionary.VrOf);
    private readonly ElementCollector _top = new(0, options.MaxElements);
    private readonly ElementCollector _former = new(DepthOfFormerValues, options.MaxElements);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private DicomTag _topTag, _innerTag;

    /// <summary>Reads a body to its end. One that is no whole data set has a digest and no content.</summary>
    public async ValueTask<ContentOutline> ReadAsync(PipeReader body, TransferSyntax syntax, CancellationToken cancellationToken)
    {
        using var bytes = new DigestedBody(body);
        LedgerDigest? content = null;
        try
        {
            if (syntax.IsDeflated)
            {
                using var inflated = new DeflateStream(bytes, CompressionMode.Decompress, leaveOpen: true);
                content = await WalkAsync(inflated, syntax, options.MaxInflatedLength, cancellationToken).ConfigureAwait(false);
            }
            else content = await WalkAsync(bytes, syntax, long.MaxValue, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DicomFormatException or InvalidDataException) { } // no content: that is the finding
        return new ContentOutline(await bytes.FinishAsync(cancellationToken).ConfigureAwait(false), content, _top.Take(), _former.Take());
    }

    public void Dispose()
    {
        _whole.Dispose();
        _top.Dispose();
        _former.Dispose();
    }

    private async ValueTask<LedgerDigest> WalkAsync(Stream stream, TransferSyntax syntax, long limit, CancellationToken cancellationToken)
    {
        _reader.Reset(syntax);
        _whole.Reset(syntax);
        var (start, end, isFinal) = (0, 0, false);
        while (_reader.Token != DataSetToken.End)
        {
            if (_reader.Read(_buffer.AsSpan(start, end - start), isFinal, out var consumed))
            {
                Take(_buffer.AsSpan(start, consumed), syntax);
                start += consumed;
                continue;
            }
            if (_reader.Position > limit) throw new DicomFormatException(new Fault(FaultCode.InflationLimit, null, _reader.Position));
            _buffer.AsSpan(start, end - start).CopyTo(_buffer);
            (start, end) = (0, end - start);
            var count = await stream.ReadAsync(_buffer.AsMemory(end), cancellationToken).ConfigureAwait(false);
            isFinal = count == 0;
            end += count;
        }
        _whole.Append([], isFinal: true);
        return new LedgerDigest(_whole.Finish());
    }

    // A token's bytes come whole, headers above all: so a digest consumes all that it is given.
    private void Take(ReadOnlySpan<byte> bytes, TransferSyntax syntax)
    {
        if (_reader.Token == DataSetToken.End) return;
        if (_reader.Token is DataSetToken.ElementStart or DataSetToken.SequenceStart or DataSetToken.FragmentsStart)
        {
            if (_reader.Depth == 0) _topTag = _reader.Tag;
            if (_reader.Depth == DepthOfModifiedAttributes) _innerTag = _reader.Tag;
        }
        _whole.Append(bytes, isFinal: false);
        _top.Append(_reader, bytes, syntax);
        if (_topTag == OriginalAttributesSequence && _innerTag == ModifiedAttributesSequence) _former.Append(_reader, bytes, syntax);
    }
}
