using Dicom.Migration.Engine.Ledger;
using FsCheck;
using FsCheck.Xunit;

namespace Dicom.Migration.Engine.Tests.Ledger;

public sealed class PackedUidTests
{
    [Property(MaxTest = 1_000)]
    public bool Keeps_any_text_as_it_is(NonNull<string> text) => string.Equals(PackedUid.Unpack(PackedUid.Pack(text.Get)), text.Get, StringComparison.Ordinal);

    [Theory]
    [InlineData("", 0)]
    [InlineData("1", 1)]
    [InlineData("1.2", 2)]
    [InlineData("2.25.329800735698586629295641978511506172918", 22)] // 43 characters
    [InlineData("1.2 ", 5)] // padded: kept, not mended
    public void Packs_two_characters_of_a_uid_into_a_byte(string uid, int length)
    {
        var packed = PackedUid.Pack(uid);
        Assert.Equal(length, packed.Length);
        Assert.Equal(uid, PackedUid.Unpack(packed));
    }

    [Fact]
    public void Keeps_half_a_surrogate_pair_which_has_no_utf8()
    {
        var half = new string('\uD800', 1); // not in an attribute: those are UTF-8
        Assert.Equal([0xFE, 0x00, 0xD8], PackedUid.Pack(half));
        Assert.Equal(half, PackedUid.Unpack(PackedUid.Pack(half)));
    }

    [Property(MaxTest = 1_000)]
    public bool Looks_up_by_48_bits(NonNull<string> text) => PackedUid.Key(text.Get) is >= -(1L << 47) and < 1L << 47;
}
