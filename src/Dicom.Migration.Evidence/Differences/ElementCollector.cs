using Dicom.Migration.DataSets;

namespace Dicom.Migration.Evidence;

/// <summary>Digests the elements on one level of a data set, each by itself.</summary>
/// <param name="depth">The level, as <see cref="DataSetReader.Depth"/> counts it.</param>
/// <param name="maxElements">Most elements that are kept.</param>
internal sealed class ElementCollector(int depth, int maxElements) : IDisposable
{
    private static readonly DicomTag LengthToEnd = new(0x00080001);
    private static readonly DicomTag TrailingPadding = new(0xFFFCFFFC);
    private readonly CanonicalDigest _digest = new(DataElementDictionary.VrOf);
    private List<ElementDigest> _elements = [];
    private DicomTag _tag;
    private bool _isOpen;

    /// <summary>Takes the bytes of the token that <paramref name="reader"/> stands on.</summary>
    public void Append(DataSetReader reader, ReadOnlySpan<byte> bytes, TransferSyntax syntax)
    {
        var starts = reader.Depth == depth && reader.Token is (DataSetToken.ElementStart or DataSetToken.SequenceStart or DataSetToken.FragmentsStart);
        if (starts)
        {
            (_tag, _isOpen) = (reader.Tag, true);
            // Inside UN of undefined length the encoding is Implicit VR Little Endian, whatever it is outside (PS3.5 §6.2.2).
            _digest.Reset(reader.IsExplicitVr == syntax.IsExplicitVr ? syntax : TransferSyntax.ImplicitVrLittleEndian);
        }
        if (!_isOpen) return;
        _digest.Append(bytes, isFinal: false);
        var ends = reader.Depth == depth && reader.Token switch
        {
            DataSetToken.ElementStart or DataSetToken.Value => reader.ValueRemaining == 0,
            DataSetToken.SequenceEnd or DataSetToken.FragmentsEnd => true,
            _ => false,
        };
        if (ends) End();
    }

    /// <summary>The elements so far; starts afresh.</summary>
    public IReadOnlyList<ElementDigest> Take()
    {
        var elements = _elements;
        (_elements, _isOpen) = ([], false);
        return elements;
    }

    public void Dispose() => _digest.Dispose();

    private void End()
    {
        _isOpen = false;
        _digest.Append([], isFinal: true);
        var digest = new LedgerDigest(_digest.Finish());
        if (_tag.IsGroupLength || _tag == LengthToEnd || _tag == TrailingPadding) return; // part of the encoding, not of the content
        if (_elements.Count == maxElements) throw new DicomFormatException(new Fault(FaultCode.TooManyElements, _tag));
        _elements.Add(new ElementDigest(_tag, digest));
    }
}
