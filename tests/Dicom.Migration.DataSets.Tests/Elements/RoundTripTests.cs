using System.Buffers;
using Dicom.Migration.Testing;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>What is read and not changed is written as the same bytes.</summary>
public sealed class RoundTripTests
{
    // Nothing but what no reader of this package reads: the faults are those of damaged files.
    private static byte[]? Written(ReadOnlyMemory<byte> file, out FaultCode fault)
    {
        fault = FaultCode.None;
        try
        {
            var output = new ArrayBufferWriter<byte>();
            DataSet.ReadFile(file).WriteFileTo(output);
            return output.WrittenSpan.ToArray();
        }
        catch (DicomFormatException e)
        {
            fault = e.Fault.Code;
            return null;
        }
    }

    private static (int Same, List<string> Different) Check(IEnumerable<string> paths)
    {
        var same = 0;
        var different = new List<string>();
        foreach (var path in paths)
        {
            var bytes = File.ReadAllBytes(path);
            var written = Written(bytes, out var fault);
            if (written is null) Assert.True(IsReadableByNoReader(path, out var alone) && alone == fault, $"{path}: {fault}, but the reader says {alone}");
            else if (written.AsSpan().SequenceEqual(bytes)) same++;
            else different.Add(path);
        }
        return (same, different);
    }

    /// <summary>The token reader alone, without a model, says why a file is not read.</summary>
    private static bool IsReadableByNoReader(string path, out FaultCode fault)
    {
        using var handle = File.OpenHandle(path);
        using var reader = new Part10FileReader(new DataSetReaderOptions { ImplicitVr = DataElementDictionary.VrOf });
        fault = FaultCode.None;
        try
        {
            reader.Open(handle);
            while (reader.Read()) reader.SkipValue();
            return false;
        }
        catch (DicomFormatException e)
        {
            fault = e.Fault.Code;
            return true;
        }
    }

    [Fact]
    public void Every_readable_file_of_the_repository_is_written_as_it_was_read()
    {
        var (same, different) = Check(Corpus.InRepository());
        Assert.Empty(different);
        Assert.True(same > 60, $"only {same} files were compared");
    }

    [Fact]
    public void Every_readable_file_beside_the_repository_is_written_as_it_was_read()
    {
        Assert.SkipUnless(Corpus.Shared is not null, "The corpus is not beside the repository.");
        var (same, different) = Check(Directory.EnumerateFiles(Path.Join(Corpus.Shared, "corpus"), "*", SearchOption.AllDirectories));
        Assert.Empty(different);
        Assert.True(same > 400, $"only {same} files were compared");
    }

    [Fact]
    public void Ten_thousand_made_up_instances_are_written_as_they_were_read()
    {
        foreach (var instance in MadeUpInstances.Create(seed: 2, count: 10_000))
            Assert.True(Written(instance.Bytes, out _).AsSpan().SequenceEqual(instance.Bytes.Span), instance.Name);
    }

    [Fact]
    public void What_should_be_zero_and_is_not_stays()
    {
        // Reserved bytes 12 34; delimiters with a length, which some writers leave in; an item of defined length in a sequence of undefined.
        var sample = new Bytes().Raw(8, 0, 0x15, 0x11, (byte)'S', (byte)'Q', 0x12, 0x34).U32(Bytes.Undefined).Item().Raw(0xFE, 0xFF, 0x0D, 0xE0, 7, 0, 0, 0)
            .Item(0).Raw(0xFE, 0xFF, 0xDD, 0xE0, 9, 0, 0, 0).Element(0x00291001, "OB", [1, 2, 3]).Text(0x00100020, "LO", "odd").ToArray();
        Assert.Equal(sample, DataSet.Read(sample, TransferSyntax.ExplicitVrLittleEndian).ToArray());
        byte[] big = [.. new Bytes(true, true).Header(0x00291020, "UN", Bytes.Undefined).ToArray(), .. new Bytes(false).Item().EndItem().Raw(0xFE, 0xFF, 0xDD, 0xE0, 5, 0, 0, 0).ToArray(),
            .. new Bytes(true, true).Raw(0, 0x29, 0x10, 0x30, (byte)'S', (byte)'Q', 0x12, 0x34).U32(8).Item(0).ToArray()];
        Assert.Equal(big, DataSet.Read(big, TransferSyntax.ExplicitVrBigEndian).ToArray());
    }
}
