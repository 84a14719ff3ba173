using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Dicom.Migration.DataSets;

/// <summary>Reads the value of one attribute (PS3.18 §F.2.3 to §F.2.7) into a value field of even length, numbers in Little Endian.</summary>
/// <param name="characterSet">What text is encoded in.</param>
/// <param name="offset">Of the first byte of JSON, for faults.</param>
internal sealed class JsonValueReader(SpecificCharacterSet characterSet, long offset)
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly List<string> _texts = [];

    /// <summary>What was found about the value read last.</summary>
    internal List<DicomJsonFindingKind> Findings { get; } = [];
    /// <summary>The text read last has characters that are not ASCII: only (0008,0005) tells what they are.</summary>
    internal bool IsBeyondAscii { get; private set; }

    internal bool TryReadTag(ref Utf8JsonReader reader, out DicomTag tag)
    {
        tag = default;
        Span<char> text = stackalloc char[8];
        if (!TryCopy(ref reader, text) || !uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return false;
        tag = new DicomTag(value);
        return true;
    }

    internal bool TryReadVr(ref Utf8JsonReader reader, out DicomVr vr)
    {
        vr = default;
        Span<char> text = stackalloc char[2];
        if (reader.TokenType != JsonTokenType.String || !TryCopy(ref reader, text)) return false;
        vr = new DicomVr((ushort)((text[0] << 8) | text[1]));
        return text[0] < 128 && text[1] < 128 && vr.IsKnown;
    }

    /// <summary>Whether a name or string is this one, not escaped. The framework's own comparison throws for half a surrogate pair.</summary>
    internal static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> text) => !reader.ValueIsEscaped && reader.ValueSpan.SequenceEqual(text);

    // Nothing to escape in what is wanted: an escape makes it longer, and so another length.
    private static bool TryCopy(ref Utf8JsonReader reader, scoped Span<char> text) =>
        !reader.HasValueSequence && reader.ValueSpan.Length == text.Length && !reader.ValueIsEscaped && Encoding.ASCII.TryGetChars(reader.ValueSpan, text, out _);

    /// <exception cref="DicomFormatException">Half a surrogate pair, or bytes that are not UTF-8.</exception>
    internal string ReadString(ref Utf8JsonReader reader, DicomTag tag)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException) // its message shows what it saw
        {
            throw new DicomFormatException(new Fault(FaultCode.MalformedJson, tag, offset + reader.TokenStartIndex));
        }
    }

    /// <exception cref="DicomFormatException">It is no base64, or the VR has no bytes.</exception>
    internal byte[] ReadInlineBinary(ref Utf8JsonReader reader, DicomTag tag, DicomVr vr)
    {
        if (reader.TokenType != JsonTokenType.String || vr.IsText || vr == DicomVr.SQ) throw Malformed(ref reader, tag);
        try
        {
            if (reader.TryGetBytesFromBase64(out var bytes)) return bytes;
        }
        catch (InvalidOperationException) { } // not UTF-8, so no base64 either
        throw Malformed(ref reader, tag);
    }

    /// <summary>Reads an array; the reader stands on its start, then on its end.</summary>
    /// <exception cref="DicomFormatException">A value is not of the VR (<see cref="FaultCode.MalformedValue"/>).</exception>
    internal byte[] ReadValues(ref Utf8JsonReader reader, DicomTag tag, DicomVr vr)
    {
        _bytes.ResetWrittenCount();
        _texts.Clear();
        Findings.Clear();
        IsBeyondAscii = false;
        if (JsonValueWriter.IsBinary(vr)) throw Malformed(ref reader, tag); // these have InlineBinary
        var start = reader.TokenStartIndex;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (vr == DicomVr.PN) _texts.Add(ReadName(ref reader, tag));
            else if (vr.IsText) _texts.Add(ReadText(ref reader, tag, vr));
            else if (vr == DicomVr.AT) WriteTag(ref reader, tag);
            else if (vr == DicomVr.FL || vr == DicomVr.FD) WriteFloat(ref reader, tag, vr);
            else WriteWhole(ref reader, tag, vr);
        }
        return vr.IsText ? Encode(tag, vr, start) : _bytes.WrittenSpan.ToArray();
    }

    private byte[] Encode(DicomTag tag, DicomVr vr, long start)
    {
        if (TextRules.IsSingleValued(vr) && _texts.Count > 1) throw new DicomFormatException(new Fault(FaultCode.MalformedValue, tag, offset + start));
        var text = string.Join('\\', _texts);
        if (!characterSet.TryEncode(text, vr, out var bytes)) throw new DicomFormatException(new Fault(FaultCode.TextNotEncodable, tag, offset + start));
        IsBeyondAscii = vr.UsesSpecificCharacterSet && !Ascii.IsValid(text);
        return (bytes.Length & 1) == 0 ? bytes : [.. bytes, vr.PaddingByte];
    }

    private string ReadText(ref Utf8JsonReader reader, DicomTag tag, DicomVr vr)
    {
        var isNumber = vr == DicomVr.IS || vr == DicomVr.DS;
        string text;
        if (reader.TokenType == JsonTokenType.Null) return "";
        if (reader.TokenType == JsonTokenType.Number && isNumber) text = Encoding.ASCII.GetString(reader.ValueSpan);
        else if (reader.TokenType == JsonTokenType.String) text = ReadString(ref reader, tag);
        else throw Malformed(ref reader, tag);
        if (isNumber && text.Length > (vr == DicomVr.IS ? 12 : 16)) Find(DicomJsonFindingKind.LongNumber);
        if (isNumber && text.Length > 0 && !JsonNumber.IsOf(vr, text)) Find(DicomJsonFindingKind.MalformedNumber);
        // PS3.18 §F.2.4: no data set can hold a backslash where it parts values.
        if (!TextRules.IsSingleValued(vr) && text.Contains('\\', StringComparison.Ordinal)) throw Malformed(ref reader, tag);
        return text;
    }

    private string ReadName(ref Utf8JsonReader reader, DicomTag tag)
    {
        if (reader.TokenType == JsonTokenType.Null) return "";
        if (reader.TokenType != JsonTokenType.StartObject) throw Malformed(ref reader, tag);
        string? alphabetic = null, ideographic = null, phonetic = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var group = Is(ref reader, "Alphabetic"u8) ? 0 : Is(ref reader, "Ideographic"u8) ? 1 : Is(ref reader, "Phonetic"u8) ? 2 : 3;
            if (!reader.Read() || group == 3) throw Malformed(ref reader, tag);
            var text = reader.TokenType switch
            {
                JsonTokenType.String => ReadString(ref reader, tag),
                JsonTokenType.Null => "",
                _ => throw Malformed(ref reader, tag),
            };
            if ((group == 0 ? alphabetic : group == 1 ? ideographic : phonetic) is not null) throw Malformed(ref reader, tag);
            if (text.Contains('\\', StringComparison.Ordinal) || (group < 2 && text.Contains('=', StringComparison.Ordinal))) throw Malformed(ref reader, tag);
            if (group == 0) alphabetic = text;
            else if (group == 1) ideographic = text;
            else phonetic = text;
        }
        return $"{alphabetic}={ideographic}={phonetic}".TrimEnd('=');
    }

    private void WriteTag(ref Utf8JsonReader reader, DicomTag tag)
    {
        if (reader.TokenType != JsonTokenType.String || !TryReadTag(ref reader, out var value)) throw Malformed(ref reader, tag);
        var bytes = _bytes.GetSpan(4);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value.Group);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], value.Element);
        _bytes.Advance(4);
    }

    private void WriteFloat(ref Utf8JsonReader reader, DicomTag tag, DicomVr vr)
    {
        double value;
        if (reader.TokenType == JsonTokenType.Number)
        {
            if (!reader.TryGetDouble(out value) || !double.IsFinite(value)) throw Malformed(ref reader, tag);
        }
        else if (reader.TokenType == JsonTokenType.String)
        {
            // JSON has no such numbers; these are the names that JavaScript and this SDK's writer give them.
            value = Is(ref reader, "NaN"u8) ? double.NaN : Is(ref reader, "Infinity"u8) ? double.PositiveInfinity
                : Is(ref reader, "-Infinity"u8) ? double.NegativeInfinity : throw Malformed(ref reader, tag);
            Find(DicomJsonFindingKind.NotFinite);
        }
        else throw Malformed(ref reader, tag);
        if (vr == DicomVr.FL && double.IsFinite(value) && !float.IsFinite((float)value)) throw Malformed(ref reader, tag);
        var bytes = _bytes.GetSpan(8);
        if (vr == DicomVr.FL) BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)value);
        else BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        _bytes.Advance(vr.UnitLength);
    }

    private void WriteWhole(ref Utf8JsonReader reader, DicomTag tag, DicomVr vr)
    {
        // SV and UV may be strings (§F.2.3); some writers make strings of the others too, which means the same.
        if (!TryReadWhole(ref reader, tag, out var value)) throw Malformed(ref reader, tag);
        (Int128 least, Int128 most) = vr.Code switch
        {
            0x5553 => ((Int128)ushort.MinValue, (Int128)ushort.MaxValue), // US
            0x5353 => (short.MinValue, short.MaxValue), // SS
            0x554C => (uint.MinValue, uint.MaxValue), // UL
            0x534C => (int.MinValue, int.MaxValue), // SL
            0x5556 => (ulong.MinValue, ulong.MaxValue), // UV
            _ => (long.MinValue, long.MaxValue), // SV
        };
        if (value < least || value > most) throw Malformed(ref reader, tag);
        BinaryPrimitives.WriteInt128LittleEndian(_bytes.GetSpan(16), value);
        _bytes.Advance(vr.UnitLength);
    }

    private bool TryReadWhole(ref Utf8JsonReader reader, DicomTag tag, out Int128 value)
    {
        value = 0;
        if (reader.TokenType == JsonTokenType.String) return Int128.TryParse(ReadString(ref reader, tag), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        if (reader.TokenType != JsonTokenType.Number) return false;
        if (Int128.TryParse(reader.ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)) return true;
        // 1.0 and 1e2 are whole numbers too.
        if (!reader.TryGetDouble(out var number) || Math.Abs(number) > JsonNumber.LargestExact || !double.IsInteger(number)) return false;
        value = (Int128)number;
        return true;
    }

    private DicomFormatException Malformed(ref Utf8JsonReader reader, DicomTag tag) => new(new Fault(FaultCode.MalformedValue, tag, offset + reader.TokenStartIndex));

    private void Find(DicomJsonFindingKind kind)
    {
        if (!Findings.Contains(kind)) Findings.Add(kind);
    }
}
