using System.Text;
using Dicom.Migration.FileSystem.Media;
using FsCheck;
using FsCheck.Xunit;

namespace Dicom.Migration.FileSystem.Tests;

/// <summary>Each name has one key, and the key gives its bytes back.</summary>
public class EntryNameTests
{
    private static byte[]? Decode(string key)
    {
        var name = new byte[EntryName.MaxBytes + 1];
        return EntryName.TryDecode(key, name, out var length) ? name[..length] : null;
    }

    [Theory]
    [InlineData("IM000001", "IM000001")]
    [InlineData("M\u00FCller", "Müller")]
    [InlineData("50%25", "50%")]
    [InlineData("%2541", "%41")]
    [InlineData("\U0001F9B4", "🦴")]
    public void A_name_in_utf8_is_its_own_key_but_for_the_escape_character(string key, string name) => Assert.Equal((key, name), (EntryName.Key(Encoding.UTF8.GetBytes(name)), Encoding.UTF8.GetString(Decode(key)!)));

    [Fact]
    public void Each_byte_that_is_not_utf8_is_escaped_by_itself()
    {
        Assert.Equal("M%FCller", EntryName.Key(Encoding.Latin1.GetBytes("Müller")));
        Assert.Equal("ü%C3", EntryName.Key([0xC3, 0xBC, 0xC3]));
        Assert.Equal("%ED%A0%80", EntryName.Key([0xED, 0xA0, 0x80])); // a surrogate is no part of UTF-8
        Assert.Equal("%C0%AF", EntryName.Key([0xC0, 0xAF])); // a slash, spelt too long
    }

    [Property(MaxTest = 500)]
    public bool Every_name_comes_back_from_its_key(NonNull<byte[]> some)
    {
        byte[] name = [.. some.Get.Where(static b => b is not (0 or (byte)'/'))];
        return name is [] or [(byte)'.'] or [(byte)'.', (byte)'.'] || (Decode(EntryName.Key(name)) is { } again && again.AsSpan().SequenceEqual(name));
    }

    [Fact]
    public void Every_pair_of_bytes_has_a_key_of_its_own()
    {
        var keys = Enumerable.Range(0, 65_536).Select(static i => EntryName.Key([(byte)(i >> 8), (byte)i])).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(65_536, keys.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("%2E%2E")]
    [InlineData("%2E.")]
    [InlineData("..%2Fetc")]
    [InlineData("a%00")]
    [InlineData("a\0b")]
    [InlineData("a/b")]
    [InlineData("%")]
    [InlineData("%4")]
    [InlineData("% 4")]
    [InlineData("%+4")]
    [InlineData("%GG")]
    public void A_key_that_could_lead_elsewhere_or_is_none_names_nothing(string key) => Assert.Null(Decode(key));

    [Fact]
    public void Half_a_character_names_nothing() => Assert.Null(Decode("a\uD83E"));

    [Fact]
    public void A_name_longer_than_any_file_system_has_names_nothing()
    {
        Assert.NotNull(Decode(new string('a', EntryName.MaxBytes)));
        Assert.Null(Decode(new string('a', EntryName.MaxBytes + 1)));
        Assert.Null(Decode(new string('ü', (EntryName.MaxBytes / 2) + 1)));
        Assert.Null(Decode(new string('a', EntryName.MaxBytes) + "%FC"));
    }
}
