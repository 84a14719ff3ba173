namespace Dicom.Migration.DataSets.Tests.CharacterSets;

/// <summary>PS3.3 §C.12.1.1.2, PS3.5 §6.1; the longer names are the examples of PS3.5 Annexes H to K.</summary>
public sealed class SpecificCharacterSetTests
{
    /// <summary>Terms, bytes in hexadecimal, text. Each reads and writes back to the same bytes.</summary>
    public static TheoryData<string, string, string> Texts => new()
    {
        { "", "41 42", "AB" },
        { "ISO_IR 100", "4D FC 6C 6C 65 72", "Müller" },
        { "ISO_IR 101", "57 61 B3 EA 73 61", "Wałęsa" },
        { "ISO_IR 109", "C5 65 6E 73 75", "Ċensu" },
        { "ISO_IR 110", "C5 BE BB", "Åžģ" }, // Latin 4: C5 Å, BE ž, BB ģ
        { "ISO_IR 148", "D0 FD DE", "ĞıŞ" },
        { "ISO_IR 203", "BC 75 76 72 E9 20 A4", "Œuvré €" },
        { "ISO_IR 144", "BB EE DA 63 65 DC D1 79 70 D3", "Люкceмбypг" },
        { "ISO_IR 127", "E2 C8 C7 E6 EA", "\u0642\u0628\u0627\u0646\u064A" },
        { "ISO_IR 126", "C4 E9 EF ED F5 F3 E9 EF F2", "Διονυσιος" },
        { "ISO_IR 138", "F9 F8 E5 EF", "שרון" },
        { "ISO_IR 166", "CA C1 AA D2 C2", "สมชาย" },
        { "ISO_IR 13", "D4 CF C0 DE 5E C0 DB B3", "ﾔﾏﾀﾞ^ﾀﾛｳ" },
        { "\\ISO 2022 IR 87", "59 61 6D 61 64 61 5E 54 61 72 6F 75 3D 1B 24 42 3B 33 45 44 1B 28 42 5E 1B 24 42 42 40 4F 3A 1B 28 42", "Yamada^Tarou=山田^太郎" },
        { "ISO 2022 IR 13\\ISO 2022 IR 87", "D4 CF C0 DE 5E C0 DB B3 3D 1B 24 42 3B 33 45 44 1B 28 4A 5E 1B 24 42 42 40 4F 3A 1B 28 4A", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎" },
        { "\\ISO 2022 IR 159", "1B 24 28 44 30 21 1B 28 42", "丂" },
        { "\\ISO 2022 IR 149", "48 6F 6E 67 3D 1B 24 29 43 FB F3 5E 1B 24 29 43 D1 CE D4 D7", "Hong=洪^吉洞" },
        { "\\ISO 2022 IR 58", "3D 1B 24 29 41 D5 C5 5E 1B 24 29 41 D0 A1 B6 AB", "=张^小东" },
        { "ISO 2022 IR 100\\ISO 2022 IR 126\\ISO 2022 IR 144", "47 72 F6 5E 1B 2D 46 CD DF 1B 2D 41 5E 1B 2D 4C B8 D2 1B 2D 41", "Grö^Νί^Ив" },
        { "ISO_IR 192", "57 3D E7 8E 8B F0 A0 AE B7", "W=王𠮷" },
        { "GB18030", "CD F5 81 39 EE 39", "王㐀" },
        { "GBK", "D5 5C", "誠" }, // second byte 5C
        { "ISO 2022 IR 87", "1B 24 42 3B 33 1B 28 42", "山" }, // needs an escape although it is the first term
    };

    [Theory, MemberData(nameof(Texts))]
    public void Reads_and_writes_back_each_set(string terms, string hex, string text)
    {
        var (set, bytes) = (SpecificCharacterSet.FromTerms(terms.Split('\\')), Hex(hex));
        Assert.Equal(new DecodedText(text, TextProblems.None), set.Decode(bytes, DicomVr.PN));
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(set.Encode(text, DicomVr.PN)));
        Assert.Empty(set.Findings);
    }

    [Theory]
    [InlineData("ISO-IR 100", CharacterSetFindingKind.MisspeltTerm, 0)]
    [InlineData("ISO_IR_100", CharacterSetFindingKind.MisspeltTerm, 0)]
    [InlineData("iso_ir 100", CharacterSetFindingKind.MisspeltTerm, 0)]
    [InlineData("ISO 8859-1", CharacterSetFindingKind.MisspeltTerm, 0)]
    [InlineData("\\ISO2022 IR 100", CharacterSetFindingKind.MisspeltTerm, 1)]
    [InlineData("UTF-8", CharacterSetFindingKind.MisspeltTerm, 0)]
    [InlineData("ISO_IR 999", CharacterSetFindingKind.UnknownTerm, 0)]
    [InlineData("\u00C4\u0001", CharacterSetFindingKind.UnknownTerm, 0)]
    [InlineData("ISO_IR 100\\ISO 2022 IR 87", CharacterSetFindingKind.TermWithoutCodeExtensions, 0)]
    [InlineData("ISO_IR 87", CharacterSetFindingKind.TermWithoutCodeExtensions, 0)]
    [InlineData("\\ISO_IR 192", CharacterSetFindingKind.StandAloneTermAmongOthers, 1)]
    public void A_wrong_term_is_a_finding(string terms, CharacterSetFindingKind kind, int index) =>
        Assert.Equal([new CharacterSetFinding(kind, index)], SpecificCharacterSet.Parse(System.Text.Encoding.Latin1.GetBytes(terms)).Findings);

