using System.IO.Compression;

namespace Dicom.Migration.DataSets.Tests;

internal static class FileDigests
{
    /// <summary>The data set of a file, inflated, and the encoding of these bytes.</summary>
    internal static (byte[] DataSet, TransferSyntax Syntax) DataSetOf(string path)
    {
        var file = File.ReadAllBytes(path);
        var prefix = Part10Prefix.Read(file, true)!;
        var dataSet = file[prefix.Length..];
        if (!prefix.TransferSyntax.IsDeflated) return (dataSet, prefix.TransferSyntax);
        using var inflated = new MemoryStream();
        using (var inflate = new DeflateStream(new MemoryStream(dataSet), CompressionMode.Decompress)) inflate.CopyTo(inflated);
        return (inflated.ToArray(), prefix.TransferSyntax);
    }

    internal static byte[] OfFile(this CanonicalDigest digest, string path, int piece)
    {
        var (dataSet, syntax) = DataSetOf(path);
        return digest.InPieces(dataSet, syntax, piece);
    }

    internal static byte[] InPieces(this CanonicalDigest digest, ReadOnlySpan<byte> dataSet, TransferSyntax syntax, int piece)
    {
        digest.Reset(syntax);
        for (int from = 0, to = 0; ;)
        {
            to = (int)Math.Min((long)to + piece, dataSet.Length);
            from += digest.Append(dataSet[from..to], to == dataSet.Length);
            if (to == dataSet.Length) return digest.Finish();
        }
    }
}
