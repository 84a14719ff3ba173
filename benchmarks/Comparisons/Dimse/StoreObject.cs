using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Dicom.Migration.DataSets;
using Dicom.Migration.Dimse;
using Dicom.Migration.Testing;

namespace Comparisons.Dimse;

/// <summary>An object to store: made up, of no patient.</summary>
/// <param name="SopClassUid">SOP class.</param> <param name="SopInstanceUid">SOP instance.</param> <param name="StudyInstanceUid">Its study.</param>
/// <param name="File">The Part 10 file.</param> <param name="Offset">Where the data set begins in it, in bytes.</param>
internal sealed record StoreObject(string SopClassUid, string SopInstanceUid, string StudyInstanceUid, ReadOnlyMemory<byte> File, int Offset)
{
    private const int StudySize = 100;

    /// <summary>The encoded data set, in Explicit VR Little Endian.</summary>
    public ReadOnlyMemory<byte> DataSet => File[Offset..];

    /// <summary>Makes so many: "ct", 526 KB each, or "report", 10 KB; a hundred in a study.</summary>
    public static StoreObject[] Make(string size, int count)
    {
        var random = new Random(1);
        var pixels = new byte[524_288];
        random.NextBytes(pixels);
        var text = string.Concat(Enumerable.Range(0, 1_000).Select(static i => string.Create(CultureInfo.InvariantCulture, $"{i:D4} made up ")));
        var objects = new StoreObject[count];
        for (var i = 0; i < count; i++)
        {
            var isCt = size == "ct";
            var made = MadeUpInstances.Create(1, new MadeUpRecipe(isCt ? MadeUpKind.CtImage : MadeUpKind.StructuredReport) { Study = i / StudySize }, i);
            var dataSet = Dicom.Migration.DataSets.DataSet.ReadFile(made.Bytes);
            if (isCt)
            {
                BinaryPrimitives.WriteInt32LittleEndian(pixels, i); // no two alike
                dataSet.Set(DataElement.Integers(new DicomTag(0x00280010), DicomVr.US, 512));
                dataSet.Set(DataElement.Integers(new DicomTag(0x00280011), DicomVr.US, 512));
                dataSet.Set(new DataElement(new DicomTag(0x7FE00010), DicomVr.OW, pixels.ToArray()));
            }
            else
            {
                var length = Math.Max(0, 10_000 - made.Bytes.Length);
                dataSet.Set(DataElement.Text(new DicomTag(0x0040A160), DicomVr.UT, [text[..length]]));
            }

            var output = new ArrayBufferWriter<byte>();
            dataSet.WriteFileTo(output);
            objects[i] = Read(output.WrittenMemory.ToArray());
        }

        return objects;
    }

    /// <summary>Writes them, and gives the folder.</summary>
    public static async Task<string> WriteAsync(string folder, IEnumerable<StoreObject> objects, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var i = 0;
        foreach (var item in objects)
        {
            await using var file = System.IO.File.Create(Path.Join(folder, string.Create(CultureInfo.InvariantCulture, $"{i++:D5}.dcm")));
            await file.WriteAsync(item.File, cancellationToken);
        }

        return folder;
    }

    /// <summary>What is known of a file.</summary>
    public static StoreObject Read(ReadOnlyMemory<byte> file)
    {
        var prefix = Part10Prefix.Read(file.Span, isFinal: true) ?? throw new InvalidDataException("No Part 10 file.");
        var (sopClass, sopInstance) = prefix.ReadClaims();
        var study = Dicom.Migration.DataSets.DataSet.ReadFile(file).GetString(new DicomTag(0x0020000D));
        return new StoreObject(sopClass!, sopInstance!, study!, file, prefix.Length);
    }

    /// <summary>Order does not matter, but each object, and each byte of it, does.</summary>
    public static ulong Sum(IEnumerable<StoreObject> objects) => objects.Aggregate(0UL, static (sum, o) => sum + Fold(SHA256.HashData(o.DataSet.Span)));

    /// <summary>The part of a digest that is summed up.</summary>
    public static ulong Fold(ReadOnlySpan<byte> digest) => BinaryPrimitives.ReadUInt64LittleEndian(digest);

    /// <summary>As it is given to C-STORE: out of memory.</summary>
    public PipeReader Open() => PipeReader.Create(new ReadOnlySequence<byte>(DataSet));

    /// <summary>One context for each SOP class.</summary>
    public static IReadOnlyList<ContextProposal> Contexts(IEnumerable<StoreObject> objects) =>
        [.. objects.Select(static o => o.SopClassUid).Distinct().Select(static c => new ContextProposal(c, [TransferSyntax.ExplicitVrLittleEndian.Uid]))];
}
