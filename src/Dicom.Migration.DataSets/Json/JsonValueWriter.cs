using System.Buffers.Binary;
using System.Text.Json;

namespace Dicom.Migration.DataSets;

/// <summary>Writes one value as PS3.18 §F.2.3 asks: numbers and bytes on their way, text when it is whole.</summary>
internal sealed class JsonValueWriter(Utf8JsonWriter output, DicomJsonNumbers numbers)
{
    private enum Form : byte { Empty, Text, Numbers, Bytes }

    private readonly List<DicomJsonFindingKind> _findings = [];
    private byte[] _held = new byte[256];
    private int _count;
    private DicomVr _vr;
    private Form _form;
    private int _unit;
    private bool _bigEndian;

    /// <summary>A value was started and not ended.</summary>
    internal bool IsOpen { get; private set; }
    /// <summary>The text so far.</summary>
    internal ReadOnlySpan<byte> Held => _held.AsSpan(0, _count);
    /// <summary>The number written last.</summary>
    internal long LastNumber { get; private set; }

    /// <summary>Written as InlineBinary or bulk data.</summary>
    internal static bool IsBinary(DicomVr vr) => !vr.IsText && !IsNumber(vr);

    /// <summary>Bytes of one value, or of one word of a binary value; a value field is a multiple of it.</summary>
    internal static int ValueLength(DicomVr vr) => vr == DicomVr.AT ? 4 : vr.UnitLength;

    private static bool IsNumber(DicomVr vr) => vr == DicomVr.AT || vr == DicomVr.FL || vr == DicomVr.FD || vr == DicomVr.SL || vr == DicomVr.SS
        || vr == DicomVr.SV || vr == DicomVr.UL || vr == DicomVr.US || vr == DicomVr.UV;

    internal void Start(DicomVr vr, long length, bool isBigEndian)
    {
        _findings.Clear();
        (IsOpen, _vr, _bigEndian, _unit, _count, LastNumber) = (true, vr, isBigEndian, ValueLength(vr), 0, 0);
        _form = vr.IsText ? Form.Text : length == 0 ? Form.Empty : IsNumber(vr) ? Form.Numbers : Form.Bytes;
        if (_form == Form.Text && _held.Length < length) _held = new byte[length];
        if (_form == Form.Numbers) output.WriteStartArray("Value"u8);
        if (_form == Form.Bytes) output.WritePropertyName("InlineBinary"u8);
    }

    internal void Append(ReadOnlySpan<byte> piece)
    {
        if (_form == Form.Text)
        {
            piece.CopyTo(_held.AsSpan(_count));
            _count += piece.Length;
            return;
        }
        if (_form == Form.Bytes && (!_bigEndian || _unit == 1))
        {
            output.WriteBase64StringSegment(piece, isFinalSegment: false);
            return;
        }
        // A word may be cut by the end of a piece: its first bytes wait in _held.
        while (_count + piece.Length >= _unit)
        {
            var take = _unit - _count;
            piece[..take].CopyTo(_held.AsSpan(_count));
            piece = piece[take..];
            _count = 0;
            WriteWord(_held.AsSpan(0, _unit));
        }
        piece.CopyTo(_held.AsSpan(_count));
        _count += piece.Length;
    }

