using System.IO.Compression;
using System.Security.Cryptography;
using Dicom.Migration.DataSets;

namespace Dicom.Migration.EndToEnd.Tests.Peers;

/// <summary>One file's object as the reader of data sets sees it, without the engine: UID, encoding, and digests of its bytes (D1) and of its content (D2).</summary>
/// <param name="Path">The file.</param>
/// <param name="SopInstanceUid">(0008,0018).</param>
/// <param name="Syntax">The encoding that it is in.</param>
/// <param name="Bytes">SHA-256 of the encoded data set.</param>
/// <param name="Content">The canonical digest; <see langword="null"/> where it cannot be read to its end.</param>
internal sealed record StoredObject(string Path, string SopInstanceUid, TransferSyntax Syntax, string Bytes, string? Content)
{
    private static readonly DicomTag SopInstance = new(0x0008, 0x0018);

    /// <summary>Whether this is the other one byte for byte (D1).</summary>
    public bool Is(StoredObject other) => SopInstanceUid == other.SopInstanceUid && Syntax == other.Syntax && Bytes == other.Bytes;

    /// <summary>Whether this has the content of the other one (D2) in the same transfer syntax.</summary>
    public bool HasContentOf(StoredObject other) => SopInstanceUid == other.SopInstanceUid && Syntax == other.Syntax && Content is not null && Content == other.Content;

    /// <summary>Whether this has the content of the other one (D2), and no compression was added or taken away.</summary>
    public bool HasContentInOtherSyntaxOf(StoredObject other) =>
        SopInstanceUid == other.SopInstanceUid && Content is not null && Content == other.Content && !Syntax.IsEncapsulated && !other.Syntax.IsEncapsulated;

    /// <summary>Reads a file, and what a GZIP file holds; <see langword="null"/> for what is no object with a UID.</summary>
    public static StoredObject? Read(string path)
    {
        var file = File.ReadAllBytes(path);
        if (file.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])) file = Unpack(new GZipStream(new MemoryStream(file), CompressionMode.Decompress));
        try
        {
            var prefix = Part10Prefix.Read(file, isFinal: true)!;
            var (body, syntax) = (file.AsMemory(prefix.Length), prefix.TransferSyntax);
            var bytes = Convert.ToHexStringLower(SHA256.HashData(body.Span));
            var (plain, encoding) = syntax.IsDeflated ? (Unpack(new DeflateStream(new MemoryStream(body.ToArray()), CompressionMode.Decompress)), TransferSyntax.ExplicitVrLittleEndian) : (body, syntax);
            var uid = DataSet.Read(plain, encoding).GetString(SopInstance);
            using var digest = new CanonicalDigest(DataElementDictionary.VrOf);
            return uid is null ? null : new StoredObject(path, uid, syntax, bytes, Convert.ToHexStringLower(digest.Of(plain.Span, encoding)));
        }
        catch (Exception e) when (e is DicomFormatException or InvalidDataException)
        {
            return null; // damaged: it is in the account of the first hop
        }
    }

    private static byte[] Unpack(Stream packed)
    {
        using (packed)
        {
            using var bytes = new MemoryStream();
            packed.CopyTo(bytes);
            return bytes.ToArray();
        }
    }
}
