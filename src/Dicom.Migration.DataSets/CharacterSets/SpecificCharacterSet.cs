using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Dicom.Migration.DataSets;

/// <summary>The character sets of a data set or an item: Specific Character Set (0008,0005), PS3.3 §C.12.1.1.2 and PS3.5 §6.1.</summary>
/// <remarks>Reading never throws: wrong terms are <see cref="Findings"/>, wrong bytes are U+FFFD and told with the text. Writing is
/// strict. Immutable; may be used by many threads.</remarks>
public sealed class SpecificCharacterSet
{
    private readonly Encoding? _alone; // UTF-8, GB18030, GBK
    private readonly Encoding? _aloneStrict;
    private readonly Iso2022Decoder _decoder;
    private readonly Iso2022Encoder _encoder;
    private readonly bool _asciiIsItself;

    private SpecificCharacterSet(string[] terms)
    {
        var parsed = Array.ConvertAll(terms, CharacterSetTerm.Parse);
        var findings = new List<CharacterSetFinding>();
        var extended = parsed.Length > 1 || parsed.Any(term => term.HasExtensions);
        var aloneIndex = Array.FindIndex(parsed, term => term.CodePage != 0);
        for (var i = 0; i < parsed.Length; i++)
        {
            if (parsed[i].Finding is { } finding) findings.Add(new(finding, i));
            else if (parsed[i].CodePage != 0 && parsed.Length > 1) findings.Add(new(CharacterSetFindingKind.StandAloneTermAmongOthers, i));
            else if (parsed.Length > 1 && !parsed[i].HasExtensions && parsed[i].CodePage == 0 && terms[i].AsSpan().Trim(" \0").Length > 0)
                findings.Add(new(CharacterSetFindingKind.TermWithoutCodeExtensions, i));
        }

        if (aloneIndex >= 0)
        {
            _alone = CodedCharacterSets.CodePage(parsed[aloneIndex].CodePage);
            _aloneStrict = CodedCharacterSets.CodePage(parsed[aloneIndex].CodePage, strict: true);
        }

        var first = parsed.Length > 0 && parsed[0].CodePage == 0 ? parsed[0].Registration : 6;
        var declared = parsed.Where(term => term.CodePage == 0).Select(term => CodedCharacterSets.Find(term.Registration)!)
            .Concat(first == 13 ? [CodedCharacterSets.Ir14, CodedCharacterSets.Ir6] : [CodedCharacterSets.Ir6])
            .Concat(parsed.Any(term => term.Registration == 13) ? [CodedCharacterSets.Ir14] : []).Distinct().ToArray();
        var g0 = first is 13 or 14 ? CodedCharacterSets.Ir14 : CodedCharacterSets.Ir6;
        // A double-byte set is never in force from the start (PS3.5 §6.1.2.5.2): an escape has to ask for it.
        var g1 = CodedCharacterSets.Find(first) is { IsG1: true, IsDoubleByte: false } set ? set : null;
        _decoder = new Iso2022Decoder(g0, g1, declared);
        _encoder = new Iso2022Encoder(g0, g1, declared, extended);
        _asciiIsItself = g0 == CodedCharacterSets.Ir6;
        (Terms, Findings) = (terms, findings);
    }

    /// <summary>The default repertoire, ISO 646: what is in force where (0008,0005) is absent or empty.</summary>
    public static SpecificCharacterSet Default { get; } = new([]);
    /// <summary>UTF-8 (ISO_IR 192).</summary>
    public static SpecificCharacterSet Utf8 { get; } = new(["ISO_IR 192"]);

    /// <summary>The terms as they stand, without padding; empty if there is none.</summary>
    public IReadOnlyList<string> Terms { get; }
    /// <summary>What is wrong with them.</summary>
    public IReadOnlyList<CharacterSetFinding> Findings { get; }

    /// <summary>Reads the value of (0008,0005).</summary>
    /// <param name="value">Its bytes; may be empty.</param>
    public static SpecificCharacterSet Parse(ReadOnlySpan<byte> value) => FromTerms(Encoding.Latin1.GetString(value).Split('\\'));

    /// <summary>Takes terms.</summary>
    /// <param name="terms">Such as "ISO_IR 100", or "" and "ISO 2022 IR 87".</param>
    public static SpecificCharacterSet FromTerms(params string[] terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        var trimmed = Array.ConvertAll(terms, static term => term.Trim(' ', '\0'));
        return Array.TrueForAll(trimmed, static term => term.Length == 0) ? Default : new SpecificCharacterSet(trimmed);
    }

