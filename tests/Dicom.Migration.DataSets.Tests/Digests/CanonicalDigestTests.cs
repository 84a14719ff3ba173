using System.Security.Cryptography;

namespace Dicom.Migration.DataSets.Tests;

public sealed class CanonicalDigestTests
{
    private static string D2(byte[] dataSet, TransferSyntax? syntax = null, int piece = int.MaxValue)
    {
        using var digest = new CanonicalDigest(DataSetReaderTests.Dictionary);
        return Convert.ToHexString(digest.InPieces(dataSet, syntax ?? TransferSyntax.ExplicitVrLittleEndian, piece));
    }

    [Fact]
    public void Is_the_same_in_every_encoding_and_however_it_is_cut()
    {
        var expected = D2(DataSetReaderTests.Everything(new Bytes()).ToArray());
        (byte[], TransferSyntax)[] same =
        [
            (DataSetReaderTests.Everything(new Bytes()).ToArray(), TransferSyntax.ExplicitVrLittleEndian),
            (DataSetReaderTests.Everything(new Bytes(true, true)).ToArray(), TransferSyntax.ExplicitVrBigEndian),
            (DataSetReaderTests.Everything(new Bytes(false)).ToArray(), TransferSyntax.ImplicitVrLittleEndian),
        ];
        foreach (var (bytes, syntax) in same)
            for (var piece = 1; piece < 30; piece++) Assert.Equal(expected, D2(bytes, syntax, piece));
    }

    [Fact]
    public void Is_the_sha_256_of_the_canonical_encoding()
    {
        var dataSet = new Bytes(true, true).Header(0x00080000, "UL", 4).U32(9).Text(0x00080016, "UI", "1.2\0").Defined(0x00081115, i => i.Text(0x00100020, "LO", "A  "))
            .Header(0x00081140, "SQ", 0).Short(0x00280010, "US", 512).Element(0xFFFCFFFC, "OB", [0, 0]).ToArray();
        var canonical = new Bytes(false).Text(0x00080016, "", "1.2\0").Open(0x00081115, i => i.Text(0x00100020, "", "A "))
            .Header(0x00081140, "", 0).Short(0x00280010, "", 512).ToArray();
        Assert.Equal(Convert.ToHexString(SHA256.HashData(canonical)), D2(dataSet, TransferSyntax.ExplicitVrBigEndian));
    }

    /// <summary>PS3.5 §6.2.2: a private sequence may travel as UN, or in Implicit VR as nothing that can be told.</summary>
    [Fact]
    public void Knows_private_sequences_by_their_bytes()
    {
        Bytes Inner(Bytes b) => b.Text(0x00290010, "LO", "V ").Defined(0x00291010, i => i.Short(0x00291011, "US", 513).Text(0x00100020, "LO", "X ")).Short(0x00291012, "US", 1);
        var expected = D2(new Bytes().Defined(0x00291001, Inner).ToArray());
        Assert.Equal(expected, D2(new Bytes().Open(0x00291001, Inner).ToArray()));
        Assert.Equal(expected, D2(new Bytes(true, true).Defined(0x00291001, Inner).ToArray(), TransferSyntax.ExplicitVrBigEndian));
        var inner = Inner(new Bytes(false)).ToArray();
        var items = new Bytes(false).Item((uint)inner.Length).Raw(inner).ToArray();
        Assert.Equal(expected, D2(new Bytes(false).Element(0x00291001, "", items).ToArray(), TransferSyntax.ImplicitVrLittleEndian));
        Assert.Equal(expected, D2(new Bytes(false).Header(0x00291001, "", Bytes.Undefined).Raw(items).EndSequence().ToArray(), TransferSyntax.ImplicitVrLittleEndian));
        Assert.Equal(expected, D2(new Bytes().Element(0x00291001, "UN", items).ToArray()));
        Assert.Equal(expected, D2(new Bytes().Header(0x00291001, "UN", Bytes.Undefined).Raw(items).EndSequence().ToArray()));
        Assert.NotEqual(expected, D2(new Bytes().Element(0x00291001, "UN", items[..^1]).ToArray()), StringComparer.Ordinal);
    }

    [Fact]
    public void Differs_for_every_byte_that_is_changed_in_a_value()
    {
        var sample = new Bytes().Text(0x00100010, "PN", "A^B").Element(0x00291001, "OB", [1, 2, 3, 4]).Header(0x7FE00010, "OB", Bytes.Undefined)
            .Item(0).Item(4).Raw(1, 2, 3, 4).EndSequence().ToArray();
        var expected = D2(sample);
        foreach (var at in (int[])[8, 9, 10, 23, 24, 25, 26, sample.Length - 12, sample.Length - 9])
        {
            var changed = (byte[])sample.Clone();
            changed[at] ^= 0x01;
            Assert.NotEqual(expected, D2(changed), StringComparer.Ordinal);
        }
        using var digest = new CanonicalDigest(DataSetReaderTests.Dictionary);
        Assert.Throws<InvalidOperationException>(digest.Finish);
    }

    [Fact]
    public void Swaps_long_values_of_big_endian_in_any_pieces()
    {
        var value = RandomNumberGenerator.GetBytes(5_000);
        var swapped = (byte[])value.Clone();
        for (var i = 0; i < swapped.Length; i += 2) (swapped[i], swapped[i + 1]) = (swapped[i + 1], swapped[i]);
        var expected = D2(new Bytes().Element(0x7FE00010, "OW", value).ToArray());
        foreach (var piece in (int[])[1, 13, 1_023, 1_025, 9_999])
            Assert.Equal(expected, D2(new Bytes(true, true).Element(0x7FE00010, "OW", swapped).ToArray(), TransferSyntax.ExplicitVrBigEndian, piece));
    }

    /// <summary>GE's private transfer syntax is Implicit VR Little Endian with pixel data, and nothing else, in Big Endian.</summary>
    [Fact]
    public void Swaps_the_pixel_data_of_the_private_transfer_syntax_that_has_it_in_big_endian()
    {
        static byte[] Image(params byte[] pixels) => new Bytes(false).Short(0x00280010, "", 512).Element(0x7FE00010, "", pixels).ToArray();
        var ge = TransferSyntax.FromUid("1.2.840.113619.5.2");
        Assert.Equal(D2(Image(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), TransferSyntax.ImplicitVrLittleEndian), D2(Image(2, 1, 4, 3, 6, 5, 8, 7, 10, 9), ge, 3));
    }

    [Fact]
    public void Is_the_same_in_pieces_for_real_files()
    {
        using var digest = new CanonicalDigest(CorpusDictionary.Find);
        foreach (var (name, path, _) in Corpus.Files())
        {
            if (!name.StartsWith("part10-odd/", StringComparison.Ordinal) || new FileInfo(path).Length > 200_000) continue;
            try
            {
                var whole = digest.OfFile(path, int.MaxValue);
                Assert.True(whole.AsSpan().SequenceEqual(digest.OfFile(path, 331)), name);
            }
            catch (DicomFormatException e)
            {
                Assert.True(name.Contains("GH179B", StringComparison.Ordinal), $"{name}: {e.Message}");
            }
        }
    }

    [Fact]
    public void Byte_digest_is_sha_256_and_starts_afresh()
    {
        using var digest = new ByteDigest();
        for (var i = 0; i < 2; i++)
        {
            digest.Append([1, 2]);
            digest.Append([3]);
            Assert.Equal(3, digest.Count);
            Assert.Equal(SHA256.HashData([1, 2, 3]), digest.Finish());
        }
    }
}
