using System.IO.Compression;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.Dimse;

/// <summary>Writes a data set in another transfer syntax without compression, and proves that nothing is lost.</summary>
internal static class NativeChange
{
    /// <summary>Reads a body to its end.</summary>
    /// <returns><see langword="null"/> if it is longer than the limit.</returns>
    public static async Task<byte[]?> ReadAsync(PipeReader body, int most, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        while (true)
        {
            var read = await body.ReadAsync(cancellationToken).ConfigureAwait(false);
            var isTooLong = bytes.Length + read.Buffer.Length > most;
            if (!isTooLong)
                foreach (var segment in read.Buffer) bytes.Write(segment.Span);
            body.AdvanceTo(read.Buffer.End);
            if (isTooLong) return null;
            if (read.IsCompleted) return bytes.ToArray();
        }
    }

    /// <summary>The same content in another encoding.</summary>
    /// <exception cref="DicomFormatException">It is malformed, or cannot be written so without loss (<see cref="FaultCode.NotTranscodable"/>).</exception>
    public static byte[] Of(byte[] dataSet, TransferSyntax from, TransferSyntax to)
    {
        var content = DataSet.Read(dataSet, from);
        if (to == TransferSyntax.ImplicitVrLittleEndian && from != TransferSyntax.ImplicitVrLittleEndian && Losing(content) is { } lost)
            throw new DicomFormatException(new Fault(FaultCode.NotTranscodable, lost));
        var changed = content.ToArray(to);
        using var digest = new CanonicalDigest(DataElementDictionary.VrOf);
        if (!Digest(digest, dataSet, from).AsSpan().SequenceEqual(Digest(digest, changed, to))) throw new DicomFormatException(new Fault(FaultCode.NotTranscodable));
        return changed;
    }

    /// <summary>SHA-256 of what is sent.</summary>
    public static LedgerDigest DigestOf(byte[] dataSet) => new(SHA256.HashData(dataSet));

    /// <summary>The first element whose VR nobody would know any more: no dictionary has it (PS3.5 §7.8). That of a private creator is LO.</summary>
    private static DicomTag? Losing(DataSet content)
    {
        foreach (var element in content)
        {
            if (element.Tag is { IsPrivate: true, IsPrivateCreator: false, IsGroupLength: false } && element.Vr != DicomVr.UN) return element.Tag;
            foreach (var item in element.Items)
                if (Losing(item) is { } lost) return lost;
        }

        return null;
    }

    private static byte[] Digest(CanonicalDigest digest, byte[] dataSet, TransferSyntax syntax)
    {
        if (!syntax.IsDeflated) return digest.Of(dataSet, syntax);
        using var inflated = new MemoryStream();
        using (var inflating = new DeflateStream(new MemoryStream(dataSet), CompressionMode.Decompress)) inflating.CopyTo(inflated);
        return digest.Of(inflated.ToArray(), TransferSyntax.ExplicitVrLittleEndian);
    }
}
