using System.Globalization;
using System.Text;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Mutated and random JSON throws <see cref="DicomFormatException"/> and nothing else; what is read is written, and read as the
/// same. DICOM_MIGRATION_FUZZ=N in the environment asks for N inputs.</summary>
public sealed class DicomJsonFuzzTests
{
    private static readonly long Inputs = long.Parse(Environment.GetEnvironmentVariable("DICOM_MIGRATION_FUZZ") ?? "20000", CultureInfo.InvariantCulture);

    private static readonly byte[][] Samples = Array.ConvertAll([
        """{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎"},null]},"00100020":{"vr":"LO"}}""",
        """{"00081115":{"vr":"SQ","Value":[{"0020000D":{"vr":"UI","Value":["1.2.3"]},"00081199":{"vr":"SQ","Value":[{},{"00280010":{"vr":"US","Value":[512]}}]}}]},"00280011":{"Value":[1,2],"vr":"US"}}""",
        """{"00281201":{"vr":"OW","InlineBinary":"AAEC/w=="},"7FE00010":{"vr":"OW","BulkDataURI":"http://a/b?c"},"00200032":{"vr":"DS","Value":[1.5,-2e-3,"+1",null]},"00200013":{"vr":"IS","Value":[1]}}""",
        """{"00281300":{"vr":"UV","Value":["18446744073709551615",1]},"00281301":{"vr":"SV","Value":[-1]},"00189601":{"vr":"FD","Value":[1.25,"NaN"]},"00720052":{"vr":"FL","Value":[1e-45,"-Infinity"]},"00280009":{"vr":"AT","Value":["00181063"]}}""",
        """[{"00080018":{"vr":"UI","Value":["1.2"]}},{"00081190":{"vr":"UR","Value":["http://a/b"]},"00321000":{"vr":"UT","Value":["a\\b\r\n\u00e9"]}}]""",
    ], Encoding.UTF8.GetBytes);

    // Tokens that make sense somewhere, so that mutants stay JSON often enough.
    private static readonly byte[][] Pieces = Array.ConvertAll(["{", "}", "[", "]", ",", ":", "null", "1e400", "-0", "\"\"", "\"vr\"", "\"Value\"", "\"SQ\"", "\"UN\"", "\"PN\"", "\"US\"", "\"00080005\"",
        "\"InlineBinary\"", "\"\\uD800\"", "\"\\\\\"", "=", "\\", "\"", "0", "9", "\u00FF", "true", " "], Encoding.UTF8.GetBytes);

    private static byte[] Mutate(Random random)
    {
        var bytes = new List<byte>(Samples[random.Next(Samples.Length)]);
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            var at = random.Next(bytes.Count + 1);
            var count = Math.Min(random.Next(12), bytes.Count - at);
            switch (random.Next(5))
            {
                case 0: bytes.InsertRange(at, Pieces[random.Next(Pieces.Length)]); break;
                case 1: bytes.RemoveRange(at, count); break;
                case 2: bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, count)); break;
                case 3 when at < bytes.Count: bytes[at] = (byte)random.Next(256); break;
                default: bytes.RemoveRange(at, random.Next(8) == 0 ? bytes.Count - at : 0); break;
            }
        }
        return [.. bytes];
    }

    [Fact]
    public async Task Nothing_but_a_format_fault_comes_of_any_json()
    {
        var options = new DicomJsonReaderOptions { MaxElements = 50, MaxDepth = 4, BulkData = static b => new DataElement(b.Tag, b.Vr, default) };
        var read = 0;
        for (var i = 0L; i < Inputs; i++)
        {
            var random = new Random((int)i);
            var json = Mutate(random);
            DataSet dataSet;
            try
            {
                dataSet = DicomJsonReader.Read(json, options);
            }
            catch (DicomFormatException e)
            {
                Assert.InRange(e.Fault.Offset ?? 0, 0, json.Length);
                await ReadAll(json, random, options);
                continue;
            }
            Assert.Equal((1, null), await ReadAll(json, random, options));
            read++;
            var isReadable = true; // text of an item that stands before the item's (0008,0005) is not
            var first = JsonOf.DataSet(dataSet, new DicomJsonWriterOptions { OnFinding = f => isReadable &= f.Kind != DicomJsonFindingKind.MalformedText });
            if (isReadable) Assert.Equal(Encoding.UTF8.GetString(first), Encoding.UTF8.GetString(JsonOf.DataSet(DicomJsonReader.Read(first))));
        }
        Assert.True(read > Inputs / 50, $"{read} of {Inputs} were read");
    }

    private static async Task<(int, FaultCode?)> ReadAll(byte[] json, Random random, DicomJsonReaderOptions options)
    {
        var count = 0;
        try
        {
            await foreach (var _ in DicomJsonReader.ReadAllAsync(new CutStream(json, random), options)) count++;
            return (count, null);
        }
        catch (DicomFormatException e)
        {
            return (count, e.Fault.Code);
        }
    }

    private sealed class CutStream(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, random.Next(1, 400))], cancellationToken);
    }
}
