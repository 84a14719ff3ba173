using System.Buffers.Binary;
using FsCheck.Xunit;

namespace Dicom.Migration.DataSets.Tests.Values;

/// <summary>PS3.5 §6.2 and §7.3.</summary>
public sealed class DicomValueTests
{
    private static readonly DicomVr[] AllVrs =
    [
        DicomVr.AE, DicomVr.AS, DicomVr.AT, DicomVr.CS, DicomVr.DA, DicomVr.DS, DicomVr.DT, DicomVr.FD, DicomVr.FL, DicomVr.IS, DicomVr.LO, DicomVr.LT,
        DicomVr.OB, DicomVr.OD, DicomVr.OF, DicomVr.OL, DicomVr.OV, DicomVr.OW, DicomVr.PN, DicomVr.SH, DicomVr.SL, DicomVr.SQ, DicomVr.SS, DicomVr.ST,
        DicomVr.SV, DicomVr.TM, DicomVr.UC, DicomVr.UI, DicomVr.UL, DicomVr.UN, DicomVr.UR, DicomVr.US, DicomVr.UT, DicomVr.UV, default,
    ];

    [Fact]
    public void Values_of_text_are_parted_and_trimmed()
    {
        Assert.Equal(["ORIGINAL", "PRIMARY", ""], Value(DicomVr.CS, "ORIGINAL\\ PRIMARY\\ ").GetStrings());
        Assert.Equal(["  a\\b"], Value(DicomVr.LT, "  a\\b ").GetStrings());
        Assert.Equal(["1.2.3"], Value(DicomVr.UI, "1.2.3\0").GetStrings());
        Assert.Empty(Value(DicomVr.LO, "").GetStrings());
        Assert.Equal([3, 1, 0], [Value(DicomVr.CS, "A\\B\\C").Count, Value(DicomVr.LT, "A\\B").Count, Value(DicomVr.CS, "").Count]);
    }

