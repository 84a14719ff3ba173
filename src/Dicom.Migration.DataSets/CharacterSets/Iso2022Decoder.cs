using System.Text;

namespace Dicom.Migration.DataSets;

/// <summary>Reads text with code extensions (ISO 2022 as PS3.5 §6.1.2.5 narrows it).</summary>
/// <param name="g0">In force below 0x80 at the start and after every delimiter.</param>
/// <param name="g1">In force from 0xA0 on, if any.</param>
/// <param name="declared">The sets that (0008,0005) names.</param>
internal sealed class Iso2022Decoder(CodedCharacterSet g0, CodedCharacterSet? g1, CodedCharacterSet[] declared)
{
    internal DecodedText Decode(ReadOnlySpan<byte> bytes, DicomVr vr)
    {
        var text = new StringBuilder(bytes.Length);
        var (low, high) = (g0, g1);
        var problems = TextProblems.None;
        for (var i = 0; i < bytes.Length; i++)
        {
            int current = bytes[i];
            if (current == 0x1B)
            {
                var set = FindEscape(bytes[(i + 1)..]);
                if (set is null)
                {
                    text.Append('\uFFFD');
                    problems |= TextProblems.UnknownEscape;
                    continue;
                }

                if (set.IsG1) high = set;
                else low = set;
                if (Array.IndexOf(declared, set) < 0) problems |= TextProblems.UndeclaredEscape;
                i += set.Escape.Length;
            }
            else if (current < 0x20 || (TextRules.IsDelimiter(current, vr) && !low.IsDoubleByte))
            {
                // The code is the delimiter, whatever character a national set shows for it: 5C is a yen sign in IR 14.
                text.Append((char)current);
                if (low != g0) problems |= TextProblems.NotReset;
                (low, high) = (g0, g1);
            }
            else if (current < 0x80)
            {
                if (!low.IsDoubleByte || current is 0x20 or 0x7F) text.Append(low.IsDoubleByte ? (char)current : low.Decode(current));
                else i += AppendPair(low, bytes[i..], text, ref problems);
            }
            else if (current >= 0xA0 && high is { IsDoubleByte: true })
            {
                i += AppendPair(high, bytes[i..], text, ref problems);
            }
            else if (current >= 0xA0 && high is not null && high.Decode(current & 0x7F) is var character and not '\uFFFD')
            {
                text.Append(character);
            }
            else
            {
                i += AppendShiftJis(high, bytes[i..], text, ref problems);
            }
        }

        if (low != g0) problems |= TextProblems.NotReset;
        return new DecodedText(text.ToString(), problems);
    }

    /// <returns>Bytes taken beside the first.</returns>
    private static int AppendPair(CodedCharacterSet set, ReadOnlySpan<byte> bytes, StringBuilder text, ref TextProblems problems)
    {
        var half = bytes[0] & 0x80;
        var whole = bytes.Length > 1 && (bytes[1] & 0x80) == half && (bytes[1] & 0x7F) is >= 0x21 and <= 0x7E;
        var character = whole ? set.Decode(bytes[0] & 0x7F, bytes[1] & 0x7F) : '\uFFFD';
        if (character == '\uFFFD') problems |= TextProblems.MalformedBytes;
        text.Append(character);
        return whole ? 1 : 0; // the second byte may be a delimiter or an escape: it is looked at for itself
    }

    /// <summary>Much that declares ISO_IR 13 holds double-byte Shift JIS, whose second byte may be 5C.</summary>
    private static int AppendShiftJis(CodedCharacterSet? high, ReadOnlySpan<byte> bytes, StringBuilder text, ref TextProblems problems)
    {
        if (high == CodedCharacterSets.Ir13 && bytes.Length > 1 && bytes[0] is (>= 0x81 and <= 0x9F) or (>= 0xE0 and <= 0xFC)
            && bytes[1] is (>= 0x40 and <= 0x7E) or (>= 0x80 and <= 0xFC)
            && CodedCharacterSets.Pair(932, (bytes[0] << 8) | bytes[1]) is var character and not '\uFFFD')
        {
            text.Append(character);
            problems |= TextProblems.ShiftJis;
            return 1;
        }

        text.Append('\uFFFD');
        problems |= TextProblems.MalformedBytes;
        return 0;
    }

    private static CodedCharacterSet? FindEscape(ReadOnlySpan<byte> afterEscape)
    {
        foreach (var set in CodedCharacterSets.All)
            if (afterEscape.StartsWith(set.Escape)) return set;
        return null;
    }
}
