namespace Dicom.Migration.DataSets.Tests;

/// <summary>One token as a test compares it; pieces of one value are joined.</summary>
internal readonly record struct Traced(DataSetToken Token, DicomTag Tag, string Vr, long Length, long Header, long Value, int Depth, string Bytes);

internal static class ReaderTrace
{
    /// <summary>Reads in the pieces that end at the given offsets, each piece a buffer of its own with what was not consumed before it.</summary>
    internal static List<Traced> Of(ReadOnlySpan<byte> bytes, TransferSyntax syntax, Func<DicomTag, DicomVr>? dictionary, params ReadOnlySpan<int> cuts)
    {
        var reader = new DataSetReader(new DataSetReaderOptions { ImplicitVr = dictionary });
        reader.Reset(syntax);
        var seen = new List<Traced>();
        var from = 0;
        for (var i = 0; i <= cuts.Length; i++)
        {
            var to = i < cuts.Length ? cuts[i] : bytes.Length;
            while (reader.Read(bytes[from..to].ToArray(), i == cuts.Length, out var consumed))
            {
                Add(seen, reader, bytes.Slice(from, consumed));
                from += consumed;
                Assert.Equal(from, reader.Position);
            }
        }
        return seen;
    }

    private static void Add(List<Traced> seen, DataSetReader reader, ReadOnlySpan<byte> consumed)
    {
        if (reader.Token == DataSetToken.Value)
        {
            seen[^1] = seen[^1] with { Bytes = seen[^1].Bytes + Convert.ToHexString(consumed) };
            return;
        }
        seen.Add(new Traced(reader.Token, reader.Tag, reader.Vr.Code == 0 ? "" : reader.Vr.ToString(), reader.Length, reader.HeaderOffset, reader.ValueOffset, reader.Depth, ""));
    }
}
