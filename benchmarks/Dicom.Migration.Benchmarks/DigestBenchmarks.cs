using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Benchmarks;

/// <summary>D1 and D2 of a data set with 512 KiB of pixel data, against the floor: SHA-256 of the same bytes. Unit: one data set.</summary>
[MemoryDiagnoser]
public class DigestBenchmarks : IDisposable
{
    private readonly Sample _sample = new();
    private readonly ByteDigest _byteDigest = new();
    private readonly CanonicalDigest _canonicalDigest = new(DataElementDictionary.VrOf);

    [Benchmark(Baseline = true)]
    public byte[] Sha256() => SHA256.HashData(_sample.Bytes);

    [Benchmark]
    public byte[] D1()
    {
        _byteDigest.Append(_sample.Bytes);
        return _byteDigest.Finish();
    }

    [Benchmark]
    public byte[] D2() => _canonicalDigest.Of(_sample.Bytes, _sample.Syntax);

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _byteDigest.Dispose();
        _canonicalDigest.Dispose();
    }
}
