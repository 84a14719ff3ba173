using System.Buffers;

namespace Dicom.Migration.DataSets;

/// <content>Reading and writing whole data sets.</content>
public sealed partial class DataSet
{
    // A deflated data set can be deflated in many ways: the one it came in is kept, and what it inflates to.
    private ReadOnlyMemory<byte> _deflated, _inflated;

    /// <summary>Reads an encoded data set.</summary>
    /// <param name="bytes">The data set without file meta information. Not copied, where it is not deflated: values are parts of it.</param>
    /// <param name="syntax">Its encoding.</param>
    /// <param name="options">Limits and dictionary, or <see langword="null"/> for the defaults.</param>
    /// <exception cref="DicomFormatException">It is malformed or beyond a limit.</exception>
    public static DataSet Read(ReadOnlyMemory<byte> bytes, TransferSyntax syntax, DataSetOptions? options = null) => Read(bytes, syntax, options, 0);

    private static DataSet Read(ReadOnlyMemory<byte> bytes, TransferSyntax syntax, DataSetOptions? options, int offset)
    {
        ArgumentNullException.ThrowIfNull(syntax);
        options ??= new DataSetOptions();
        if (!syntax.IsDeflated) return new DataSetBuilder(bytes, syntax, options).Build(offset);
        var inflated = DataSetDeflate.Inflate(bytes, options.MaxLength);
        var dataSet = new DataSetBuilder(inflated, syntax, options).Build(0);
        (dataSet._deflated, dataSet._inflated) = (bytes, inflated);
        return dataSet;
    }

    /// <summary>Writes the data set without file meta information.</summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="syntax">The encoding, or <see langword="null"/> for <see cref="TransferSyntax"/>.</param>
    /// <exception cref="DicomFormatException">Its pixel data would have to be decoded or compressed, or a length does not fit its
    /// field (<see cref="FaultCode.NotTranscodable"/>).</exception>
    public void WriteTo(IBufferWriter<byte> output, TransferSyntax? syntax = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        syntax ??= TransferSyntax;
        var encoder = new DataSetEncoder(this, syntax);
        if (!syntax.IsDeflated)
        {
            encoder.Write(output);
            return;
        }
        var plain = new ArrayBufferWriter<byte>(Math.Max(_inflated.Length, 4_096));
        encoder.Write(plain);
        if (syntax == TransferSyntax && !_deflated.IsEmpty && plain.WrittenSpan.SequenceEqual(_inflated.Span)) output.Write(_deflated.Span);
        else DataSetDeflate.Deflate(plain.WrittenSpan, output);
    }

    /// <summary>The data set encoded, without file meta information.</summary>
    /// <param name="syntax">The encoding, or <see langword="null"/> for <see cref="TransferSyntax"/>.</param>
    /// <exception cref="DicomFormatException">As of <see cref="WriteTo"/>.</exception>
    public byte[] ToArray(TransferSyntax? syntax = null)
    {
        var output = new ArrayBufferWriter<byte>();
        WriteTo(output, syntax);
        return output.WrittenSpan.ToArray();
    }
}