    /// <summary>Reads text; all values at once, parted by backslashes where the VR has many.</summary>
    /// <param name="bytes">The value field, padding included.</param>
    /// <param name="vr">A VR with characters; one outside (0008,0005) is read in the default repertoire.</param>
    public DecodedText Decode(ReadOnlySpan<byte> bytes, DicomVr vr)
    {
        var itself = _asciiIsItself || !vr.UsesSpecificCharacterSet;
        if (itself && !bytes.Contains((byte)0x1B) && Ascii.IsValid(bytes)) return new(Encoding.ASCII.GetString(bytes), TextProblems.None);
        if (!vr.UsesSpecificCharacterSet && this != Default) return Default.Decode(bytes, vr);
        return _alone is null ? _decoder.Decode(bytes, vr) : DecodeAlone(_alone, bytes);
    }

    /// <summary>Reads text into its values, padding removed (PS3.5 §6.2).</summary>
    /// <param name="bytes">The value field.</param>
    /// <param name="vr">As in <see cref="Decode"/>.</param>
    /// <param name="problems">What was wrong with the bytes.</param>
    /// <returns>None for an empty field. A backslash inside a multi-byte character, or in LT, ST, UT and UR, parts nothing.</returns>
    public string[] DecodeValues(ReadOnlySpan<byte> bytes, DicomVr vr, out TextProblems problems)
    {
        (var text, problems) = Decode(bytes, vr);
        if (text.Length == 0) return [];
        if (TextRules.IsSingleValued(vr)) return [text.TrimEnd(' ', '\0')];
        var values = text.Split('\\');
        for (var i = 0; i < values.Length; i++)
            values[i] = vr == DicomVr.UC || vr == DicomVr.PN ? values[i].TrimEnd(' ', '\0') : values[i].Trim(' ', '\0');
        return values;
    }

    /// <summary>Writes text, without padding.</summary>
    /// <param name="text">Values parted by backslashes where the VR has many.</param>
    /// <param name="vr">A VR with characters.</param>
    /// <exception cref="DicomFormatException">A character is in none of the declared sets (<see cref="FaultCode.TextNotEncodable"/>).</exception>
    public byte[] Encode(string text, DicomVr vr) =>
        TryEncode(text, vr, out var bytes) ? bytes : throw new DicomFormatException(new Fault(FaultCode.TextNotEncodable));

    /// <summary>Writes text, without padding.</summary>
    /// <param name="text">Values parted by backslashes where the VR has many.</param>
    /// <param name="vr">A VR with characters.</param>
    /// <param name="bytes">What <see cref="Decode"/> reads as the same text.</param>
    /// <returns><see langword="false"/> if a character is in none of the declared sets.</returns>
    public bool TryEncode(string text, DicomVr vr, [NotNullWhen(true)] out byte[]? bytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!vr.UsesSpecificCharacterSet && this != Default) return Default.TryEncode(text, vr, out bytes);
        bytes = _aloneStrict is null ? _encoder.Encode(text, vr) : EncodeAlone(_aloneStrict, text);
        // Code pages are not one to one everywhere: what would not come back as it was is not encodable.
        if (bytes is not null && Decode(bytes, vr) is var back && (back.Problems != TextProblems.None || !string.Equals(back.Text, text, StringComparison.Ordinal)))
            bytes = null;
        return bytes is not null;
    }

    private static byte[]? EncodeAlone(Encoding encoding, string text)
    {
        try
        {
            return encoding.GetBytes(text);
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
    }

    private static DecodedText DecodeAlone(Encoding encoding, ReadOnlySpan<byte> bytes)
    {
        var text = encoding.GetString(bytes);
        if (encoding.CodePage == 936) text = text.Replace('\uF8F5', '\uFFFD'); // the code page's name for the stray byte FF
        if (!text.Contains('\uFFFD', StringComparison.Ordinal)) return new(text, TextProblems.None);
        // U+FFFD may be in the value itself: then the text gives the same bytes again.
        return new(text, encoding.GetBytes(text).AsSpan().SequenceEqual(bytes) ? TextProblems.None : TextProblems.MalformedBytes);
    }
}
