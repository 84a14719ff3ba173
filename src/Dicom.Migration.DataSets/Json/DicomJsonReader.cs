using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Dicom.Migration.DataSets;

/// <summary>Reads DICOM JSON Model objects (PS3.18 Annex F) into data sets, encoded as asked.</summary>
/// <remarks>JSON is UTF-8 whatever its Specific Character Set (0008,0005) says. Attributes may stand in any order, and "vr" behind
/// "Value"; twice the same name is malformed. Names beside "vr", "Value", "InlineBinary" and "BulkDataURI" are passed over. Group lengths and
/// group 0002 are left out, which is a finding. Nothing but <see cref="DicomFormatException"/> comes of the JSON, whatever it is;
/// offsets in faults are those of bytes of JSON.</remarks>
public static class DicomJsonReader
{
    private const int FirstBuffer = 16_384;

    /// <summary>Reads one object.</summary>
    /// <param name="json">It, in UTF-8, with or without a byte order mark; only white space may follow.</param>
    /// <param name="options">Encoding and limits, or <see langword="null"/> for the defaults.</param>
    /// <exception cref="DicomFormatException">It is malformed (<see cref="FaultCode.MalformedJson"/>, <see cref="FaultCode.MalformedValue"/>),
    /// beyond a limit, or holds text that the character set does not (<see cref="FaultCode.TextNotEncodable"/>).</exception>
    public static DataSet Read(ReadOnlySpan<byte> json, DicomJsonReaderOptions? options = null)
    {
        options = Checked(options);
        var mark = json.StartsWith("\uFEFF"u8) ? 3 : 0;
        return Read(json[mark..], options, mark, mayBeFollowed: false);
    }

    /// <summary>Reads the objects of an array, as a server answers a query, one after the other; or one object alone.</summary>
    /// <param name="json">UTF-8; read no further than to the end of the next object, or a little more. Stays open.</param>
    /// <param name="options">Encoding and limits; <see cref="DicomJsonReaderOptions.MaxLength"/> is of one object.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="DicomFormatException">As of <see cref="Read(ReadOnlySpan{byte}, DicomJsonReaderOptions)"/>. What came before stands.</exception>
    public static IAsyncEnumerable<DataSet> ReadAllAsync(Stream json, DicomJsonReaderOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(json);
        return ReadAll(json, Checked(options), cancellationToken);
    }

    private static async IAsyncEnumerable<DataSet> ReadAll(Stream json, DicomJsonReaderOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        try
        {
            var objects = new JsonObjects(options.MaxLength);
            var (count, isFinal) = (0, false);
            while (true)
            {
                if (objects.TryTake(buffer.AsSpan(0, count), isFinal, out var start, out var length))
                {
                    if (length == 0) yield break;
                    yield return Read(buffer.AsSpan(start, length), options, objects.Offset + start, mayBeFollowed: true);
                    continue;
                }
                count -= objects.Discard(buffer.AsSpan(0, count));
                if (count == buffer.Length) buffer = Grown(buffer, count);
                var read = await json.ReadAsync(buffer.AsMemory(count), cancellationToken).ConfigureAwait(false);
                (count, isFinal) = (count + read, read == 0);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true); // patient data
        }
    }

    private static byte[] Grown(byte[] buffer, int count)
    {
        var larger = ArrayPool<byte>.Shared.Rent(checked(buffer.Length * 2));
        buffer.AsSpan(0, count).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        return larger;
    }

    private static DataSet Read(ReadOnlySpan<byte> json, DicomJsonReaderOptions options, long offset, bool mayBeFollowed)
    {
        if (json.Length > options.MaxLength) throw new DicomFormatException(new Fault(FaultCode.DataSetTooLong));
        // An attribute and its array are levels of JSON too; one level more is for what is passed over.
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = (3 * options.MaxDepth) + 4 });
        var builder = new JsonDataSetBuilder(options, offset);
        try
        {
            var dataSet = builder.Build(ref reader);
            if (!mayBeFollowed && reader.Read()) throw builder.Malformed(ref reader);
            return dataSet;
        }
        catch (JsonException) // its message shows what it saw
        {
            throw builder.Malformed(ref reader);
        }
    }

    private static DicomJsonReaderOptions Checked(DicomJsonReaderOptions? options)
    {
        options ??= new DicomJsonReaderOptions();
        ArgumentNullException.ThrowIfNull(options.TransferSyntax, nameof(options));
        ArgumentNullException.ThrowIfNull(options.CharacterSet, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxLength, 2, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxLength, 1_000_000_000, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxDepth, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxElements, 1, nameof(options));
        return options;
    }
}
