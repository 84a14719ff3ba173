using System.Buffers;
using System.Diagnostics;
using System.Globalization;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>Random and mutated bytes throw <see cref="DicomFormatException"/> and nothing else; what is read is written as it was.
/// DICOM_MIGRATION_FUZZ=N in the environment asks for N inputs, DICOM_MIGRATION_FUZZ_FROM=M to begin at the M-th; the reader alone: <see cref="ReaderFuzzTests"/>.</summary>
public sealed class FuzzTests
{
    private static readonly long Inputs = Number("DICOM_MIGRATION_FUZZ", 20_000), From = Number("DICOM_MIGRATION_FUZZ_FROM", 0);
    private static readonly TransferSyntax[] Syntaxes = [TransferSyntax.ExplicitVrLittleEndian, TransferSyntax.ExplicitVrBigEndian, TransferSyntax.ImplicitVrLittleEndian];
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20); // for inputs of some KiB; a machine that does much else included
    private static readonly DataSetOptions Options = new() { Dictionary = DataSetReaderTests.Dictionary };
    private static readonly ElementPatch[] Patches = [ElementPatch.Add(new DicomTag(0x0009, 0x0010), DicomVr.LO, "A"u8.ToArray()),
        ElementPatch.Replace(new DicomTag(0x0010, 0x0020), DicomVr.LO, default, [new ItemStep(new DicomTag(0x0008, 0x1115), 0)])];

    private static long Number(string name, long otherwise) => Environment.GetEnvironmentVariable(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    [Fact]
    public void Nothing_but_a_format_fault_comes_of_any_bytes()
    {
        var samples = DataSetReaderTests.Samples().Select(s => s.Data.Item2).ToArray();
        using var digest = new CanonicalDigest(DataSetReaderTests.Dictionary);
        var read = 0L;
        for (var i = From; i < From + Inputs; i++)
        {
            var random = new Random((int)i);
            var bytes = Mutator.Mutate(random, samples);
            var syntax = Syntaxes[random.Next(3)];
            var start = Stopwatch.GetTimestamp();
            // The comparison of cuts costs ten times the rest: of a long run every sixteenth.
            if (Inputs <= 20_000 || i % 16 == 0) Assert.Equal(Trace(bytes, syntax), Trace(bytes, syntax, random.Next(bytes.Length + 1)));
            if (ReadAndWrite(bytes, syntax, Syntaxes[random.Next(3)])) read++;
            Try(() => Part10Prefix.Read(bytes, random.Next(2) == 0));
            Try(() => digest.Of(bytes, syntax));
            Try(() => PatchPlan.Create(bytes, syntax, Patches).Apply(bytes, new ArrayBufferWriter<byte>()));
            Assert.True(Stopwatch.GetElapsedTime(start) < Longest, $"input {i} took {Stopwatch.GetElapsedTime(start)}");
        }
        Assert.True(read > Inputs / 50, $"only {read} of {Inputs} inputs were read to their end: the mutations reach nothing");
    }

    /// <returns>The bytes are a data set.</returns>
    private static bool ReadAndWrite(byte[] bytes, TransferSyntax syntax, TransferSyntax other)
    {
        DataSet? dataSet = null;
        Try(() => dataSet = DataSet.Read(bytes, syntax, Options));
        if (dataSet is null) return false;
        Assert.True(bytes.AsSpan().SequenceEqual(dataSet.ToArray()), Convert.ToHexString(bytes));
        Try(() => dataSet.ToArray(other));
        dataSet.Set(new DicomTag(0x0010, 0x0020), "X");
        dataSet.Remove(new DicomTag(0x0008, 0x1115));
        var changed = dataSet.ToArray();
        Assert.True(changed.AsSpan().SequenceEqual(DataSet.Read(changed, syntax, Options).ToArray()), Convert.ToHexString(bytes));
        return true;
    }

    private static void Try(Action action)
    {
        try { action(); }
        catch (DicomFormatException) { }
    }

    private static (int, Fault?) Trace(byte[] bytes, TransferSyntax syntax, params int[] cuts)
    {
        try { return (ReaderTrace.Of(bytes, syntax, DataSetReaderTests.Dictionary, cuts).Count, null); }
        catch (DicomFormatException e) { return (0, e.Fault); }
    }
}
