using System.Security.Cryptography;

namespace Dicom.Migration.DataSets.Tests;

/// <summary>What D2 holds in memory has a limit, and what lies beyond is taken byte for byte.</summary>
public sealed class CanonicalDigestLimitsTests
{
    private static string D2(Bytes dataSet, TransferSyntax? syntax = null, int piece = int.MaxValue)
    {
        using var digest = new CanonicalDigest(DataElementDictionary.VrOf);
        return Convert.ToHexString(digest.InPieces(dataSet.ToArray(), syntax ?? TransferSyntax.ExplicitVrLittleEndian, piece));
    }

    [Fact]
    public void Text_of_one_mebibyte_is_trimmed_and_longer_text_is_taken_as_it_stands()
    {
        static Bytes Text(int letters, int spaces) => new Bytes().Text(0x0040A160, "UT", new string('A', letters) + new string(' ', spaces));
        const int Max = CanonicalDigest.MaxHeldLength;
        Assert.Equal(1_048_576, Max);
        Assert.Equal(D2(Text(Max - 2, 0)), D2(Text(Max - 2, 2)));
        Assert.Equal(D2(Text(Max - 2, 0)), D2(Text(Max - 2, 2), null, 7_919));
        Assert.NotEqual(D2(Text(Max, 0)), D2(Text(Max, 2)), StringComparer.Ordinal);
        Assert.Equal(D2(Text(Max, 2)), D2(Text(Max, 2), null, 7_919));
        Assert.Equal(D2(Text(Max + 1, 1)), D2(Text(Max + 1, 0))); // padded, as an odd value is
    }

    [Fact]
    public void A_private_sequence_is_known_by_its_bytes_up_to_16_mebibytes()
    {
        const int Header = 16; // of the item and of the element in it
        static Bytes Items(Bytes b, int length) => b.Item((uint)length - 8).Element(0x00291002, "", new byte[length - Header]);
        static string AsSequence(int length) => D2(new Bytes(false).Header(0x00291001, "", Bytes.Undefined).Raw(Items(new Bytes(false), length).ToArray()).EndSequence(), TransferSyntax.ImplicitVrLittleEndian);
        static string AsValue(int length) => D2(new Bytes(false).Element(0x00291001, "", Items(new Bytes(false), length).ToArray()), TransferSyntax.ImplicitVrLittleEndian);
        const int Max = CanonicalDigest.MaxHeldSequenceLength;
        Assert.Equal(16_777_216, Max);
        Assert.Equal(AsSequence(Max), AsValue(Max));
        Assert.NotEqual(AsSequence(Max + 2), AsValue(Max + 2), StringComparer.Ordinal);
    }

    /// <summary>What starts as an item and is none is taken byte for byte, however it is cut; so is what differs from an item only in its last byte.</summary>
    [Fact]
    public void A_private_value_that_is_no_item_is_taken_as_it_stands()
    {
        foreach (byte[] value in (byte[][])[[0xFE, 0xFF, 0, 0xE0, 9, 9, 9, 9, 1, 2], [0xFE, 0xFF, 0, 0xE1, 0, 0, 0, 0], [0xFE, 0xFF, 0, 0xE0], [0xFE, 0xFF, 0, 0xE0, 0, 0, 0]])
        {
            var expected = Convert.ToHexString(SHA256.HashData(new Bytes(false).Element(0x00291001, "", [.. value, .. new byte[value.Length % 2]]).ToArray()));
            for (var piece = 1; piece < 30; piece++) Assert.Equal(expected, D2(new Bytes().Element(0x00291001, "OB", value), null, piece));
        }
    }

    [Fact]
    public void Private_sequences_are_known_by_their_bytes_64_deep()
    {
        static Bytes Nested(int levels, bool isExplicit)
        {
            var inner = new Bytes(isExplicit).Element(0x00291002, "UN", [1, 2]);
            for (var i = 0; i < levels; i++) { var item = inner; inner = new Bytes(isExplicit).Defined(0x00291001, b => b.Raw(item.ToArray())); }
            return inner;
        }
        Assert.Equal(D2(Nested(64, true)), D2(Nested(64, false), TransferSyntax.ImplicitVrLittleEndian));
        Assert.Equal(FaultCode.NestingTooDeep, Assert.Throws<DicomFormatException>(() => D2(Nested(65, true))).Fault.Code);
        // In Implicit VR nobody can tell that it is a sequence: what lies deeper is taken as the bytes that it is.
        Assert.NotEqual(D2(Nested(65, false), TransferSyntax.ImplicitVrLittleEndian), D2(Nested(66, false), TransferSyntax.ImplicitVrLittleEndian), StringComparer.Ordinal);
    }
}
