using System.Globalization;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Random and mutated bytes throw <see cref="DicomFormatException"/> and nothing else, and give the same at another cut.
/// DICOM_MIGRATION_FUZZ=N in the environment asks for N inputs. Prefix, digest and patches read them too; the reader alone: <see cref="ReaderFuzzTests"/>.</summary>
public sealed class FuzzTests
{
    private static readonly long Inputs = long.Parse(Environment.GetEnvironmentVariable("DICOM_MIGRATION_FUZZ") ?? "20000", CultureInfo.InvariantCulture);
    private static readonly TransferSyntax[] Syntaxes = [TransferSyntax.ExplicitVrLittleEndian, TransferSyntax.ExplicitVrBigEndian, TransferSyntax.ImplicitVrLittleEndian];

    internal static byte[] Mutate(Random random, byte[] sample)
    {
        var bytes = random.Next(8) == 0 ? new byte[random.Next(200)] : sample[..random.Next(sample.Length + 1)];
        if (bytes.Length != 0 && bytes.Length != sample.Length && random.Next(4) == 0) random.NextBytes(bytes);
        for (var i = random.Next(6); i > 0 && bytes.Length > 0; i--)
            bytes[random.Next(bytes.Length)] = random.Next(3) switch { 0 => 0xFF, 1 => 0, _ => (byte)random.Next(256) };
        return bytes;
    }

    [Fact]
    public void Nothing_but_a_format_fault_comes_of_any_bytes()
    {
        var samples = DataSetReaderTests.Samples().Select(s => s.Data.Item2).ToArray();
        using var digest = new CanonicalDigest(DataSetReaderTests.Dictionary);
        ElementPatch[] patches = [ElementPatch.Remove(new DicomTag(0x0028, 0x0010)), ElementPatch.Replace(new DicomTag(0x0010, 0x0020), DicomVr.LO, default, [new ItemStep(new DicomTag(0x0008, 0x1115), 0)])];
        for (var i = 0L; i < Inputs; i++)
        {
            var random = new Random((int)i);
            var bytes = Mutate(random, samples[random.Next(samples.Length)]);
            var syntax = Syntaxes[random.Next(3)];
            var whole = Try(bytes, syntax);
            Assert.Equal(whole, Try(bytes, syntax, random.Next(bytes.Length + 1)));
            try { Part10Prefix.Read(bytes, random.Next(2) == 0); }
            catch (DicomFormatException) { }
            try { digest.Of(bytes, syntax); }
            catch (DicomFormatException) { }
            try { PatchPlan.Create(bytes, syntax, patches); }
            catch (DicomFormatException) { }
        }
    }

    private static (int, Fault?) Try(byte[] bytes, TransferSyntax syntax, params int[] cuts)
    {
        try { return (ReaderTrace.Of(bytes, syntax, DataSetReaderTests.Dictionary, cuts).Count, null); }
        catch (DicomFormatException e) { return (0, e.Fault); }
    }
}
