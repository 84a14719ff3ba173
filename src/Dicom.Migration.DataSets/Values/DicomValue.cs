using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Dicom.Migration.DataSets;

/// <summary>A value field, decoded when asked and as it is asked for (PS3.5 §6.2). Holds the bytes; changes and copies none.</summary>
/// <remarks>Nothing here throws for what the bytes are: what cannot be read as asked is <see langword="false"/>.</remarks>
/// <param name="vr">How to read it.</param>
/// <param name="bytes">The value field, padding included.</param>
/// <param name="isBigEndian">Of Explicit VR Big Endian.</param>
/// <param name="characterSet">Of the data set or item; <see langword="null"/> is the default repertoire.</param>
[StructLayout(LayoutKind.Auto)]
public readonly struct DicomValue(DicomVr vr, ReadOnlyMemory<byte> bytes, bool isBigEndian = false, SpecificCharacterSet? characterSet = null)
{
    private readonly SpecificCharacterSet? _characterSet = characterSet;

    /// <summary>How it is read.</summary>
    public DicomVr Vr { get; } = vr;
    /// <summary>The value field as it stands.</summary>
    public ReadOnlyMemory<byte> Bytes { get; } = bytes;
    /// <summary>Of Explicit VR Big Endian.</summary>
    public bool IsBigEndian { get; } = isBigEndian;

    /// <summary>Number of values: of text those parted by backslashes, of numbers whole ones; else 1, or 0 if empty.</summary>
    public int Count => Vr.IsText ? GetStrings().Length : NumberLength is var length and > 0 ? Bytes.Length / length : Bytes.IsEmpty ? 0 : 1;

    // Bytes of one value of a binary VR that has several; 0 if the VR is none of those.
    private int NumberLength => Vr == DicomVr.AT ? 4 : Vr == DicomVr.OB || !Vr.IsKnown ? 0 : Vr.UnitLength is var unit and > 1 ? unit : 0;

    /// <summary>All values as text, padding removed; none if the VR has no characters. IS and DS are as they stand.</summary>
    public string[] GetStrings() => GetStrings(out _);

    /// <summary>All values as text, and what was wrong with the bytes.</summary>
    /// <param name="problems">What was wrong.</param>
    public string[] GetStrings(out TextProblems problems)
    {
        problems = TextProblems.None;
        return Vr.IsText ? (_characterSet ?? SpecificCharacterSet.Default).DecodeValues(Bytes.Span, Vr, out problems) : [];
    }

    /// <summary>One value as text.</summary>
    /// <param name="text">Without padding.</param>
    /// <param name="index">Which, from 0.</param>
    public bool TryGetString(out string text, int index = 0)
    {
        var values = GetStrings();
        var found = (uint)index < (uint)values.Length;
        text = found ? values[index] : "";
        return found;
    }

    /// <summary>All values as names; none if the VR is not PN.</summary>
    public PersonName[] GetPersonNames() => Vr == DicomVr.PN ? Array.ConvertAll(GetStrings(), PersonName.Parse) : [];

    /// <summary>A whole number: US, SS, UL, SL, UV, SV, OW, OL, OV or IS.</summary>
    /// <param name="number">The number; a UV or OV above the range of a long is refused.</param>
    /// <param name="index">Which, from 0.</param>
    public bool TryGetInt64(out long number, int index = 0)
    {
        number = 0;
        if (Vr == DicomVr.IS)
            return TryGetString(out var text, index) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
        if (Vr == DicomVr.AT || IsFloat || !TryGetBits(out var bits, index)) return false;
        number = Vr.Code switch
        {
            0x5353 => (short)bits, // SS
            0x534C => (int)bits, // SL
            _ => (long)bits,
        };
        if (number >= 0 || Vr == DicomVr.SS || Vr == DicomVr.SL || Vr == DicomVr.SV) return true;
        number = 0;
        return false;
    }

    /// <summary>A whole number without sign, to the full range of UV.</summary>
    /// <param name="number">The number.</param>
    /// <param name="index">Which, from 0.</param>
    public bool TryGetUInt64(out ulong number, int index = 0)
    {
        if (Vr == DicomVr.UV || Vr == DicomVr.OV) return TryGetBits(out number, index);
        var found = TryGetInt64(out var signed, index) && signed >= 0;
        number = found ? (ulong)signed : 0;
        return found;
    }

    /// <summary>Any number: FL, FD, OF, OD or DS, or what <see cref="TryGetInt64"/> reads.</summary>
    /// <param name="number">The number.</param>
    /// <param name="index">Which, from 0.</param>
    public bool TryGetDouble(out double number, int index = 0)
    {
        number = 0;
        if (Vr == DicomVr.DS)
            return TryGetString(out var text, index) && double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
        if (IsFloat)
        {
            if (!TryGetBits(out var bits, index)) return false;
            number = Vr.UnitLength == 4 ? BitConverter.UInt32BitsToSingle((uint)bits) : BitConverter.UInt64BitsToDouble(bits);
            return true;
        }

        if (TryGetInt64(out var whole, index)) number = whole;
        else if (TryGetUInt64(out var large, index)) number = large;
        else return false;
        return true;
    }

    /// <summary>A tag, AT.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="index">Which, from 0.</param>
    public bool TryGetTag(out DicomTag tag, int index = 0)
    {
        tag = default;
        if (Vr != DicomVr.AT || (uint)index >= (uint)(Bytes.Length / 4)) return false;
        var pair = Bytes.Span.Slice(index * 4, 4); // two numbers of 16 bits, each in the byte order of the data set (PS3.5 §7.3)
        tag = new DicomTag(Read16(pair), Read16(pair[2..]));
        return true;
    }

    /// <summary>A date, DA.</summary>
    /// <param name="date">The date.</param>
    /// <param name="index">Which, from 0.</param>
    public bool TryGetDate(out DateOnly date, int index = 0)
    {
        date = default;
        return Vr == DicomVr.DA && TryGetString(out var text, index) && DicomDateTime.TryParseDate(text, out date);
    }

    /// <summary>A time of day, TM.</summary>
    /// <param name="time">The time.</param>
    /// <param name="index">Which, from 0.</param>
    public bool TryGetTime(out TimeOnly time, int index = 0)
    {
        time = default;
        return Vr == DicomVr.TM && TryGetString(out var text, index) && DicomDateTime.TryParseTime(text, out time);
    }

    /// <summary>A date and time, DT.</summary>
    /// <param name="value">The date and time.</param>
    /// <param name="index">Which, from 0.</param>
    public bool TryGetDateTime(out DicomDateTime value, int index = 0)
    {
        value = default;
        return Vr == DicomVr.DT && TryGetString(out var text, index) && DicomDateTime.TryParse(text, out value);
    }

    /// <summary>A valid UID, UI.</summary>
    /// <param name="uid">Without padding; empty if there is none or it is not valid.</param>
    /// <param name="index">Which, from 0.</param>
    public bool TryGetUid(out string uid, int index = 0)
    {
        if (Vr == DicomVr.UI && TryGetString(out uid, index) && DicomUid.IsValid(uid)) return true;
        uid = "";
        return false;
    }

    /// <summary>VR and length; no value.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Vr}, {Bytes.Length} bytes");

    private bool IsFloat => Vr == DicomVr.FL || Vr == DicomVr.FD || Vr == DicomVr.OF || Vr == DicomVr.OD;

    private ushort Read16(ReadOnlySpan<byte> span) => IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(span) : BinaryPrimitives.ReadUInt16LittleEndian(span);

    private bool TryGetBits(out ulong bits, int index)
    {
        bits = 0;
        var length = NumberLength;
        if (length == 0 || (uint)index >= (uint)(Bytes.Length / length)) return false;
        var span = Bytes.Span.Slice(index * length, length);
        bits = (length, IsBigEndian) switch
        {
            (2, _) => Read16(span),
            (4, true) => BinaryPrimitives.ReadUInt32BigEndian(span),
            (4, false) => BinaryPrimitives.ReadUInt32LittleEndian(span),
            (_, true) => BinaryPrimitives.ReadUInt64BigEndian(span),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(span),
        };
        return true;
    }
}