    /// <summary>Another text takes the place of the one held.</summary>
    internal void Replace(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_held);
        _count = text.Length;
    }

    /// <summary>Ends the value.</summary>
    /// <returns>What was found; valid until the next value.</returns>
    internal List<DicomJsonFindingKind> End(SpecificCharacterSet characterSet)
    {
        IsOpen = false;
        if (_form == Form.Text) WriteText(characterSet.Decode(Held, _vr));
        else if (_form == Form.Bytes) output.WriteBase64StringSegment(_held.AsSpan(0, _count), isFinalSegment: true);
        else if (_form == Form.Numbers) output.WriteEndArray();
        return _findings;
    }

    // Only trailing padding goes: leading spaces have no meaning in most VRs (PS3.5 §6.2), but they are the sender's.
    private void WriteText(DecodedText text)
    {
        var values = TextRules.IsSingleValued(_vr) ? [text.Text] : text.Text.Split('\\');
        for (var i = 0; i < values.Length; i++) values[i] = values[i].TrimEnd(' ', '\0');
        if (_vr == DicomVr.PN) values = Array.ConvertAll(values, static name => name.TrimEnd('=', ' ')); // PS3.5 §6.2.1: empty groups at the end say nothing
        if (values is [""]) return; // nothing but padding: empty
        if ((text.Problems & (TextProblems.MalformedBytes | TextProblems.UnknownEscape)) != TextProblems.None) Find(DicomJsonFindingKind.MalformedText);
        else if (text.Problems != TextProblems.None) Find(DicomJsonFindingKind.AssumedCharacterSet);
        output.WriteStartArray("Value"u8);
        foreach (var value in values)
        {
            if (value.Length == 0) output.WriteNullValue(); // PS3.18 §F.2.5
            else if (_vr == DicomVr.PN) WriteName(value);
            else if (_vr == DicomVr.IS || _vr == DicomVr.DS) WriteNumber(value.TrimStart(' '));
            else output.WriteStringValue(value);
        }
        output.WriteEndArray();
    }

    private void WriteNumber(string value)
    {
        if (!JsonNumber.IsOf(_vr, value)) Find(DicomJsonFindingKind.MalformedNumber);
        if (numbers == DicomJsonNumbers.AsNumbers && JsonNumber.IsJson(value)) output.WriteRawValue(value, skipInputValidation: true);
        else output.WriteStringValue(value);
    }

    private void WriteName(string value)
    {
        var groups = value.Split('=', 3);
        if (groups.Length == 3 && groups[2].Contains('=', StringComparison.Ordinal)) Find(DicomJsonFindingKind.MalformedPersonName);
        output.WriteStartObject();
        for (var i = 0; i < groups.Length; i++)
            if (groups[i].Length > 0) output.WriteString(i == 0 ? "Alphabetic"u8 : i == 1 ? "Ideographic"u8 : "Phonetic"u8, groups[i]);
        output.WriteEndObject();
    }

    private void WriteWord(Span<byte> word)
    {
        if (_vr == DicomVr.AT)
        {
            WriteTag(word);
            return;
        }
        if (_bigEndian) word.Reverse();
        if (_form == Form.Bytes) output.WriteBase64StringSegment(word, isFinalSegment: false);
        else if (_vr == DicomVr.FL) WriteFloat(BinaryPrimitives.ReadSingleLittleEndian(word)); // as the double it is: exact for every reader
        else if (_vr == DicomVr.FD) WriteFloat(BinaryPrimitives.ReadDoubleLittleEndian(word));
        else WriteWhole(word);
    }

    private void WriteWhole(ReadOnlySpan<byte> word)
    {
        if (_vr == DicomVr.UV && BinaryPrimitives.ReadUInt64LittleEndian(word) is > JsonNumber.LargestExact and var large)
        {
            output.WriteStringValue(large.ToString(System.Globalization.CultureInfo.InvariantCulture));
            return;
        }
        LastNumber = _vr.Code switch
        {
            0x5353 => BinaryPrimitives.ReadInt16LittleEndian(word), // SS
            0x5553 => BinaryPrimitives.ReadUInt16LittleEndian(word), // US
            0x534C => BinaryPrimitives.ReadInt32LittleEndian(word), // SL
            0x554C => BinaryPrimitives.ReadUInt32LittleEndian(word), // UL
            _ => BinaryPrimitives.ReadInt64LittleEndian(word),
        };
        // PS3.18 §F.2.3: SV and UV may be strings where a number would lose digits.
        if (LastNumber is > JsonNumber.LargestExact or < -JsonNumber.LargestExact) output.WriteStringValue(LastNumber.ToString(System.Globalization.CultureInfo.InvariantCulture));
        else output.WriteNumberValue(LastNumber);
    }

    private void WriteFloat(double number)
    {
        if (double.IsFinite(number)) output.WriteNumberValue(number);
        else WriteNotFinite(number);
    }

    private void WriteNotFinite(double number)
    {
        Find(DicomJsonFindingKind.NotFinite);
        output.WriteStringValue(double.IsNaN(number) ? "NaN"u8 : number > 0 ? "Infinity"u8 : "-Infinity"u8);
    }

    private void WriteTag(ReadOnlySpan<byte> pair)
    {
        var (group, element) = _bigEndian
            ? (BinaryPrimitives.ReadUInt16BigEndian(pair), BinaryPrimitives.ReadUInt16BigEndian(pair[2..]))
            : (BinaryPrimitives.ReadUInt16LittleEndian(pair), BinaryPrimitives.ReadUInt16LittleEndian(pair[2..]));
        Span<byte> text = stackalloc byte[8];
        new DicomTag(group, element).Value.TryFormat(text, out _, "X8", System.Globalization.CultureInfo.InvariantCulture);
        output.WriteStringValue(text);
    }

    private void Find(DicomJsonFindingKind kind)
    {
        if (!_findings.Contains(kind)) _findings.Add(kind);
    }
}
