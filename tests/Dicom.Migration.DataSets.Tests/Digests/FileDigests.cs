using System.IO.Compression;

namespace Dicom.Migration.DataSets.Tests;

internal static class FileDigests
{
    internal static byte[] OfFile(this CanonicalDigest digest, string path, int piece)
    {
        var file = File.ReadAllBytes(path);
        var prefix = Part10Prefix.Read(file, true)!;
        var dataSet = file[prefix.Length..];
        if (prefix.TransferSyntax.IsDeflated)
        {
            using var inflated = new MemoryStream();
            using (var inflate = new DeflateStream(new MemoryStream(dataSet), CompressionMode.Decompress)) inflate.CopyTo(inflated);
            dataSet = inflated.ToArray();
        }
        digest.Reset(prefix.TransferSyntax);
        for (int from = 0, to = 0; ;)
        {
            to = (int)Math.Min((long)to + piece, dataSet.Length);
            from += digest.Append(dataSet.AsSpan(from, to - from), to == dataSet.Length);
            if (to == dataSet.Length) return digest.Finish();
        }
    }
}
