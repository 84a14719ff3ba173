using System.Security.Cryptography;

namespace Dicom.Migration.DataSets;

/// <summary>SHA-256 over bytes as they pass: D0 of a whole file, D1 of the encoded data set without group 0002.</summary>
/// <remarks>D1 of a deflated data set is taken of the deflated bytes: it is the data set as it is stored or sent.</remarks>
public sealed class ByteDigest : IDisposable
{
    /// <summary>Bytes of a digest.</summary>
    public const int Length = SHA256.HashSizeInBytes;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Bytes digested so far.</summary>
    public long Count { get; private set; }

    /// <summary>Takes the bytes that follow.</summary>
    /// <param name="bytes">Any number.</param>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        Count += bytes.Length;
    }

    /// <summary>Writes the digest and starts afresh.</summary>
    /// <param name="digest">32 bytes or more.</param>
    public void Finish(Span<byte> digest)
    {
        _hash.GetHashAndReset(digest);
        Count = 0;
    }

    /// <summary>The digest; starts afresh.</summary>
    public byte[] Finish()
    {
        var digest = new byte[Length];
        Finish(digest);
        return digest;
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
