using BenchmarkDotNet.Attributes;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Benchmarks;

/// <summary>Walking all elements of a data set, against the floor: one pass over its header's bytes. Unit: one data set.</summary>
[MemoryDiagnoser] // Allocated must say "-": a reader that allocates per element is a bug
public class DataSetReaderBenchmarks
{
    private readonly Sample _sample = new();
    private readonly DataSetReader _reader = new();

    [Benchmark(Baseline = true)]
    public int Floor() => _sample.Bytes.AsSpan(0, _sample.Bytes.Length - (512 * 1024)).Count((byte)0xFF);

    [Benchmark]
    public long ReadElements()
    {
        _reader.Reset(_sample.Syntax, 0, _sample.Bytes.Length);
        var at = 0L;
        while (_reader.Token != DataSetToken.End)
        {
            _reader.Read(_sample.Bytes.AsSpan((int)at), isFinal: true, out var consumed);
            at += consumed;
            if (_reader.Token == DataSetToken.ElementStart) at += _reader.SkipValue();
        }
        return _reader.ElementCount;
    }
}
