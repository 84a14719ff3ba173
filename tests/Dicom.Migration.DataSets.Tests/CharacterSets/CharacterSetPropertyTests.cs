using FsCheck.Xunit;

namespace Dicom.Migration.DataSets.Tests.CharacterSets;

public sealed class CharacterSetPropertyTests
{
    private static readonly string[] Terms =
    [
        "", "ISO_IR 100", "ISO_IR 13", "ISO_IR 166", "ISO_IR 192", "GB18030", "GBK", "\\ISO 2022 IR 87\\ISO 2022 IR 159", "\\ISO 2022 IR 149",
        "\\ISO 2022 IR 58", "ISO 2022 IR 13\\ISO 2022 IR 87", "ISO 2022 IR 100\\ISO 2022 IR 126\\ISO 2022 IR 144\\ISO 2022 IR 87\\ISO 2022 IR 149",
    ];

    private static readonly DicomVr[] Vrs = [DicomVr.LO, DicomVr.PN, DicomVr.LT, DicomVr.CS];

    // Characters that the sets share and those that they do not, delimiters, and what no set has.
    private const string Alphabet = "AB~\\^= \r\n\tüñΩνИ山田丂洪吉张东สมﾔﾏ\u00A5\u203E€①𠮷\uFFFD\u0080";

    /// <summary>Random bytes with escapes among them give text, never an exception.</summary>
    [Property(MaxTest = 500)]
    public void Any_bytes_are_read_without_an_exception(byte[] bytes, byte escapeEvery)
    {
        var withEscapes = bytes.SelectMany((value, i) => escapeEvery > 0 && i % escapeEvery == 0
            ? [0x1B, .. CodedCharacterSets.All[value % CodedCharacterSets.All.Length].Escape, value] : new[] { value }).ToArray();
        foreach (var terms in Terms)
            foreach (var vr in Vrs)
            {
                var set = SpecificCharacterSet.FromTerms(terms.Split('\\'));
                Assert.NotNull(set.Decode(withEscapes, vr).Text);
                Assert.NotNull(set.DecodeValues(bytes, vr, out _));
            }
    }

    [Property(MaxTest = 500)]
    public void Any_terms_are_read_without_an_exception(byte[] bytes) => Assert.NotNull(SpecificCharacterSet.Parse(bytes).Terms);

    /// <summary>What is written is read as it was; what cannot be is refused.</summary>
    [Property(MaxTest = 500)]
    public void Written_text_is_read_as_it_was(byte[] picks)
    {
        foreach (var terms in Terms)
            foreach (var vr in Vrs)
            {
                var set = SpecificCharacterSet.FromTerms(terms.Split('\\'));
                // Of the alphabet what this set can write by itself, so that long texts get written too.
                var alphabet = Alphabet.EnumerateRunes().Select(rune => rune.ToString()).Where(one => set.TryEncode(one, vr, out _)).ToArray();
                var text = string.Concat(picks.Select(pick => alphabet[pick % alphabet.Length]));
                Assert.True(set.TryEncode(text, vr, out var bytes));
                Assert.Equal(new DecodedText(text, TextProblems.None), set.Decode(bytes, vr));
            }
    }

    [Property(MaxTest = 500)]
    public void Any_string_is_written_or_refused(string? text)
    {
        foreach (var terms in Terms)
        {
            var set = SpecificCharacterSet.FromTerms(terms.Split('\\'));
            if (set.TryEncode(text ?? "", DicomVr.PN, out var bytes)) Assert.Equal(text ?? "", set.Decode(bytes, DicomVr.PN).Text);
        }
    }
}
