using System.Buffers;
using BenchmarkDotNet.Attributes;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Benchmarks;

/// <summary>Writing a data set as it was read, patching one element, and changing its encoding, against the floor: a copy of its bytes. Unit: one data set.</summary>
[MemoryDiagnoser]
public class WriterBenchmarks
{
    private readonly Sample _sample = new();
    private readonly ArrayBufferWriter<byte> _output = new(1 << 20);
    private readonly ElementPatch[] _patches = [ElementPatch.Replace(new DicomTag(0x0010, 0x0010), DicomVr.PN, "A^B "u8.ToArray())];

    [Benchmark(Baseline = true)]
    public int Copy()
    {
        _output.ResetWrittenCount();
        _output.Write(_sample.Bytes);
        return _output.WrittenCount;
    }

    [Benchmark]
    public int Write()
    {
        _output.ResetWrittenCount();
        _sample.DataSet.WriteTo(_output);
        return _output.WrittenCount;
    }

    [Benchmark]
    public int Patch()
    {
        _output.ResetWrittenCount();
        PatchPlan.Create(_sample.Bytes, _sample.Syntax, _patches).Apply(_sample.Bytes, _output);
        return _output.WrittenCount;
    }

    [Benchmark]
    public int ToImplicit()
    {
        _output.ResetWrittenCount();
        _sample.DataSet.WriteTo(_output, TransferSyntax.ImplicitVrLittleEndian);
        return _output.WrittenCount;
    }
}