    [Fact]
    public void A_misspelt_term_is_read_as_what_is_meant() =>
        Assert.Equal("Ñ", SpecificCharacterSet.Parse("ISO-IR 100 "u8).Decode([0xD1], DicomVr.LO).Text);

    [Theory]
    [InlineData("", "4D FC", "M\uFFFD", TextProblems.MalformedBytes)] // Latin 1 undeclared
    [InlineData("ISO_IR 192", "41 FF 42", "A\uFFFDB", TextProblems.MalformedBytes)]
    [InlineData("ISO_IR 192", "EF BF BD", "\uFFFD", TextProblems.None)] // U+FFFD itself
    [InlineData("GBK", "41 FF", "A\uFFFD", TextProblems.MalformedBytes)]
    [InlineData("ISO_IR 109", "A5", "\uFFFD", TextProblems.MalformedBytes)] // a hole in Latin 3
    [InlineData("\\ISO 2022 IR 87", "1B 24 42 3B 33", "\u5C71", TextProblems.NotReset)]
    [InlineData("\\ISO 2022 IR 87", "1B 24 42 3B", "\uFFFD", TextProblems.MalformedBytes | TextProblems.NotReset)]
    [InlineData("\\ISO 2022 IR 87", "1B 25 47 41", "\uFFFD%GA", TextProblems.UnknownEscape)]
    [InlineData("", "1B 24 42 3B 33 1B 28 42", "\u5C71", TextProblems.UndeclaredEscape)]
    [InlineData("ISO_IR 13", "83 5C 41", "\u30BDA", TextProblems.ShiftJis)] // second byte 5C
    public void Says_what_is_wrong_with_bytes_and_reads_on(string terms, string hex, string text, TextProblems problems) =>
        Assert.Equal(new DecodedText(text, problems), SpecificCharacterSet.FromTerms(terms.Split('\\')).Decode(Hex(hex), DicomVr.LO));

    [Theory]
    [InlineData("GBK", "D5 5C 5C 41", 2)]
    [InlineData("GB18030", "81 5C 5C 83 5C", 2)]
    [InlineData("ISO_IR 13", "83 5C 5C 41", 2)]
    [InlineData("ISO_IR 13", "B1 5C B2", 2)] // one byte 5C is the delimiter (PS3.5 §6.2), though JIS X 0201 shows a yen sign
    [InlineData("\\ISO 2022 IR 87", "1B 24 42 5C 5C 1B 28 42 5C 41", 2)]
    [InlineData("", "", 0)]
    public void A_5C_inside_a_character_parts_no_values(string terms, string hex, int count)
    {
        var values = SpecificCharacterSet.FromTerms(terms.Split('\\')).DecodeValues(Hex(hex), DicomVr.LO, out _);
        Assert.Equal(count, values.Length);
        Assert.All(values, value => Assert.DoesNotContain("\\", value, StringComparison.Ordinal));
    }

    [Fact]
    public void A_5C_in_a_text_of_one_value_is_a_yen_sign_in_ISO_IR_13()
    {
        var set = SpecificCharacterSet.FromTerms("ISO_IR 13");
        Assert.Equal("A\u00A5B \u203E", set.Decode("A\\B ~"u8, DicomVr.LT).Text);
        Assert.Equal("A\\B ~"u8.ToArray(), set.Encode("A\u00A5B \u203E", DicomVr.LT));
        Assert.False(set.TryEncode("A\u00A5B", DicomVr.LO, out _)); // would be read as two values
    }

    [Theory]
    [InlineData("\\ISO 2022 IR 149", "1B 24 29 43 FB F3 0D 0A FB F3", "洪\r\n\uFFFD\uFFFD", "LT")]
    [InlineData("\\ISO 2022 IR 149", "1B 24 29 43 FB F3 5E FB F3", "洪^洪", "LO")] // ^ parts names alone
    [InlineData("\\ISO 2022 IR 149", "1B 24 29 43 FB F3 5E FB F3", "洪^\uFFFD\uFFFD", "PN")]
    [InlineData("\\ISO 2022 IR 149", "1B 24 29 43 FB F3 5C FB F3", "洪\\洪", "LT")] // one value
    public void The_first_set_is_in_force_again_after_a_delimiter(string terms, string hex, string text, string vr) =>
        Assert.Equal(text, SpecificCharacterSet.FromTerms(terms.Split('\\')).Decode(Hex(hex), new DicomVr((ushort)((vr[0] << 8) | vr[1]))).Text);

    [Theory]
    [InlineData("", "ü")]
    [InlineData("ISO_IR 100", "Ω")]
    [InlineData("ISO_IR 144", "\u001B")]
    [InlineData("GBK", "\U00020BB7")]
    [InlineData("\\ISO 2022 IR 87", "①")] // a vendor's addition to JIS X 0208
    public void Does_not_write_what_the_sets_lack(string terms, string text)
    {
        var set = SpecificCharacterSet.FromTerms(terms.Split('\\'));
        Assert.False(set.TryEncode(text, DicomVr.LO, out _));
        Assert.Equal(FaultCode.TextNotEncodable, Assert.Throws<DicomFormatException>(() => set.Encode(text, DicomVr.LO)).Fault.Code);
    }

    [Fact]
    public void Does_not_write_half_a_surrogate_pair() => Assert.False(SpecificCharacterSet.Utf8.TryEncode("A" + '\uD800', DicomVr.LO, out _));

    [Fact]
    public void A_code_string_is_in_the_default_repertoire_whatever_is_declared() =>
        Assert.Equal(new DecodedText("\uFFFD", TextProblems.MalformedBytes), SpecificCharacterSet.FromTerms("ISO_IR 100").Decode([0xFC], DicomVr.CS));

    private static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