    [Fact]
    public void A_name_has_groups_and_components()
    {
        var name = Assert.Single(Value(DicomVr.PN, "Yamada^Tarou^M^Dr^Jr=a^b=c").GetPersonNames());
        Assert.Equal(new PersonNameGroup("Yamada", "Tarou", "M", "Dr", "Jr"), name.Alphabetic);
        Assert.Equal(("a", "b", "c", ""), (name.Ideographic.Family, name.Ideographic.Given, name.Phonetic.Family, name.Phonetic.Given));
        Assert.Equal("a^b^c^d^e^f=g=h=i", PersonName.Parse("a^b^c^d^e^f=g=h=i").Text);
        Assert.DoesNotContain("Yamada", name.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("US", "FEFF", false, 0xFFFEL)]
    [InlineData("US", "FEFF", true, 0xFEFFL)]
    [InlineData("SS", "FEFF", false, -2L)]
    [InlineData("UL", "FFFFFFFF", false, 0xFFFFFFFFL)]
    [InlineData("SL", "FFFFFFFE", true, -2L)]
    [InlineData("SV", "FEFFFFFFFFFFFFFF", false, -2L)]
    [InlineData("UV", "0000000000000102", true, 258L)]
    [InlineData("IS", "202D3720", false, -7L)] // " -7 "
    [InlineData("IS", "2B37", false, 7L)] // "+7"
    public void Reads_whole_numbers_in_both_byte_orders(string vr, string hex, bool bigEndian, long expected)
    {
        var value = new DicomValue(Vr(vr), Convert.FromHexString(hex), bigEndian);
        Assert.True(value.TryGetInt64(out var number));
        Assert.Equal(expected, number);
        Assert.True(value.TryGetDouble(out var real));
        Assert.Equal(expected, real);
        Assert.Equal(expected >= 0, value.TryGetUInt64(out _));
        Assert.False(value.TryGetInt64(out _, 1));
        Assert.False(value.TryGetInt64(out _, -1));
    }

    [Fact]
    public void A_large_UV_is_no_long()
    {
        var value = new DicomValue(DicomVr.UV, Convert.FromHexString("FFFFFFFFFFFFFFFF"));
        Assert.False(value.TryGetInt64(out _));
        Assert.True(value.TryGetUInt64(out var number));
        Assert.Equal(ulong.MaxValue, number);
    }

    [Theory]
    [InlineData("FL", "0000C03F", 1.5)]
    [InlineData("FD", "000000000000F83F", 1.5)]
    [InlineData("DS", "312E35653020", 1.5)] // "1.5e0 "
    public void Reads_real_numbers(string vr, string hex, double expected)
    {
        Assert.True(new DicomValue(Vr(vr), Convert.FromHexString(hex)).TryGetDouble(out var number));
        Assert.Equal(expected, number);
    }

    [Theory]
    [InlineData("IS", "1.5")]
    [InlineData("IS", "99999999999999999999")]
    [InlineData("DS", "1,5")]
    [InlineData("DS", "NaN")]
    [InlineData("LO", "1")]
    [InlineData("US", "1")]
    public void Refuses_what_is_no_number_and_keeps_its_text(string vr, string text)
    {
        Assert.False(Value(Vr(vr), text).TryGetInt64(out _));
        Assert.False(Value(Vr(vr), text).TryGetDouble(out _));
        if (Vr(vr).IsText) Assert.Equal([text], Value(Vr(vr), text).GetStrings());
    }

    [Fact]
    public void A_tag_is_two_numbers_in_the_byte_order_of_the_data_set()
    {
        byte[] little = [0xE0, 0x7F, 0x10, 0x00], big = [0x7F, 0xE0, 0x00, 0x10]; // (7FE0,0010)
        Assert.True(new DicomValue(DicomVr.AT, little).TryGetTag(out var one));
        Assert.True(new DicomValue(DicomVr.AT, big, isBigEndian: true).TryGetTag(out var other));
        Assert.Equal([new DicomTag(0x7FE00010), new DicomTag(0x7FE00010)], [one, other]);
        Assert.Equal(1, new DicomValue(DicomVr.AT, little).Count);
    }

    [Theory]
    [InlineData("20240229", 2024, 2, 29)]
    [InlineData("1999.12.31", 1999, 12, 31)]
    public void Reads_dates(string text, int year, int month, int day)
    {
        Assert.True(Value(DicomVr.DA, text).TryGetDate(out var date));
        Assert.Equal(new DateOnly(year, month, day), date);
    }

    [Theory]
    [InlineData("07", 0)]
    [InlineData("0709", 540)]
    [InlineData("070907", 547)]
    [InlineData("070907.0705 ", 547.0705)]
    [InlineData("07:09:07", 547)]
    [InlineData("07:09:07.123456", 547.123456)]
    public void Reads_times(string text, double secondsAfterSeven)
    {
        Assert.True(Value(DicomVr.TM, text).TryGetTime(out var time));
        Assert.Equal(secondsAfterSeven, (time - new TimeOnly(7, 0)).TotalSeconds, 6);
    }

    [Theory]
    [InlineData("2024", DateTimePrecision.Year, null)]
    [InlineData("202402", DateTimePrecision.Month, null)]
    [InlineData("20240229", DateTimePrecision.Day, null)]
    [InlineData("2024022907", DateTimePrecision.Hour, null)]
    [InlineData("202402290709-0330", DateTimePrecision.Minute, -210)]
    [InlineData("20240229070907.5+0100", DateTimePrecision.Fraction, 60)]
    [InlineData("2024+1400", DateTimePrecision.Year, 840)]
    public void Reads_as_much_of_a_date_and_time_as_is_given(string text, DateTimePrecision precision, int? offset)
    {
        Assert.True(Value(DicomVr.DT, text).TryGetDateTime(out var value));
        Assert.Equal((precision, offset), (value.Precision, (int?)value.Offset?.TotalMinutes));
        Assert.Equal(2024, value.Local.Year);
    }

    [Theory]
    [InlineData("DA", "20230229")]
    [InlineData("DA", "20240101-20240201")]
    [InlineData("TM", "24")]
    [InlineData("TM", "070960")]
    [InlineData("TM", "7")]
    [InlineData("TM", "070907.1234567")]
    [InlineData("TM", "07:09:07.12345678901")]
    [InlineData("DT", "0000")]
    [InlineData("DT", "202413")]
    [InlineData("DT", "2024+9999")]
    [InlineData("DT", "2024022")]
    [InlineData("DT", "20240229070907.")]
    public void Refuses_what_is_no_date_or_time(string vr, string text)
    {
        var value = Value(Vr(vr), text);
        Assert.False(value.TryGetDate(out _) || value.TryGetTime(out _) || value.TryGetDateTime(out _));
    }

    [Fact]
    public void Reads_a_uid_that_is_valid()
    {
        Assert.True(Value(DicomVr.UI, "1.2.840\0").TryGetUid(out var uid));
        Assert.Equal("1.2.840", uid);
        Assert.False(Value(DicomVr.UI, "1..2").TryGetUid(out _));
    }

    [Property(MaxTest = 300)]
    public void Nothing_throws_whatever_the_bytes(byte[] bytes, bool bigEndian, int index)
    {
        foreach (var vr in AllVrs)
        {
            var value = new DicomValue(vr, bytes, bigEndian, SpecificCharacterSet.Utf8);
            Assert.True(value.Count >= 0);
            foreach (var i in new[] { index, 0, value.Count - 1, int.MaxValue, int.MinValue })
                _ = value.TryGetString(out _, i) | value.TryGetInt64(out _, i) | value.TryGetUInt64(out _, i) | value.TryGetDouble(out _, i)
                    | value.TryGetTag(out _, i) | value.TryGetDate(out _, i) | value.TryGetTime(out _, i) | value.TryGetDateTime(out _, i) | value.TryGetUid(out _, i);
            Assert.NotNull(value.GetPersonNames());
        }
    }

    /// <summary>Text of digits and separators gets past the first check of dates and times more often than random bytes do.</summary>
    [Property(MaxTest = 500)]
    public void Nothing_throws_whatever_the_digits(byte[] picks)
    {
        var text = string.Concat(picks.Select(pick => "0123456789012345678901234567.:+-\\"[pick % 32]));
        foreach (var vr in new[] { DicomVr.DA, DicomVr.TM, DicomVr.DT, DicomVr.IS, DicomVr.DS })
            _ = Value(vr, text).TryGetDate(out _) | Value(vr, text).TryGetTime(out _) | Value(vr, text).TryGetDateTime(out _) | Value(vr, text).TryGetDouble(out _);
    }

    [Property(MaxTest = 200)]
    public void A_number_is_read_as_it_was_written_in_either_order(long[] numbers, bool bigEndian)
    {
        var bytes = new byte[numbers.Length * 8];
        for (var i = 0; i < numbers.Length; i++)
            if (bigEndian) BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(i * 8), numbers[i]);
            else BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * 8), numbers[i]);
        var value = new DicomValue(DicomVr.SV, bytes, bigEndian);
        Assert.Equal(numbers, Enumerable.Range(0, value.Count).Select(i => value.TryGetInt64(out var number, i) ? number : 0));
    }

    private static DicomVr Vr(string letters) => new((ushort)((letters[0] << 8) | letters[1]));
    private static DicomValue Value(DicomVr vr, string text) => new(vr, System.Text.Encoding.ASCII.GetBytes(text));
}
